#include "net/tls/tls_pump.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace lb {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;  // one record

// Bytes in transit in one direction.
struct Piece {
  std::vector<std::byte> bytes;
  std::size_t from = 0;
  bool is_empty() const noexcept { return from == bytes.size(); }
  std::span<const std::byte> rest() const { return std::span(bytes).subspan(from); }
  // Frees the buffer when it is empty: idle connections hold none.
  void taken(std::size_t n) {
    from += n;
    if (!is_empty()) return;
    std::vector<std::byte>().swap(bytes);
    from = 0;
  }
};

}  // namespace

class TlsPump::One {
 public:
  One(TlsPump& pump, std::unique_ptr<TlsTransport> client, UniqueFd server)
      : pump_(pump),
        client_(std::move(client)),
        server_(std::move(server)),
        shaking_(client_->is_shaking()) {}

  void start() {
    client_watch_.start<&One::on_ready>(pump_.loop_, client_->fd(), EV_READ, this);
    server_watch_.start<&One::on_ready>(pump_.loop_, server_.get(), EV_READ, this);
    on_ready(0);
  }

  bool is_leaving() const noexcept { return leaving_; }
  void leave() {
    leaving_ = client_ended_ = true;
    to_server_ = {};
    // The server reads the end, and cannot write; what it has written is still read here.
    ::shutdown(server_.get(), SHUT_RDWR);
    on_ready(0);
  }

 private:
  enum class Step : std::uint8_t { kNothing, kMoved, kBroken };

  void on_ready(short) {
    if (shaking_ && !shake()) return;
    for (;;) {
      const Step up = upward(), down = downward();
      if (up == Step::kBroken || down == Step::kBroken) return end();
      if (up == Step::kNothing && down == Step::kNothing) break;
    }
    // The end of the server's side ends the connection.
    if (server_ended_ && to_client_.is_empty() && flushed_) {
      client_->shut_down_write();
      if (client_->flush() == IoStatus::kDone) return end();
      flushed_ = false;
    }
    want();
  }

  // True: the handshake has succeeded.
  bool shake() {
    // Before a request the server sends bytes only when the time for it is over.
    char seen = 0;
    const bool waits = ::recv(server_.get(), &seen, 1, MSG_PEEK) < 0 && is_momentary(errno);
    const IoStatus status = waits ? client_->handshake() : IoStatus::kError;
    if (status == IoStatus::kAgain) {
      const bool writes = client_->flush() == IoStatus::kAgain;
      client_watch_.want(static_cast<short>(EV_READ | (writes ? EV_WRITE : 0)));
      return false;
    }
    shaking_ = false;
    if (status == IoStatus::kDone && !client_->was_challenge()) return true;
    end();
    return false;
  }

  Step upward() {
    Step step = Step::kNothing;
    if (to_server_.is_empty() && !client_ended_) {
      std::vector<std::byte> into(kPieceBytes);
      const IoResult got = client_->read(into);
      if (got.status == IoStatus::kError) return Step::kBroken;
      if (got.status == IoStatus::kEof) {
        client_ended_ = true;
        ::shutdown(server_.get(), SHUT_WR);
      }
      if (got.status == IoStatus::kDone) {
        into.resize(got.bytes);
        to_server_ = {std::move(into), 0};
        step = Step::kMoved;
      }
    }
    if (!to_server_.is_empty()) {
      const auto rest = to_server_.rest();
      const ssize_t n = ::send(server_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (n < 0 && !is_momentary(errno)) return Step::kBroken;
      if (n > 0) {
        to_server_.taken(static_cast<std::size_t>(n));
        step = Step::kMoved;
      }
    }
    return step;
  }

  Step downward() {
    Step step = Step::kNothing;
    if (to_client_.is_empty() && !server_ended_) {
      std::vector<std::byte> into(kPieceBytes);
      const ssize_t n = ::recv(server_.get(), into.data(), into.size(), 0);
      if (n < 0 && !is_momentary(errno)) return Step::kBroken;
      if (n == 0) server_ended_ = true;
      if (n > 0) {
        into.resize(static_cast<std::size_t>(n));
        to_client_ = {std::move(into), 0};
        step = Step::kMoved;
      }
    }
    if (!to_client_.is_empty()) {
      const auto rest = to_client_.rest();
      iovec part{const_cast<std::byte*>(rest.data()), rest.size()};
      const IoResult sent = client_->write_v({&part, 1}, false);
      if (sent.status == IoStatus::kError || sent.status == IoStatus::kEof) return Step::kBroken;
      if (sent.status == IoStatus::kDone) {
        to_client_.taken(sent.bytes);
        step = Step::kMoved;
      }
    }
    const IoStatus flushed = client_->flush();
    flushed_ = flushed == IoStatus::kDone;
    return flushed == IoStatus::kError ? Step::kBroken : step;
  }

  void want() {
    const auto events = [](bool reads, bool writes) {
      return static_cast<short>((reads ? EV_READ : 0) | (writes ? EV_WRITE : 0));
    };
    client_watch_.want(
        events(to_server_.is_empty() && !client_ended_, !to_client_.is_empty() || !flushed_));
    server_watch_.want(events(to_client_.is_empty() && !server_ended_, !to_server_.is_empty()));
  }

  void end() {
    client_watch_.stop();
    server_watch_.stop();
    client_.reset();
    server_.reset();
    pump_.ended(*this);
  }

  TlsPump& pump_;
  std::unique_ptr<TlsTransport> client_;
  UniqueFd server_;
  Piece to_client_, to_server_;
  bool client_ended_ = false, server_ended_ = false, flushed_ = true;
  bool shaking_, leaving_ = false;
  Watch client_watch_, server_watch_;
};

TlsPump::TlsPump(Loop& loop) : loop_(loop) {}

TlsPump::~TlsPump() = default;

void TlsPump::add(std::unique_ptr<TlsTransport> client, UniqueFd server) {
  One& one =
      *open_.emplace_back(std::make_unique<One>(*this, std::move(client), std::move(server)));
  one.start();
}

std::size_t TlsPump::staying() const noexcept {
  return static_cast<std::size_t>(
      std::ranges::count_if(open_, [](const auto& one) { return !one->is_leaving(); }));
}

// One that leaves may end at once, and with it its place in the list.
void TlsPump::end_oldest(std::size_t count) {
  std::vector<One*> oldest;
  for (const auto& one : open_)
    if (oldest.size() < count && !one->is_leaving()) oldest.push_back(one.get());
  for (One* const one : oldest) one->leave();
}

void TlsPump::stop_at_the_end(UniqueFunction<void()> on_end) {
  stops_ = true;
  on_end_ = std::move(on_end);
  if (open_.empty()) loop_.stop();
}

// The object is still on the stack, so the next task destroys it.
void TlsPump::ended(One& one) {
  const auto at = std::find_if(open_.begin(), open_.end(),
                               [&one](const auto& each) { return each.get() == &one; });
  closed_.push_back(std::move(*at));
  open_.erase(at);
  loop_.post([this] { closed_.clear(); });
  if (stops_ && open_.empty()) return loop_.stop();
  if (on_end_) on_end_();
}

}  // namespace lb
