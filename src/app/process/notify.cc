#include "app/process/notify.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

#include "base/cat.h"
#include "net/socket/fd_channel.h"

namespace lb {

Notifier::Notifier(const std::string& socket_name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const bool abstract = socket_name.starts_with('@');
  if ((!abstract && !socket_name.starts_with('/')) || socket_name.size() >= sizeof address.sun_path)
    return;
  std::memcpy(address.sun_path, socket_name.data(), socket_name.size());
  if (abstract) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_name.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return;
  const timeval patience{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  socket_ = std::move(fd);
}

void Notifier::ready(std::string_view status) { send(cat({"READY=1\nSTATUS=", status, "\n"})); }

void Notifier::reloading(SteadyTime now) {
  // Type=notify-reload compares this with its own monotonic clock.
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch());
  send(cat({"RELOADING=1\nMONOTONIC_USEC=", since.count(), "\n"}));
}

void Notifier::stopping() { send("STOPPING=1\nSTATUS=stopping\n"); }

void Notifier::alive() { send("WATCHDOG=1\n"); }

// Source: sd_notify_barrier(3): the manager closes the pipe when it has read all before it.
void Notifier::main_pid(int pid) {
  send(cat({"MAINPID=", pid, "\n"}));
  int ends[2];
  if (!socket_ || ::pipe2(ends, O_CLOEXEC) != 0) return;
  const UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  const int given = theirs.get();
  if (!send_with_fds(socket_.get(), "BARRIER=1", {&given, 1})) return;
  theirs.reset();
  pollfd closed{ours.get(), 0, 0};
  ::poll(&closed, 1, 1000);
}

// Source: FDSTORE in sd_notify(3).  Without FDPOLL=0 the manager would drop a listen socket that is
// shut down.
void Notifier::keep(std::string_view name, std::span<const int> fds) {
  if (socket_ && !fds.empty())
    send_with_fds(socket_.get(), cat({"FDSTORE=1\nFDNAME=", name, "\nFDPOLL=0\n"}),
                  fds.first(std::min(fds.size(), kMaxKept)));
}

void Notifier::keep_no_longer(std::string_view name) {
  send(cat({"FDSTOREREMOVE=1\nFDNAME=", name, "\n"}));
}

void Notifier::send(const std::string& message) {
  if (!socket_) return;
  [[maybe_unused]] const auto n =
      ::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL);
}

}  // namespace lb
