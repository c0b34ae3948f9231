// TLS of links without its arithmetic: the linker takes these in place of the server's.  Keys are
// compared as they are, in a round trip as the real one's, and bytes go as they are: nobody
// listens in virtual time.  tests/unit/net and tests/cluster have the real one.
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/cat.h"
#include "net/tls/tls_connect.h"
#include "net/tls/tls_psk.h"

namespace lb {
namespace {

constexpr std::string_view kTaken = "taken\n";

// What a side of a handshake has; of the server what it finds out.
struct Side {
  bool serves = false, said = false;
  std::string identity, key, came;
  TlsPskServer::FindKey find_key;
};

}  // namespace

std::string psk_from_secret(std::string_view identity, std::string_view secret) {
  return cat({identity, " has ", secret});
}

Result<std::shared_ptr<const TlsPskServer>> TlsPskServer::make(FindKey find_key) {
  return std::make_shared<const TlsPskServer>(std::move(find_key), SslContextPtr());
}

TlsPskServer::Accepted TlsPskServer::accept(std::shared_ptr<const TlsPskServer> server,
                                            std::unique_ptr<Transport> below, FindKey find_key) {
  auto side = std::make_shared<Side>();
  side->serves = true;
  side->find_key = find_key ? std::move(find_key) : server->find_key_;
  std::shared_ptr<const std::string> identity(side, &side->identity);
  return {TlsTransport::over(std::move(below), SslPtr(), std::move(side)), std::move(identity)};
}

Connector::MakeTls make_tls_with_psk(std::string identity, std::string key) {
  return [identity = std::move(identity), key = std::move(key)](
             Loop& loop, std::unique_ptr<Transport> plain, const std::string&,
             Connector::Then then) -> std::unique_ptr<Underway> {
    auto side = std::make_shared<Side>();
    side->identity = identity;
    side->key = key;
    return shake_hands(loop, TlsTransport::over(std::move(plain), SslPtr(), std::move(side)),
                       std::move(then));
  };
}

TlsTransport::TlsTransport(std::unique_ptr<Transport> below, SslPtr ssl,
                           std::shared_ptr<const void> context)
    : below_(std::move(below)), ssl_(std::move(ssl)), context_(std::move(context)) {}
TlsTransport::~TlsTransport() = default;

std::unique_ptr<TlsTransport> TlsTransport::over(std::unique_ptr<Transport> below, SslPtr ssl,
                                                 std::shared_ptr<const void> context) {
  return std::unique_ptr<TlsTransport>(
      new TlsTransport(std::move(below), std::move(ssl), std::move(context)));
}

bool TlsTransport::was_challenge() const noexcept { return false; }
bool TlsTransport::is_shaking() const noexcept { return !broken_ && context_ != nullptr; }
bool TlsTransport::can_be_pumped() const noexcept { return !broken_ && context_ == nullptr; }
std::size_t TlsTransport::buffered() const noexcept { return 0; }
void TlsTransport::read_ahead() noexcept { ahead_ = true; }
void TlsTransport::shut_down_write() noexcept {
  if (flush() == IoStatus::kDone) below_->shut_down_write();
}

int TlsTransport::wire_read(std::span<std::byte> into) noexcept {
  const IoResult result = below_->read(into);
  again_ = result.status == IoStatus::kAgain;
  if (result.status == IoStatus::kDone) return static_cast<int>(result.bytes);
  if (result.status == IoStatus::kEof) eof_ = true;
  if (result.status == IoStatus::kError) broken_ = true;
  return eof_ ? 0 : -1;
}

bool TlsTransport::wire_write(std::span<const std::byte> bytes) noexcept {
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  return flush() != IoStatus::kError;
}

IoStatus TlsTransport::flush() noexcept {
  if (broken_) return IoStatus::kError;
  while (unsent_from_ < unsent_.size()) {
    iovec part{};
    part.iov_base = unsent_.data() + unsent_from_;
    part.iov_len = unsent_.size() - unsent_from_;
    const IoResult result = below_->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) return IoStatus::kAgain;
    if (result.status != IoStatus::kDone) {
      broken_ = true;
      return IoStatus::kError;
    }
    unsent_from_ += result.bytes;
  }
  unsent_from_ = 0;
  unsent_.clear();
  return IoStatus::kDone;
}

IoStatus TlsTransport::handshake() noexcept {
  if (broken_) return IoStatus::kError;
  if (context_ == nullptr) return flush();
  auto& side = *static_cast<Side*>(const_cast<void*>(context_.get()));
  const auto says = [this](std::string_view text) {
    return wire_write(std::as_bytes(std::span(text)));
  };
  const auto breaks = [this](std::string why) {
    broken_ = true;
    problem_ = std::move(why);
    return IoStatus::kError;
  };
  if (!side.serves && !std::exchange(side.said, true) &&
      !says(cat({side.identity, "\n", side.key, "\n"})))
    return breaks("the connection broke");
  std::array<std::byte, 512> bytes;
  const int n = wire_read(bytes);
  if (n > 0)
    side.came.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(n));
  if (n < 0 && again_)
    return flush() == IoStatus::kError ? breaks("the connection broke") : IoStatus::kAgain;
  if (n <= 0) return breaks(eof_ ? "the connection was closed" : "the connection broke");
  const auto lines = std::count(side.came.begin(), side.came.end(), '\n');
  if (lines < (side.serves ? 2 : 1)) return IoStatus::kAgain;
  if (side.serves) {
    const std::size_t end = side.came.find('\n');
    side.identity = side.came.substr(0, end);
    const auto key = side.find_key(side.identity);
    if (!key || side.came.substr(end + 1) != cat({*key, "\n"})) return breaks("the keys differ");
    if (!says(kTaken)) return breaks("the connection broke");
  } else if (side.came != kTaken) {
    return breaks("the answer is another");
  }
  context_.reset();
  return flush();
}

IoResult TlsTransport::read(std::span<std::byte> into) noexcept {
  if (broken_) return {IoStatus::kError, 0};
  // With all of it taken there is nothing to ask for before the socket is readable again.
  if (std::exchange(drained_, false)) return {IoStatus::kAgain, 0};
  const int n = wire_read(into);
  if (n > 0) {
    drained_ = ahead_ && static_cast<std::size_t>(n) < into.size();
    return {IoStatus::kDone, static_cast<std::size_t>(n)};
  }
  if (n < 0 && again_) return {IoStatus::kAgain, 0};
  if (!eof_) problem_ = "the connection broke";
  return {eof_ ? IoStatus::kEof : IoStatus::kError, 0};
}

IoResult TlsTransport::write_v(std::span<const iovec> parts, bool more) noexcept {
  if (const IoStatus sent = flush(); sent != IoStatus::kDone) return {sent, 0};
  return below_->write_v(parts, more);
}

IoResult TlsTransport::send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept {
  if (const IoStatus sent = flush(); sent != IoStatus::kDone) return {sent, 0};
  return below_->send_file(fd, offset, bytes);
}

}  // namespace lb
