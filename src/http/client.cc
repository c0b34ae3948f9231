#include "http/client.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

constexpr std::size_t kReadPiece = 16384;

std::string broken() { return cat({"broke the connection (", std::strerror(errno), ")"}); }

}  // namespace

Client::Client(Connector& connector, ClientRequest request, Then then)
    : connector_(connector),
      request_(std::move(request)),
      then_(std::move(then)),
      deadline_(connector.loop(), [this] { finish(Error::timeout("did not answer in time")); }) {
  connecting_ =
      connector_.connect(request_.target, request_.connect_deadline,
                         [this](Connected connected) { on_connected(std::move(connected)); });
}

void Client::on_connected(Connected connected) {
  if (!connected) {
    finish(connected.error());
    return;
  }
  transport_ = std::move(*connected);
  deadline_.after(request_.head_deadline);
  watch_.start<&Client::on_socket>(connector_.loop(), transport_->fd(), EV_READ, this);
  write_out();
}

// False: the request has failed.
bool Client::write_out() {
  while (sent_ < request_.head.size()) {
    iovec part{};
    part.iov_base = const_cast<char*>(request_.head.data() + sent_);
    part.iov_len = request_.head.size() - sent_;
    const IoResult result = transport_->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) {
      watch_.want(EV_READ | EV_WRITE);
      return true;
    }
    if (result.status != IoStatus::kDone) {
      finish(Error::closed(broken()));
      return false;
    }
    sent_ += result.bytes;
  }
  const IoStatus flushed = transport_->flush();
  if (flushed == IoStatus::kError) {
    finish(Error::closed(broken()));
    return false;
  }
  watch_.want(flushed == IoStatus::kAgain ? EV_READ | EV_WRITE : EV_READ);
  return true;
}

void Client::on_socket(short events) {
  if ((events & EV_WRITE) != 0 && !write_out()) return;
  if ((events & EV_READ) != 0) read_head();
}

void Client::read_head() {
  do {
    if (!read_some()) return;
  } while (transport_->buffered() > 0);
}

// False: no more can be read now, or the request is finished.
bool Client::read_some() {
  std::array<std::byte, kReadPiece> buffer;
  const IoResult result = transport_->read(buffer);
  switch (result.status) {
    case IoStatus::kAgain:
      return false;
    case IoStatus::kEof:
      finish(Error::closed("closed the connection without an answer"));
      return false;
    case IoStatus::kError:
      finish(Error::closed(broken()));
      return false;
    case IoStatus::kDone:
      break;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(buffer.data()), result.bytes);
  const std::size_t used = parser_.feed(bytes);
  if (parser_.fault()) {
    finish(*parser_.fault());
    return false;
  }
  if (parser_.done()) {
    watch_.stop();
    finish(ClientAnswer{std::move(parser_.response()), std::move(transport_),
                        std::string(bytes.substr(used))});
    return false;
  }
  return true;
}

void Client::finish(Result<ClientAnswer> result) {
  watch_.stop();
  deadline_.cancel();
  auto then = std::move(then_);
  then(std::move(result));  // may destroy this
}

}  // namespace lb
