#include "app/handover/pump_process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <set>

#include "base/cat.h"
#include "base/clock.h"
#include "net/loop/loop.h"
#include "net/tls/tls_pump.h"

namespace lb {
namespace {

// Closes all other descriptors, which would otherwise stay open when their owners close them.
void keep_only(const std::set<unsigned>& kept) {
  unsigned from = STDERR_FILENO + 1;
  for (const unsigned fd : kept) {
    if (fd > from) ::close_range(from, fd - 1, 0);
    from = std::max(from, fd + 1);
  }
  ::close_range(from, ~0U, 0);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nothing, fd);
}

[[noreturn]] void pump(int order, std::vector<PumpedConnection> connections) {
  ::prctl(PR_SET_NAME, "tls-pump");
  std::set<unsigned> kept{static_cast<unsigned>(order)};
  for (const PumpedConnection& one : connections) {
    kept.insert(static_cast<unsigned>(one.client->fd()));
    kept.insert(static_cast<unsigned>(one.server.get()));
  }
  keep_only(kept);
  char word = 0;
  ssize_t n = 0;
  do n = ::read(order, &word, 1);
  while (n < 0 && errno == EINTR);
  if (n != 1) ::_exit(0);
  Loop loop(0, system_clock());
  TlsPump pump(loop);
  // The copy owns these objects: no other part of it ever runs.
  for (PumpedConnection& one : connections)
    pump.add(std::unique_ptr<TlsTransport>(one.client), std::move(one.server));
  pump.stop_at_the_end();
  loop.run();
  ::_exit(0);
}

}  // namespace

Result<PumpProcess> PumpProcess::make(std::vector<PumpedConnection> connections) {
  PumpProcess made;
  if (connections.empty()) return made;
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    return Error::io(cat({"a pipe for encrypted connections: ", std::strerror(errno)}));
  const UniqueFd theirs(ends[0]);
  made.order_ = UniqueFd(ends[1]);
  const pid_t pid = ::fork();
  if (pid < 0)
    return Error::io(cat({"a process for encrypted connections: ", std::strerror(errno)}));
  if (pid == 0) pump(theirs.get(), std::move(connections));
  for (const PumpedConnection& one : connections) made.clients_.push_back(one.client);
  return made;
}

void PumpProcess::go() {
  if (!order_) return;
  [[maybe_unused]] const auto n = ::write(order_.get(), "g", 1);
  for (TlsTransport* client : clients_) client->abandon();
}

}  // namespace lb
