// Notifier: reports the state of the server to a service manager such as systemd.
//
// Source: sd_notify(3).  A message is one datagram of NAME=VALUE lines to the socket in
// NOTIFY_SOCKET.
// Thread: control (a message waits for a full queue, but a second at most).
// Ownership: Server.  The socket is connected at construction, before a chroot would hide it.
// Errors: none: a server whose reports are not read goes on.
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
  // A path, or "@NAME" in the abstract name space; "": there is no service manager.
  explicit Notifier(const std::string& socket_name);
  // The socket of the process before, which is connected.
  explicit Notifier(UniqueFd socket) noexcept : socket_(std::move(socket)) {}
  bool has_listener() const noexcept { return socket_.valid(); }
  int fd() const noexcept { return socket_.get(); }
  // Another process is the service's from now on.  Returns when the manager has read it, or after
  // a second.
  void main_pid(int pid);

  // status: one line to be read by administrators.
  void ready(std::string_view status);
  // ready() has to follow, whatever becomes of the reload.
  void reloading(SteadyTime now);
  void stopping();
  void alive();

  // The manager keeps these descriptors for the next process, or what it keeps by that name no
  // longer.  At most kMaxKept at once.
  static constexpr std::size_t kMaxKept = 253;  // SCM_MAX_FD of Linux
  void keep(std::string_view name, std::span<const int> fds);
  void keep_no_longer(std::string_view name);

 private:
  void send(const std::string& message);

  UniqueFd socket_;
};

}  // namespace lb
