// TlsTransport: TLS over another transport.
//
// OpenSSL writes into this object, never into the socket: bytes that the socket does not take wait
// here (at most about a record), so a call never stops half-way and need not be repeated with the
// same bytes.  So read() only waits for reading and write_v() for writing; renegotiation is off.
//
// Thread: the loop that holds it.
// Ownership: unique_ptr; owns the transport below.
// Bounds: OpenSSL's buffers are freed whenever they are empty.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/socket/transport.h"
#include "net/tls/tls_handles.h"

namespace lb {

class TlsTransport final : public Transport {
 public:
  ~TlsTransport() override;  // sends close_notify if the socket takes it

  // ssl: set up as a client or a server, before its handshake. context: data of its callbacks; kept
  // until the handshake is over.
  static std::unique_ptr<TlsTransport> over(std::unique_ptr<Transport> below, SslPtr ssl,
                                            std::shared_ptr<const void> context);

  // No other function may be called until kDone. kAgain: wait for read, and while flush() returns
  // kAgain for write too. kError: see problem().
  IoStatus handshake() noexcept;
  // Whether a handshake is under way.
  bool is_shaking() const noexcept;
  // Whether it can go on in a TlsPump of another process; after abandon() it sends nothing more.
  bool can_be_pumped() const noexcept;
  void abandon() noexcept { broken_ = true; }
  const std::string& problem() const noexcept { return problem_; }
  // Whether the peer is an authority that has now seen its answer; nothing follows.
  bool was_challenge() const noexcept;
  // The socket of a connection that over() was given.
  static int fd_of(SSL* ssl) noexcept;
  // After a failure: the connection was closed or broken, without a protocol error.
  bool was_cut() const noexcept { return cut_; }

  IoResult read(std::span<std::byte> into) noexcept override;
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override;  // <= 16 KiB a call
  IoResult send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept override;
  bool can_send_file() const noexcept override { return false; }
  int fd() const noexcept override { return below_->fd(); }
  const Address& peer() const noexcept override { return below_->peer(); }
  void set_peer(const Address& peer) noexcept override { below_->set_peer(peer); }
  IoStatus flush() noexcept override;
  std::size_t buffered() const noexcept override;
  void read_ahead() noexcept override;
  void shut_down_write() noexcept override;
  void limit_unsent(std::size_t bytes) noexcept override { below_->limit_unsent(bytes); }

 private:
  TlsTransport(std::unique_ptr<Transport> below, SslPtr ssl, std::shared_ptr<const void> context);

  static const BIO_METHOD* bio_method();
  int wire_read(std::span<std::byte> into) noexcept;           // as recv(2); -1: again or broken
  bool wire_write(std::span<const std::byte> bytes) noexcept;  // false: broken
  IoResult encrypt(const void* bytes, std::size_t size, bool more) noexcept;
  IoStatus fail(int result) noexcept;  // the meaning of a failed OpenSSL call

  std::unique_ptr<Transport> below_;
  SslPtr ssl_;
  std::shared_ptr<const void> context_;
  std::vector<std::byte> unsent_;  // for the socket
  std::size_t unsent_from_ = 0;
  bool more_ = false;     // of the write under way
  bool again_ = false;    // the socket had nothing to read
  bool ahead_ = false;    // read_ahead()
  bool drained_ = false;  // the last read took all that the socket had
  bool eof_ = false, cut_ = false;
  bool broken_ = false;
  bool close_notify_sent_ = false;
  std::string problem_;
};

}  // namespace lb
