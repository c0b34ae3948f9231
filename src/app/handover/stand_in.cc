#include "app/handover/stand_in.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

// Ends as the server ended: by its signal, or with its status.
int end_as(int status) {
  if (WIFEXITED(status)) return WEXITSTATUS(status);
  const int number = WTERMSIG(status);
  ::signal(number, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, number);
  ::sigprocmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(number);
  return 128 + number;
}

// Stand-ins of older versions read the number alone.
struct Serving {
  pid_t pid = 0;
  std::uint32_t upgrades = 0;
};

class StandIn {
 public:
  StandIn(int channel, pid_t serving, const sigset_t& signals)
      : channel_(channel),
        serving_{serving, 0},
        arrivals_(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK)) {}
  int run();

 private:
  static constexpr int kNextMs = 10'000;

  void read_channel();
  void look_for_the_ended();
  int end_of_the_last();
  void pass_signals_on();

  const int channel_;
  Serving serving_;
  std::optional<int> ended_;  // the status of the serving process, which another one may follow
  const UniqueFd arrivals_;
};

// Both processes of an upgrade report the next one, as the old one may be killed or stopped behind
// GO: it may also be late.
void StandIn::read_channel() {
  Serving told;
  for (ssize_t n = 0; (n = ::recv(channel_, &told, sizeof told, 0)) > 0;) {
    if (static_cast<std::size_t>(n) < sizeof told) told.upgrades = serving_.upgrades;
    if (told.pid <= 0 || told.upgrades < serving_.upgrades) continue;
    if (told.pid != serving_.pid) ended_.reset();
    serving_ = told;
  }
}

void StandIn::look_for_the_ended() {
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    // Read first, as it names the present server.
    read_channel();
    if (ended == serving_.pid) ended_ = status;
  }
}

int StandIn::end_of_the_last() {
  read_channel();
  if (ended_) return end_as(*ended_);
  int status = 0;
  for (pid_t ended = 0; (ended = ::waitpid(-1, &status, 0)) > 0 || errno == EINTR;)
    if (ended == serving_.pid) return end_as(status);
  return 1;
}

void StandIn::pass_signals_on() {
  signalfd_siginfo got{};
  while (::read(arrivals_.get(), &got, sizeof got) == sizeof got) {
    read_channel();
    if (got.ssi_signo == SIGCHLD) continue;
    sigval value{};
    if (got.ssi_code == SI_QUEUE) std::memcpy(&value, &got.ssi_ptr, sizeof value);
    ::sigqueue(serving_.pid, static_cast<int>(got.ssi_signo), value);
  }
}

int StandIn::run() {
  for (;;) {
    read_channel();
    look_for_the_ended();
    // Every process that serves, or is to serve, has the other end.  Signals wait for the next one.
    std::array<pollfd, 2> both{
        {{arrivals_.get(), static_cast<short>(ended_ ? 0 : POLLIN), 0}, {channel_, POLLIN, 0}}};
    const int ready = ::poll(both.data(), both.size(), ended_ ? kNextMs : -1);
    if (ready < 0 && errno != EINTR) return 1;
    if (ready == 0 || (both[1].revents & POLLHUP) != 0) return end_of_the_last();
    if ((both[0].revents & POLLIN) != 0) pass_signals_on();
  }
}

// All descriptors but the channel and the standard ones.
bool leave_others(const UniqueFd& channel, unsigned flags) {
  const auto kept = static_cast<unsigned>(channel.get());
  const bool below = kept <= STDERR_FILENO + 1 ||
                     ::close_range(STDERR_FILENO + 1, kept - 1, static_cast<int>(flags)) == 0;
  return ::close_range(kept + 1, ~0U, static_cast<int>(flags)) == 0 && below;
}

}  // namespace

void notify_stand_in(int channel, pid_t serving, std::uint64_t upgrades) {
  const Serving told{serving, static_cast<std::uint32_t>(upgrades)};
  [[maybe_unused]] const auto n = ::send(channel, &told, sizeof told, MSG_NOSIGNAL);
}

sigset_t watched_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGHUP, SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) ::sigaddset(&set, number);
  return set;
}

void become_stand_in(const UniqueFd& channel, pid_t serving, std::vector<std::string> server) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  ::fcntl(channel.get(), F_SETFD, 0);
  // A library's descriptors without close-on-exec would stay open as long as the server lives.  The
  // other threads use theirs until execv() ends them, so execv() closes them.
  const bool marked = leave_others(channel, CLOSE_RANGE_CLOEXEC);
  if (!marked) leave_others(channel, 0);  // Linux before 5.11
  std::string name = "icecast-lb", what = cat({"--stand-in=", channel.get(), ",", serving});
  std::vector<char*> arguments{name.data(), what.data()};
  for (std::string& argument : server) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
  if (marked) leave_others(channel, 0);
  ::_exit(stand_in(channel.get(), serving));
}

int stand_in(std::string_view arguments) {
  const std::size_t comma = arguments.find(',');
  if (comma == std::string_view::npos) return 1;
  const auto channel = parse_u64(arguments.substr(0, comma));
  const auto serving = parse_u64(arguments.substr(comma + 1));
  if (!channel || !serving) return 1;
  return stand_in(static_cast<int>(*channel), static_cast<pid_t>(*serving));
}

int stand_in(int channel, pid_t serving) {
  sigset_t set = watched_signals();
  ::sigaddset(&set, SIGQUIT);  // ends a server at once
  ::sigaddset(&set, SIGCHLD);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::fcntl(channel, F_SETFD, FD_CLOEXEC);
  return StandIn(channel, serving, set).run();
}

}  // namespace lb
