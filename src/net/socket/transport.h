// Transport: one connected socket, plain or TLS, with the same functions, so that readers need no
// `if (tls)`.  Never blocks.
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

// Whether a call with this errno may be repeated: it would have blocked, was interrupted, or the
// kernel had no memory.
bool is_momentary(int error) noexcept;

class Transport {
 public:
  virtual ~Transport() = default;
  virtual IoResult read(std::span<std::byte> into) noexcept = 0;
  // `more`: another write follows at once, so the kernel may hold a partial segment.
  virtual IoResult write_v(std::span<const iovec> parts, bool more) noexcept = 0;
  virtual IoResult send_file(int fd, std::uint64_t offset, std::size_t bytes) noexcept = 0;
  virtual bool can_send_file() const noexcept = 0;
  // Whether another process can go on with the descriptor: all state is in the kernel.
  virtual bool can_move() const noexcept { return false; }
  virtual int fd() const noexcept = 0;
  // The client: the socket's peer, or the one named by a trusted proxy.
  virtual const Address& peer() const noexcept = 0;
  virtual void set_peer(const Address&) noexcept {}
  // Sends bytes that write_v took and the socket did not: TLS holds at most a record.  Must be
  // called after the last write; kAgain: wait for write and call again.
  virtual IoStatus flush() noexcept { return IoStatus::kDone; }
  // Bytes for read() that are already here, although the socket is not readable.
  virtual std::size_t buffered() const noexcept { return 0; }
  // For connections that are read often and little: one call takes all that the socket has.  Only
  // for readers that read until kAgain.
  virtual void read_ahead() noexcept {}
  // Sends FIN: no write follows.
  virtual void shut_down_write() noexcept = 0;
  // Takes at most this many unsent bytes, so that further ones wait in the log and not in the
  // kernel.
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

// TcpFacts: the kernel's data about one TCP connection.
struct TcpFacts {
  std::chrono::microseconds round_trip{0};
  std::uint64_t retransmits = 0;  // segments, since it was opened
  std::uint64_t queue_bytes = 0;  // not acknowledged by the peer, sent or not

  bool operator==(const TcpFacts&) const = default;
};

// nullopt: not, or no longer, a TCP connection.  Two system calls, about a microsecond: for a page
// of connections, not for all of a loop.
std::optional<TcpFacts> tcp_facts(int fd) noexcept;

}  // namespace lb
