// Transport: one connected socket, plain or TLS, behind the same few functions, so that no reader
// has an `if (tls)`.  Never blocks.
//
// Thread: the loop that holds it.
// Ownership: unique_ptr; it moves Connection → Listener, Source or Link.
#pragma once

#include <sys/uio.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/unique_fd.h"
#include "net/address/address.h"

namespace lb {

enum class IoStatus : std::uint8_t {
  kDone,   // `bytes` were moved, perhaps fewer than asked
  kAgain,  // nothing now: wait for read or write and come back
  kEof,    // the peer has finished sending
  kError,  // the connection is broken; errno has the reason
};
struct IoResult {
  IoStatus status = IoStatus::kDone;
  std::size_t bytes = 0;
};

// errno of a call that may do better when it is made again: it would have waited, was interrupted,
// or the kernel had no memory for it.
bool is_momentary(int error) noexcept;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual IoResult read(std::span<std::byte> into) noexcept = 0;
  // `more`: another write follows at once, the kernel may hold a partial segment for it.
  virtual IoResult write_v(std::span<const iovec> parts, bool more) noexcept = 0;
  virtual IoResult send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept = 0;
  virtual bool can_send_file() const noexcept = 0;
  // All of its state is in the kernel: another process goes on with the descriptor and the peer.
  virtual bool can_move() const noexcept { return false; }
  virtual int fd() const noexcept = 0;
  // The client: the socket's peer, or the one that a trusted proxy names.
  virtual const Address& peer() const noexcept = 0;
  virtual void set_peer(const Address&) noexcept {}
  // Sends what write_v took and the socket did not: TLS holds back at most a record.  To be called
  // when there is nothing more to write; kAgain: wait for write and call again.
  virtual IoStatus flush() noexcept { return IoStatus::kDone; }
  // Bytes that read() has, although the socket is not readable.
  virtual std::size_t buffered() const noexcept { return 0; }
  // Of a connection that is read often and little: one call takes whatever the socket has.  Only
  // for readers that read until kAgain.
  virtual void read_ahead() noexcept {}
  // FIN: nothing more will be written.
  virtual void shut_down_write() noexcept = 0;
  // Keeps what the peer has not been given in the log, not in the kernel: at most this many
  // unsent bytes are taken.
  virtual void limit_unsent(std::size_t bytes) noexcept = 0;
};

class PlainTransport final : public Transport {
 public:
  PlainTransport(UniqueFd fd, const Address& peer) noexcept;
  IoResult read(std::span<std::byte> into) noexcept override;
  IoResult write_v(std::span<const iovec> parts, bool more) noexcept override;
  IoResult send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept override;
  bool can_send_file() const noexcept override { return true; }
  bool can_move() const noexcept override { return true; }
  int fd() const noexcept override { return fd_.get(); }
  const Address& peer() const noexcept override { return peer_; }
  void set_peer(const Address& peer) noexcept override { peer_ = peer; }
  void shut_down_write() noexcept override;
  void limit_unsent(std::size_t bytes) noexcept override;

 private:
  UniqueFd fd_;
  Address peer_;
};

// TcpFacts: what the kernel knows of one TCP connection.
struct TcpFacts {
  std::chrono::microseconds round_trip{0};
  std::uint64_t retransmits = 0;  // segments, since it was opened
  std::uint64_t queue_bytes = 0;  // that the peer has not acknowledged, sent or not

  bool operator==(const TcpFacts&) const = default;
};

// nullopt: not a TCP connection, or no longer one.  Two system calls, about a microsecond:
// for a page of connections, never for all of a loop.
std::optional<TcpFacts> tcp_facts(int fd) noexcept;

}  // namespace lb
