#include "http/opening.h"

#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "net/loop/loop.h"
#include "net/tls/tls_context.h"

namespace lb {
namespace {

constexpr char kHandshakeRecord = 0x16;

bool begins_method(char first) noexcept { return first >= 'A' && first <= 'Z'; }

// Reads bytes that stay in the socket. 0: none yet; -1: the connection has ended.
ssize_t peek(const Transport& transport, std::span<char> into) {
  const ssize_t n = ::recv(transport.fd(), into.data(), into.size(), MSG_PEEK | MSG_DONTWAIT);
  if (n > 0) return n;
  return n < 0 && is_momentary(errno) ? 0 : -1;
}

}  // namespace

Opening::Opening(bool proxy_header, TlsUse tls, std::shared_ptr<const TlsContext> context)
    : proxy_header_(proxy_header), use_(tls), context_(std::move(context)), wants_(EV_READ) {}

Opening::Status Opening::drop(std::string problem) {
  problem_ = std::move(problem);
  return Status::kDrop;
}

Opening::Status Opening::go_on(std::unique_ptr<Transport>& transport) {
  if (proxy_header_ && header_.status() == ProxyHeader::Status::kMore) {
    if (const Status status = read_header(*transport); status != Status::kReady) return status;
  }
  if (tls_ == nullptr && use_ != TlsUse::kNever) {
    if (const Status status = detect_tls(transport); status != Status::kReady) return status;
  }
  return tls_ != nullptr ? shake() : Status::kReady;
}

Opening::Status Opening::read_header(Transport& transport) {
  char seen[512];
  while (header_.status() == ProxyHeader::Status::kMore) {
    const ssize_t n = peek(transport, seen);
    if (n == 0) return Status::kMore;
    if (n < 0) return drop("the connection was closed");
    const std::size_t used = header_.feed({seen, static_cast<std::size_t>(n)});
    // peek() has just seen these bytes, so read() does not have to wait.
    if (transport.read(std::as_writable_bytes(std::span(seen, used))).status != IoStatus::kDone)
      return drop("the connection broke");
  }
  if (header_.status() == ProxyHeader::Status::kBad)
    return drop("no PROXY header, or a broken one");
  name_client(transport);
  return Status::kReady;
}

void Opening::name_client(Transport& transport) {
  if (header_.client()) transport.set_peer(*header_.client());
  secure_ = header_.secure();
}

void Opening::take_header(std::string_view bytes, Transport& transport) {
  if (!proxy_header_ || bytes.empty()) return;
  header_.feed(bytes);
  if (header_.status() == ProxyHeader::Status::kDone) name_client(transport);
}

Opening::Status Opening::detect_tls(std::unique_ptr<Transport>& transport) {
  char first = 0;
  const ssize_t n = peek(*transport, {&first, 1});
  if (n == 0) return Status::kMore;
  if (n < 0) return drop("the connection was closed");
  // The page about https is not for a client that already uses TLS with a proxy.
  if (use_ == TlsUse::kDetect ? first != kHandshakeRecord : !secure_ && begins_method(first)) {
    use_ = TlsUse::kNever;
    return Status::kReady;
  }
  if (!context_) return drop("TLS: there is no certificate");
  auto tls = TlsContext::accept(std::move(context_), std::move(transport));
  if (!tls) return drop("no memory for TLS");
  tls_ = tls.get();
  transport = std::move(tls);
  secure_ = true;
  return Status::kReady;
}

Opening::Status Opening::shake() {
  switch (tls_->handshake()) {
    case IoStatus::kDone:
      return tls_->was_challenge() ? drop("a challenge of a certificate authority was answered")
                                   : Status::kReady;
    case IoStatus::kAgain:
      wants_ = static_cast<short>(EV_READ | (tls_->flush() == IoStatus::kAgain ? EV_WRITE : 0));
      return Status::kMore;
    case IoStatus::kEof:
    case IoStatus::kError:
      break;
  }
  return drop("TLS: " + tls_->problem());
}

}  // namespace lb
