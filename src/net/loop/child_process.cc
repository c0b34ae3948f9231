#include "net/loop/child_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kBlindPoll = 100ms;
constexpr int kNotStarted = 127;
// The program's lifeline lies above the descriptors that shells and scripts number.
constexpr int kLifeline = 100;
// Since Linux 6.9; older kernel headers lack the name.
constexpr unsigned kWholeGroup = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP
// Reads of the standard error in one turn.
constexpr int kErrorReads = 8;

// Moves a descriptor above those of standard input and output, which dup2() would close.
UniqueFd above_standard(int fd) noexcept {
  UniqueFd given(fd);
  if (fd < 0 || fd > STDERR_FILENO) return given;
  return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
}

struct Pipe {
  UniqueFd reading, writing;
};

// ours: the end that does not block.
Result<Pipe> open_pipe(UniqueFd Pipe::*ours) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return Error::io(cat({"no pipe (", std::strerror(errno), ")"}));
  Pipe pipe{above_standard(ends[0]), above_standard(ends[1])};
  ::fcntl((pipe.*ours).get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

Result<std::string> path_of_program(const std::string& name) {
  const auto runs = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos) {
    if (runs(name)) return name;
    return Error::not_found(
        cat({"program ", name, " could not be run (", std::strerror(errno), ")"}));
  }
  const char* given = std::getenv("PATH");
  std::string_view rest = given != nullptr ? given : "/usr/local/bin:/usr/bin:/bin";
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (folder.empty()) continue;
    const std::string path = cat({folder, "/", name});
    if (runs(path)) return path;
  }
  return Error::not_found(cat({"program ", name, " is nowhere in PATH"}));
}

std::vector<char*> pointers_to_words(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  // execve() changes none of the texts; its prototype predates const.
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// All that the new process needs is prepared here: between vfork() and execve() it shares this
// memory and may only make system calls.
struct Image {
  const char* path;
  char* const* words;
  char* const* environment;
  int input, output, errors, lifeline;
  pid_t parent;
};

// Never returns.
[[noreturn]] void become(const Image& image, volatile int* fault) noexcept {
  // execve() resets handlers, but keeps ignored signals ignored (SIGPIPE is, here).  The system
  // call reaches the two signals that glibc's sigaction() refuses, which make(1) passes on ignored.
  constexpr unsigned long kStandard[4] = {};  // SIG_DFL, no flags, no restorer, no mask
  for (int signal = 1; signal < NSIG; ++signal)
    ::syscall(SYS_rt_sigaction, signal, kStandard, nullptr, sizeof(kStandard[3]));
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::setpgid(0, 0);
  ::dup2(image.input, STDIN_FILENO);
  ::dup2(image.output, STDOUT_FILENO);
  ::dup2(image.errors, STDERR_FILENO);
  ::dup2(image.lifeline, kLifeline);
  // A library may have opened descriptors without close-on-exec.
  ::syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  ::fcntl(kLifeline, F_SETFD, 0);
  ::fcntl(kLifeline, F_SETSIG, SIGKILL);
  ::fcntl(kLifeline, F_SETOWN, -::getpid());  // the group
  ::fcntl(kLifeline, F_SETFL, O_ASYNC);
  // The parent may have died before the lifeline was set.
  if (::getppid() != image.parent) ::_exit(kNotStarted);
  ::execve(image.path, image.words, image.environment);
  *fault = errno;
  ::_exit(kNotStarted);
}

// vfork() shares the memory until execve(), so the cost does not grow with the mapped memory as
// that of fork() does. fault: 0, or the errno of execve().
[[gnu::noinline]] pid_t spawn(const Image& image, volatile int* fault) noexcept {
  sigset_t all, before;
  ::sigfillset(&all);
  // No signal handler may run in the new process, as it shares this memory.
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  const pid_t pid = ::vfork();
  if (pid == 0) become(image, fault);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return pid;
}

bool is_passed_on(std::string_view name) noexcept {
  constexpr std::string_view kNames[] = {"PATH",   "HOME", "USER", "LOGNAME", "SHELL",
                                         "TMPDIR", "TZ",   "LANG", "LANGUAGE"};
  return name.starts_with("LC_") ||
         std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace

std::vector<std::string> passed_on_environment() {
  std::vector<std::string> lines;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view line(*at);
    if (is_passed_on(line.substr(0, line.find('=')))) lines.emplace_back(line);
  }
  return lines;
}

std::string to_text(const ChildEnd& end) {
  if (!end.known) return "ended (its status is not known: it was started before an upgrade)";
  if (end.signal != 0) return cat({"was ended by signal ", end.signal});
  return cat({"ended with status ", end.status});
}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(Loop& loop, const ChildSpec& spec,
                                                          Callbacks callbacks) {
  auto path = path_of_program(spec.words.front());
  if (!path) return path.error();
  auto input = spec.has_input ? open_pipe(&Pipe::writing) : Result<Pipe>(Pipe{});
  auto output = open_pipe(&Pipe::reading);
  auto errors = open_pipe(&Pipe::reading);
  auto lifeline = open_pipe(&Pipe::writing);
  for (const auto* each : {&input, &output, &errors, &lifeline})
    if (!*each) return each->error();
  const auto words = pointers_to_words(spec.words);
  const auto environment = pointers_to_words(spec.environment);
  const Image image{
      path->c_str(),           words.data(),
      environment.data(),      spec.has_input ? input->reading.get() : spec.null_device,
      output->writing.get(),   errors->writing.get(),
      lifeline->reading.get(), ::getpid()};
  volatile int fault = 0;
  const pid_t pid = spawn(image, &fault);
  if (pid < 0)
    return Error::io(cat({"program ", *path, " could not be run (", std::strerror(errno), ")"}));
  if (fault != 0) {
    ::waitpid(pid, nullptr, 0);  // the process has ended, so the call does not wait
    return Error::io(cat({"program ", *path, " could not be run (", std::strerror(fault), ")"}));
  }
  return std::unique_ptr<ChildProcess>(new ChildProcess(
      loop,
      {pid,
       UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
       std::move(errors->reading),
       std::move(lifeline->writing),
       loop.now(),
       {}},
      true, spec.lines_a_second, {std::move(input->writing), std::move(output->reading)},
      std::move(callbacks)));
}

std::unique_ptr<ChildProcess> ChildProcess::adopt(Loop& loop, Handed<UniqueFd> handed,
                                                  unsigned lines_a_second, Callbacks callbacks) {
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(loop, std::move(handed), false, lines_a_second, {}, std::move(callbacks)));
}

ChildProcess::ChildProcess(Loop& loop, Handed<UniqueFd> program, bool is_parent,
                           unsigned lines_a_second, Ends ends, Callbacks callbacks)
    : loop_(loop),
      is_parent_(is_parent),
      lines_a_second_(lines_a_second),
      callbacks_(std::move(callbacks)),
      program_(std::move(program)),
      input_(std::move(ends.input)),
      output_(std::move(ends.output)),
      kill_(loop, [this] { kill_group(SIGKILL); }),
      again_(loop, [this] { reap(); }) {
  if (program_.pidfd)
    end_watch_.start<&ChildProcess::on_end>(loop_, program_.pidfd.get(), EV_READ, this);
  else
    again_.after(kBlindPoll);
  error_watch_.start<&ChildProcess::on_errors>(loop_, program_.errors.get(), EV_READ, this);
}

ChildProcess::~ChildProcess() {
  if (!alive_) return;
  kill_group(SIGKILL);
  if (is_parent_) ::waitpid(program_.pid, nullptr, WNOHANG);
}

void ChildProcess::let_go() noexcept {
  alive_ = false;
  kill_.cancel();
  end_watch_.stop();
  error_watch_.stop();
}

// This process cannot reap an adopted program, whose number may be another group's as soon as it
// has ended, so the signal goes through its pidfd.
void ChildProcess::kill_group(int signal) const noexcept {
  if (is_parent_) {
    ::kill(-program_.pid, signal);
    return;
  }
  if (::syscall(SYS_pidfd_send_signal, program_.pidfd.get(), signal, nullptr, kWholeGroup) == 0)
    return;
  if (errno == EINVAL && ::syscall(SYS_pidfd_send_signal, program_.pidfd.get(), 0, nullptr, 0) == 0)
    ::kill(-program_.pid, signal);
}

void ChildProcess::terminate() {
  if (!alive_ || kill_.armed()) return;
  kill_group(SIGTERM);
  kill_.after(kPatience);
}

void ChildProcess::reap() {
  ChildEnd end;
  if (is_parent_) {
    // The number belongs to no other group until the program is reaped.
    siginfo_t how{};
    if (::waitid(P_PID, static_cast<id_t>(program_.pid), &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
        how.si_pid == 0) {
      if (!program_.pidfd) again_.after(kBlindPoll);
      return;
    }
  }
  kill_group(SIGKILL);
  int status = 0;
  if (is_parent_) ::waitpid(program_.pid, &status, WNOHANG);
  end.known = is_parent_;
  if (WIFSIGNALED(status))
    end.signal = WTERMSIG(status);
  else
    end.status = WEXITSTATUS(status);
  end.lasted =
      std::chrono::duration_cast<std::chrono::milliseconds>(loop_.now() - program_.started);
  alive_ = false;
  kill_.cancel();
  end_watch_.stop();
  read_errors();
  if (!program_.line.empty()) end_line();
  report_held();
  error_watch_.stop();
  const auto ended = std::move(callbacks_.ended);
  ended(end);  // may destroy this
}

void ChildProcess::read_errors() {
  char buffer[4096];
  for (int i = 0; i < kErrorReads; ++i) {
    const ssize_t n = ::read(program_.errors.get(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) {
      error_watch_.stop();
      return;
    }
    take_errors(std::string_view(buffer, static_cast<std::size_t>(n)));
  }
}

void ChildProcess::take_errors(std::string_view bytes) {
  for (const char c : bytes) {
    // A program overwrites its progress line with \r.
    if (c == '\n' || c == '\r')
      end_line();
    else if (program_.line.size() < kMaxLine)
      program_.line += c;
  }
}

void ChildProcess::end_line() {
  const std::string line = std::exchange(program_.line, {});
  if (line.find_first_not_of(" \t") == std::string::npos) return;
  const SteadyTime now = loop_.now();
  if (lines_.is_over(now)) report_held();
  if (lines_.allows(now, lines_a_second_))
    callbacks_.line(line);
  else
    ++held_;
}

void ChildProcess::report_held() {
  if (const unsigned held = std::exchange(held_, 0); held > 0)
    callbacks_.line(cat({"(and ", held, " lines more within a second)"}));
}

}  // namespace lb
