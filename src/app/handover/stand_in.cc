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
#include <cstring>
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

}  // namespace

void notify_stand_in(int channel, pid_t serving) {
  [[maybe_unused]] const auto n = ::send(channel, &serving, sizeof serving, MSG_NOSIGNAL);
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
  // A library's descriptors without close-on-exec would stay open as long as the server lives.
  const auto kept = static_cast<unsigned>(channel.get());
  if (kept > STDERR_FILENO + 1) ::close_range(STDERR_FILENO + 1, kept - 1, 0);
  ::close_range(kept + 1, ~0U, 0);
  std::string name = "icecast-lb", what = cat({"--stand-in=", channel.get(), ",", serving});
  std::vector<char*> arguments{name.data(), what.data()};
  for (std::string& argument : server) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  ::execv("/proc/self/exe", arguments.data());
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
  const UniqueFd arrivals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  const auto read_channel = [&] {
    pid_t told = 0;
    while (::recv(channel, &told, sizeof told, 0) == sizeof told)
      if (told > 0) serving = told;
  };
  for (;;) {
    read_channel();
    // The channel is read first, as it names the present server.
    int status = 0;
    for (pid_t ended = 0; (ended = ::waitpid(-1, &status, WNOHANG)) > 0;) {
      read_channel();
      if (ended == serving) return end_as(status);
    }
    std::array<pollfd, 2> both{{{arrivals.get(), POLLIN, 0}, {channel, POLLIN, 0}}};
    // Every serving process has the other end.  Without one, only the last process's end is left to
    // wait for.
    if (::poll(both.data(), both.size(), -1) < 0 && errno != EINTR) return 1;
    if ((both[1].revents & POLLHUP) != 0) {
      read_channel();
      for (pid_t ended = 0; (ended = ::waitpid(-1, &status, 0)) > 0 || errno == EINTR;)
        if (ended == serving) return end_as(status);
      return 1;
    }
    signalfd_siginfo got{};
    while (::read(arrivals.get(), &got, sizeof got) == sizeof got) {
      read_channel();
      if (got.ssi_signo == SIGCHLD) continue;
      sigval value{};
      if (got.ssi_code == SI_QUEUE) std::memcpy(&value, &got.ssi_ptr, sizeof value);
      ::sigqueue(serving, static_cast<int>(got.ssi_signo), value);
    }
  }
}

}  // namespace lb
