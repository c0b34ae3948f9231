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
      deadline_(connector.loop(), [this] {
        finish(Error::timeout(reader_ ? "did not finish its answer in time"
                                      : "did not answer in time"));
      }) {
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
    if (result.status != IoStatus::kDone) return finish(Error::closed(broken()));
    sent_ += result.bytes;
  }
  const IoStatus flushed = transport_->flush();
  if (flushed == IoStatus::kError) return finish(Error::closed(broken()));
  watch_.want(flushed == IoStatus::kAgain ? EV_READ | EV_WRITE : EV_READ);
  return true;
}

void Client::on_socket(short events) {
  if ((events & EV_WRITE) != 0 && !write_out()) return;
  if ((events & EV_READ) != 0) read_all();
}

void Client::read_all() {
  do {
    if (!read_some()) return;
  } while (transport_->buffered() > 0);
}

// False: no more can be read now, or the request is finished.
bool Client::read_some() {
  std::array<std::byte, kReadPiece> buffer;
  const IoResult result = transport_->read(buffer);
  if (result.status == IoStatus::kAgain) return false;
  if (result.status == IoStatus::kDone) {
    const auto bytes = std::span(buffer).first(result.bytes);
    return reader_ ? take_body(bytes) : take_head(bytes);
  }
  const bool closed = result.status == IoStatus::kEof;
  if (!reader_)
    return finish(Error::closed(closed ? "closed the connection without an answer" : broken()));
  answer_.complete = closed && reader_->framing() == BodyReader::Framing::kUntilClose;
  return answered();
}

bool Client::take_head(std::span<std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::size_t used = parser_.feed(text);
  if (parser_.fault()) return finish(*parser_.fault());
  if (!parser_.done()) return true;
  answer_.response = std::move(parser_.response());
  if (!request_.body) {
    answer_.leftover = text.substr(used);
    return answered();
  }
  auto reader = BodyReader::for_response(answer_.response.headers, false);
  if (!reader) return finish(reader.error());
  reader_ = *reader;
  watch_.want(EV_READ);
  deadline_.after(request_.body->deadline);
  return take_body(bytes.subspan(used));
}

bool Client::take_body(std::span<std::byte> bytes) {
  if (!reader_->ended()) {
    const auto taken = reader_->take(bytes);
    if (!taken) return finish(taken.error());
    const std::size_t most = request_.body->most_bytes;
    if (answer_.body.size() + taken->bytes > most)
      return finish(Error::limit(cat({"answered with more than ", most, " bytes"})));
    answer_.body.append(reinterpret_cast<const char*>(bytes.data()), taken->bytes);
    if (!taken->ended) return true;
  }
  answer_.complete = true;
  return answered();
}

bool Client::answered() {
  watch_.stop();
  answer_.transport = std::move(transport_);
  return finish(std::move(answer_));
}

// False: the request is finished, and may be destroyed.
bool Client::finish(Result<ClientAnswer> result) {
  watch_.stop();
  deadline_.cancel();
  auto then = std::move(then_);
  then(std::move(result));
  return false;
}

}  // namespace lb
