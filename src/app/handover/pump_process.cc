#include "app/handover/pump_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include "app/drain/drain.h"
#include "app/services/tls_pumps.h"
#include "base/cat.h"
#include "base/clock.h"
#include "net/loop/loop.h"
#include "net/socket/fd_channel.h"
#include "net/tls/tls_pump.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kReport = 200ms;
// The pace of a drain.
constexpr double kEndShare = 0.02;  // of the connections, each second
constexpr auto kEndTime = 60s;
constexpr auto kEndPoll = 250ms;
constexpr auto kLastBytes = 10s;

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

// The copy's only object.
class Pumping {
 public:
  Pumping(Loop& loop, int channel)
      : loop_(loop),
        channel_(channel),
        pump_(loop),
        report_(loop, [this] { report(); }),
        end_(loop, [this] { end_some(); }) {}

  void run(std::vector<PumpedConnection> connections) {
    // The copy owns these objects: no other part of it ever runs.
    for (PumpedConnection& one : connections)
      pump_.add(std::unique_ptr<TlsTransport>(one.client), std::move(one.server));
    watch_.start<&Pumping::on_order>(loop_, channel_, EV_READ, this);
    report();
    pump_.stop_at_the_end([this] {
      if (!report_.armed()) report_.after(kReport);
    });
    loop_.run();
  }

 private:
  void on_order(short) {
    char word = 0;
    const ssize_t n = ::recv(channel_, &word, 1, MSG_DONTWAIT);
    if (n < 0 && is_momentary(errno)) return;
    if (n <= 0) return end_all();
    // The second kGo changes nothing.
    if (word != TlsPumps::kEnd || pace_) return;
    const SteadyTime now = loop_.now();
    pace_.emplace(kEndShare * static_cast<double>(pump_.size()), now, now + kEndTime);
    end_some();
  }

  // Without the serving process nothing more comes, but a client that does not read would stay.
  void end_all() {
    watch_.stop();
    cut_ = loop_.now() + kLastBytes;
    pace_.emplace(0.0, loop_.now(), loop_.now());
    end_some();
  }

  // Clients that do not take their last bytes are cut at the end.
  void end_some() {
    const SteadyTime now = loop_.now();
    if (const std::size_t staying = pump_.staying(); staying > 0) {
      cut_ = now + kLastBytes;
      pump_.end_oldest(static_cast<std::size_t>(pace_->due(now, staying)));
    } else if (now >= cut_) {
      return loop_.stop();
    }
    end_.after(kEndPoll);
  }

  void report() {
    const PumpNews news{static_cast<std::uint64_t>(::getpid()), pump_.size()};
    RecordOut out;
    record_fields(out, news);
    if (::send(channel_, out.bytes().data(), out.bytes().size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
        is_momentary(errno))
      report_.after(kReport);
  }

  Loop& loop_;
  const int channel_;
  TlsPump pump_;
  Watch watch_;
  Timer report_, end_;
  std::optional<DrainPace> pace_;
  SteadyTime cut_{};
};

[[noreturn]] void pump(int channel, std::vector<PumpedConnection> connections) {
  ::prctl(PR_SET_NAME, "tls-pump");
  std::set<unsigned> kept{static_cast<unsigned>(channel)};
  for (const PumpedConnection& one : connections) {
    kept.insert(static_cast<unsigned>(one.client->fd()));
    kept.insert(static_cast<unsigned>(one.server.get()));
  }
  keep_only(kept);
  // The channel does not block.
  pollfd order{channel, POLLIN, 0};
  while (::poll(&order, 1, -1) < 0 && errno == EINTR) continue;
  char word = 0;
  if (::recv(channel, &word, 1, 0) != 1) ::_exit(0);
  Loop loop(0, system_clock());
  Pumping pumping(loop, channel);
  pumping.run(std::move(connections));
  ::_exit(0);
}

}  // namespace

Result<PumpProcess> PumpProcess::make(std::vector<PumpedConnection> connections) {
  PumpProcess made;
  if (connections.empty()) return made;
  auto pair = packet_pair();
  if (!pair) return pair.error();
  made.channel_ = std::move(pair->first);
  const UniqueFd theirs = std::move(pair->second);
  made.pid_ = ::fork();
  if (made.pid_ < 0) {
    const int why = errno;
    made.channel_.reset();
    return Error::io(cat({"a process for encrypted connections: ", std::strerror(why)}));
  }
  if (made.pid_ == 0) pump(theirs.get(), std::move(connections));
  for (const PumpedConnection& one : connections) made.clients_.push_back(one.client);
  return made;
}

// A copy whose upgrade is given up has no other parent.
PumpProcess::~PumpProcess() {
  if (!channel_ || goes_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::vector<int> PumpProcess::channel() const {
  return channel_ ? std::vector<int>{channel_.get()} : std::vector<int>();
}

void PumpProcess::go() {
  if (!channel_) return;
  goes_ = true;
  ::send(channel_.get(), &TlsPumps::kGo, 1, MSG_NOSIGNAL);
  for (TlsTransport* client : clients_) client->abandon();
}

}  // namespace lb
