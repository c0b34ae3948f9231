// FdChannel: messages with descriptors between two processes of this program, of which one has
// started the other.  It has no path, so no other process can connect.
//
// Source: unix(7): SOCK_SEQPACKET keeps messages whole; a message takes 253 descriptors at most.
// Thread: one at a time.
// Ownership: its user; the caller owns the results of receive().
// Bounds: kMaxBytes and kMaxFds a message.  Descriptors that are on the way count against the
// limit of open files of their sender (ETOOMANYREFS).
// Errors: name what was not sent or received, and why.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

// Two sockets that keep messages whole, closed on exec.
Result<std::pair<UniqueFd, UniqueFd>> packet_pair();
// sendmsg(2) of a text with at most about FdChannel::kMaxFds descriptors; false: see errno.
bool send_with_fds(int socket, std::string_view text, std::span<const int> fds) noexcept;

class FdChannel {
 public:
  static constexpr std::size_t kMaxBytes = 60 * 1024;
  static constexpr std::size_t kMaxFds = 250;

  struct Message {
    std::string bytes;
    std::vector<UniqueFd> fds;  // closed on exec
  };

  FdChannel() = default;
  explicit FdChannel(UniqueFd socket) noexcept : socket_(std::move(socket)) {}
  // Both ends.
  static Result<std::pair<FdChannel, FdChannel>> make();

  // Waits for the other side, at most `patience`.
  Result<void> send(std::string_view bytes, std::span<const int> fds,
                    std::chrono::milliseconds patience);
  // kClosed: the other side has ended.  kTimeout: what it sends later fails there.
  Result<Message> receive(std::chrono::milliseconds patience);

  int fd() const noexcept { return socket_.get(); }
  bool is_open() const noexcept { return socket_.valid(); }
  void close() noexcept { socket_.reset(); }

 private:
  Result<void> wait_for(short events, std::chrono::milliseconds patience, std::string_view what);

  UniqueFd socket_;
};

}  // namespace lb
