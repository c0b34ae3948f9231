// Notifier: reports the state of the server to a service manager such as systemd.
//
// Source: sd_notify(3).  A message is one datagram of NAME=VALUE lines to the socket in
// NOTIFY_SOCKET.
// Thread: control (a message waits at most a second for a full queue).
// Ownership: Server.  The constructor connects the socket, before a chroot hides it.
// Errors: ignored; the server goes on if its reports are not read.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"

namespace lb {

class Notifier {
 public:
  // A path, or "@NAME" in the abstract namespace; "": no service manager.
  explicit Notifier(const std::string& socket_name);
  // The connected socket of the former process.
  explicit Notifier(UniqueFd socket) noexcept : socket_(std::move(socket)) {}
  bool has_listener() const noexcept { return socket_.valid(); }
  int fd() const noexcept { return socket_.get(); }
  // Names another process as the service's.  Returns when the manager has read it, or after a
  // second.
  void main_pid(int pid);

  // status: one line for administrators.
  void ready(std::string_view status);
  // ready() must follow, even if the reload fails.
  void reloading(SteadyTime now);
  void stopping();
  void alive();

  // Has the manager keep these descriptors for the next process, or drop the ones of that name.  At
  // most kMaxKept at once.
  static constexpr std::size_t kMaxKept = 253;  // SCM_MAX_FD of Linux
  void keep(std::string_view name, std::span<const int> fds);
  void keep_no_longer(std::string_view name);

 private:
  void send(const std::string& message);

  UniqueFd socket_;
};

}  // namespace lb
