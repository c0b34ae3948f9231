#include "net/tls/tls_transport.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/cat.h"
#include "net/tls/challenge_context.h"

namespace lb {
namespace {

// The plain bytes of the largest record.
constexpr std::size_t kRecordBytes = 16 * 1024;
// A peer that provokes answers (KeyUpdate) and does not read them is disconnected.
constexpr std::size_t kMaxUnsent = 128 * 1024;

iovec part_of(std::span<const std::byte> bytes) {
  iovec part{};
  part.iov_base = const_cast<std::byte*>(bytes.data());
  part.iov_len = bytes.size();
  return part;
}

}  // namespace

const BIO_METHOD* TlsTransport::bio_method() {
  static const BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "transport");
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    BIO_meth_set_read(made, [](BIO* bio, char* into, int size) {
      auto* self = static_cast<TlsTransport*>(BIO_get_data(bio));
      BIO_clear_retry_flags(bio);
      const int n =
          self->wire_read(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(size))));
      if (n < 0 && self->again_) BIO_set_retry_read(bio);
      return n;
    });
    BIO_meth_set_write(made, [](BIO* bio, const char* bytes, int size) {
      auto* self = static_cast<TlsTransport*>(BIO_get_data(bio));
      BIO_clear_retry_flags(bio);
      return self->wire_write(std::as_bytes(std::span(bytes, static_cast<std::size_t>(size))))
                 ? size
                 : -1;
    });
    BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_FLUSH) return 1;
      if (command == BIO_CTRL_EOF)
        return static_cast<TlsTransport*>(BIO_get_data(bio))->eof_ ? 1 : 0;
      return 0;
    });
    return made;
  }();
  return method;
}

std::unique_ptr<TlsTransport> TlsTransport::over(std::unique_ptr<Transport> below, SslPtr ssl,
                                                 std::shared_ptr<const void> context) {
  return std::unique_ptr<TlsTransport>(
      new TlsTransport(std::move(below), std::move(ssl), std::move(context)));
}

TlsTransport::TlsTransport(std::unique_ptr<Transport> below, SslPtr ssl,
                           std::shared_ptr<const void> context)
    : below_(std::move(below)), ssl_(std::move(ssl)), context_(std::move(context)) {
  BIO* bio = BIO_new(bio_method());
  if (bio == nullptr) return;  // no memory: every call fails
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_.get(), bio, bio);
}

int TlsTransport::fd_of(SSL* ssl) noexcept {
  const auto* self = static_cast<const TlsTransport*>(BIO_get_data(SSL_get_rbio(ssl)));
  return self == nullptr ? -1 : self->fd();
}

bool TlsTransport::was_challenge() const noexcept {
  return is_challenge_context(SSL_get_SSL_CTX(ssl_.get()));
}

TlsTransport::~TlsTransport() {
  if (!close_notify_sent_ && !broken_ && unsent_.empty() && SSL_is_init_finished(ssl_.get()))
    SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

int TlsTransport::wire_read(std::span<std::byte> into) noexcept {
  // The last read took everything, so the socket has no bytes until its next event.
  if (std::exchange(drained_, false)) {
    again_ = true;
    return -1;
  }
  const IoResult result = below_->read(into);
  drained_ = ahead_ && result.status == IoStatus::kDone && result.bytes < into.size();
  again_ = result.status == IoStatus::kAgain;
  if (result.status == IoStatus::kDone) return static_cast<int>(result.bytes);
  if (result.status == IoStatus::kEof) eof_ = true;
  if (result.status == IoStatus::kError) broken_ = true;
  return eof_ ? 0 : -1;
}

bool TlsTransport::wire_write(std::span<const std::byte> bytes) noexcept {
  if (broken_) return false;
  while (unsent_.empty() && !bytes.empty()) {
    const iovec part = part_of(bytes);
    const IoResult result = below_->write_v({&part, 1}, more_);
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) {
      broken_ = true;
      return false;
    }
    bytes = bytes.subspan(result.bytes);
  }
  if (unsent_.size() + bytes.size() > kMaxUnsent) {
    broken_ = true;
    return false;
  }
  unsent_.insert(unsent_.end(), bytes.begin(), bytes.end());
  return true;
}

IoStatus TlsTransport::flush() noexcept {
  if (broken_) return IoStatus::kError;
  while (unsent_from_ < unsent_.size()) {
    const iovec part = part_of(std::span(unsent_).subspan(unsent_from_));
    const IoResult result = below_->write_v({&part, 1}, false);
    if (result.status == IoStatus::kAgain) return IoStatus::kAgain;
    if (result.status != IoStatus::kDone) {
      broken_ = true;
      return IoStatus::kError;
    }
    unsent_from_ += result.bytes;
  }
  unsent_from_ = 0;
  if (unsent_.capacity() > 0) std::vector<std::byte>().swap(unsent_);
  return IoStatus::kDone;
}

IoStatus TlsTransport::fail(int result) noexcept {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ && !broken_) return IoStatus::kAgain;
  if (error == SSL_ERROR_ZERO_RETURN) return IoStatus::kEof;
  broken_ = true;
  const long verdict = SSL_get_verify_result(ssl_.get());
  cut_ = error != SSL_ERROR_SSL;
  if (cut_)
    problem_ = eof_ ? "the connection was closed" : "the connection broke";
  else if (verdict != X509_V_OK)
    problem_ = cat({"the certificate is not accepted: ", X509_verify_cert_error_string(verdict)});
  else
    problem_ = take_ssl_error();
  return IoStatus::kError;
}

IoStatus TlsTransport::handshake() noexcept {
  ERR_clear_error();
  if (!SSL_is_init_finished(ssl_.get())) {
    if (const int result = SSL_do_handshake(ssl_.get()); result != 1) {
      const IoStatus status = fail(result);
      if (status == IoStatus::kEof) {
        broken_ = cut_ = true;
        problem_ = "the connection was closed";
        return IoStatus::kError;
      }
      if (status == IoStatus::kAgain) flush();
      return status;
    }
  }
  const IoStatus sent = flush();
  if (sent == IoStatus::kDone) context_.reset();
  return sent;
}

bool TlsTransport::is_shaking() const noexcept {
  return !broken_ && SSL_is_init_finished(ssl_.get()) != 1;
}

bool TlsTransport::can_be_pumped() const noexcept {
  return !broken_ && SSL_is_init_finished(ssl_.get()) == 1;
}

IoResult TlsTransport::read(std::span<std::byte> into) noexcept {
  if (broken_) return {IoStatus::kError, 0};
  ERR_clear_error();
  std::size_t n = 0;
  if (const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &n); result != 1)
    return {fail(result), 0};
  return {IoStatus::kDone, n};
}

IoResult TlsTransport::encrypt(const void* bytes, std::size_t size, bool more) noexcept {
  if (size == 0) return {IoStatus::kDone, 0};
  ERR_clear_error();
  more_ = more;
  std::size_t n = 0;
  const int result = SSL_write_ex(ssl_.get(), bytes, size, &n);
  more_ = false;
  if (result == 1) return {IoStatus::kDone, n};
  // SSL_write() wants to read: the peer has begun a message between records and not finished it.
  // No correct client does that, and waiting for it would be a busy loop.
  fail(result);
  broken_ = true;
  return {IoStatus::kError, 0};
}

IoResult TlsTransport::write_v(std::span<const iovec> parts, bool more) noexcept {
  if (const IoStatus sent = flush(); sent != IoStatus::kDone) return {sent, 0};
  while (!parts.empty() && parts.front().iov_len == 0) parts = parts.subspan(1);
  if (parts.empty()) return {IoStatus::kDone, 0};
  if (parts.size() == 1 || parts.front().iov_len >= kRecordBytes) {
    return encrypt(parts.front().iov_base, std::min(parts.front().iov_len, kRecordBytes), more);
  }
  // Small blocks are gathered: a record of its own costs 22 bytes and a system call.
  std::array<std::byte, kRecordBytes> together;
  std::size_t n = 0;
  for (const iovec& part : parts) {
    const std::size_t take = std::min(part.iov_len, together.size() - n);
    if (take > 0) std::memcpy(together.data() + n, part.iov_base, take);
    n += take;
  }
  return encrypt(together.data(), n, more);
}

IoResult TlsTransport::send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept {
  if (const IoStatus sent = flush(); sent != IoStatus::kDone) return {sent, 0};
  std::array<std::byte, kRecordBytes> piece;
  const ssize_t n =
      ::pread(fd, piece.data(), std::min(bytes, piece.size()), static_cast<off_t>(offset));
  // The file ends before `offset`: a fault of the caller.
  if (n <= 0) return {IoStatus::kError, 0};
  return encrypt(piece.data(), static_cast<std::size_t>(n), false);
}

std::size_t TlsTransport::buffered() const noexcept {
  return static_cast<std::size_t>(SSL_pending(ssl_.get()));
}

// Without it OpenSSL reads a record's head and its body by two calls.
void TlsTransport::read_ahead() noexcept {
  SSL_set_read_ahead(ssl_.get(), 1);
  ahead_ = true;
}

void TlsTransport::shut_down_write() noexcept {
  if (!close_notify_sent_ && !broken_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    close_notify_sent_ = true;
  }
  if (flush() == IoStatus::kDone) below_->shut_down_write();
}

}  // namespace lb
