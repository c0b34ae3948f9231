// ChildProcess: one program that runs beside this process, without a shell: its standard output is
// a pipe of ours, and its standard input where that is asked for; its standard error comes line by
// line.
//
// The program has /dev/null as its input otherwise, default signals, and a process group of its
// own.  Its one other descriptor is a lifeline: the reading end of a pipe that nothing is written
// into, on which the kernel kills the group (F_SETSIG) when no process has the writing end any
// more.  So a program dies with its server, however that ends, and stays when another process goes
// on with the server (PR_SET_PDEATHSIG would kill it then).  It is never waited for: its end is
// read from a pidfd, and what is left of its group is killed then.
//
// Life: start() → terminate() (TERM to the group; KILL after kPatience) → ended(), once.  An object
// that is destroyed earlier kills the group at once.  Or start() → lend(), let_go() here, adopt()
// in the process that goes on: that one is not the parent, so how the program ends is not known
// there.
// Thread: one loop.
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
#include "net/loop/loop.h"

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
  int status = 0;     // of its exit
  int signal = 0;     // that has ended it; 0: it has exited
  bool known = true;  // false: another process was its parent; status and signal are 0
  std::chrono::milliseconds lasted{0};
};
// "ended with status 1", "was ended by signal 9", "ended (its status is not known: …)".
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

  // A program as another process goes on with it; its input and output are its user's.
  template <class Fd>
  struct Handed {
    int pid = 0;
    Fd pidfd{}, errors{}, lifeline{};
    SteadyTime started{};
    std::string line;  // the beginning of one
  };
  // The descriptors stay here.
  Handed<int> lend() const {
    return {pid_, pidfd_.get(), errors_.get(), lifeline_.get(), started_, line_};
  }
  bool can_be_handed() const noexcept { return alive_ && pidfd_ && lifeline_; }
  // Another process has it: nothing is killed or told by this object.
  void let_go() noexcept;
  static std::unique_ptr<ChildProcess> adopt(Loop& loop, Handed<UniqueFd> handed,
                                             unsigned lines_a_second, Callbacks callbacks);

 private:
  struct Ends {
    UniqueFd input, output;
  };
  ChildProcess(Loop& loop, Handed<UniqueFd> program, bool is_parent, unsigned lines_a_second,
               Ends ends, Callbacks callbacks);
  void on_end(short) { reap(); }
  void on_errors(short) { read_errors(); }
  void read_errors();
  void take_errors(std::string_view bytes);
  void end_line();
  void report_held();
  void kill_group(int signal) const noexcept;
  void reap();

  Loop& loop_;
  const int pid_;
  const bool is_parent_;
  const unsigned lines_a_second_;
  Callbacks callbacks_;
  const SteadyTime started_;
  UniqueFd input_, output_, errors_, pidfd_, lifeline_;
  bool alive_ = true;
  std::string line_;  // the beginning of one
  SteadyTime second_{};
  unsigned lines_ = 0, held_ = 0;
  Watch end_watch_, error_watch_;
  Timer kill_, again_;  // again_: where a pidfd could not be had
};

}  // namespace lb
