// ChildProcess: one program that runs beside this process, without a shell: its standard output is
// a pipe of ours, and its standard input where that is asked for; its standard error comes line by
// line.
//
// The program has /dev/null as its input otherwise, no other descriptor, default signals, and a
// process group of its own.  The kernel kills it when this process dies, however that happens
// (PR_SET_PDEATHSIG).  It is never waited for: its end is read from a pidfd, and what is left of
// its group is killed then.
//
// Life: start() → terminate() (TERM to the group; KILL after kPatience) → ended(), once.  An object
// that is destroyed earlier kills the group at once.
// Thread: one loop.  Its thread must live as long as the process (the main thread, control): the
// kernel kills a child of a thread that ends.
// Ownership: its user, until ended().
// Bounds: lines_a_second of the standard error, kMaxLine bytes each; what is above is counted.
// Errors: a program that is not found, or cannot be executed: start() says so.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop.h"

namespace lb {

// Of the environment of this process, as NAME=VALUE, what a program may see: where things are and
// which language is spoken.  A container's passwords, a service manager's sockets are not for it.
std::vector<std::string> passed_on_environment();

struct ChildSpec {
  std::vector<std::string> words;  // the program: a path, or a name that PATH has; its arguments
  std::vector<std::string> environment;
  int null_device = -1;    // open; a chroot may hide the path
  bool has_input = false;  // its standard input is a pipe
  unsigned lines_a_second = 20;
};

struct ChildEnd {
  int status = 0;  // of its exit
  int signal = 0;  // that has ended it; 0: it has exited
  std::chrono::milliseconds lasted{0};
};
// "ended with status 1", "was ended by signal 9".
std::string to_text(const ChildEnd& end);

class ChildProcess {
 public:
  static constexpr std::chrono::milliseconds kPatience{2000};
  static constexpr std::size_t kMaxLine = 512;

  struct Callbacks {
    std::function<void(std::string_view line)> line;  // of its standard error
    std::function<void(const ChildEnd& end)> ended;   // may destroy the object
  };
  static Result<std::unique_ptr<ChildProcess>> start(Loop& loop, const ChildSpec& spec,
                                                     Callbacks callbacks);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The reading end of its standard output, non-blocking; once.
  UniqueFd take_output() noexcept { return std::move(output_); }
  // The writing end of its standard input, non-blocking; once.
  UniqueFd take_input() noexcept { return std::move(input_); }
  void terminate();
  int pid() const noexcept { return pid_; }

 private:
  struct Ends {
    UniqueFd input, output, errors;
  };
  ChildProcess(Loop& loop, int pid, unsigned lines_a_second, Ends ends, Callbacks callbacks);
  void on_end(short) { reap(); }
  void on_errors(short) { read_errors(); }
  void read_errors();
  void take_errors(std::string_view bytes);
  void end_line();
  void tell_held();
  void kill_group(int signal) const noexcept;
  void reap();

  Loop& loop_;
  const int pid_;
  const unsigned lines_a_second_;
  Callbacks callbacks_;
  const SteadyTime started_;
  UniqueFd input_, output_, errors_, pidfd_;
  bool alive_ = true;
  std::string line_;  // the beginning of one
  SteadyTime second_{};
  unsigned lines_ = 0, held_ = 0;
  Watch end_watch_, error_watch_;
  Timer kill_, again_;  // again_: where a pidfd could not be had
};

}  // namespace lb
