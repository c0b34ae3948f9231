// ChildProcess: one program run without a shell: its standard output is a pipe to this process, as
// is its standard input on request; its standard error arrives line by line.
//
// Otherwise the program has /dev/null as input, default signals, and its own process group.  It has
// one other descriptor, a lifeline: the reading end of a pipe that is never written, by which the
// kernel kills the group (F_SETSIG) when no process has the writing end any more.  So a program
// dies with its server, however the server ends, but survives a hand-over (PR_SET_PDEATHSIG would
// kill it then).  No call waits for it: its end is read from a pidfd, and the rest of its group is
// killed then.
//
// Life: start() → terminate() (TERM to the group; KILL after kPatience) → ended(), once.  An object
// that is destroyed earlier kills the group at once.  Or start() → lend(), let_go() here and
// adopt() in the process that takes over, which is not the parent and so does not learn how the
// program ends.
// Thread: one loop.
// Ownership: its user, until ended().
// Bounds: lines_a_second of the standard error, kMaxLine bytes each; further lines are counted.
// Errors: start() fails for a program that is not found or cannot be executed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/rate_limit.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"

namespace lb {

// The variables of this process that a program may see, as NAME=VALUE: paths and language.
// Passwords of a container and sockets of a service manager are left out.
std::vector<std::string> passed_on_environment();

struct ChildSpec {
  std::vector<std::string> words;  // the program (a path, or a name in PATH) and its arguments
  std::vector<std::string> environment;
  int null_device = -1;    // open; a chroot may hide the path
  bool has_input = false;  // its standard input is a pipe
  unsigned lines_a_second = 20;
};

struct ChildEnd {
  int status = 0;     // of its exit
  int signal = 0;     // that ended it; 0: it exited
  bool known = true;  // false: this process was not its parent; status and signal are 0
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
  int pid() const noexcept { return program_.pid; }

  // A program for the process that takes over; its input and output belong to its user.
  template <class Fd>
  struct Handed {
    int pid = 0;
    Fd pidfd{}, errors{}, lifeline{};
    SteadyTime started{};
    std::string line;  // an incomplete line
  };
  // The descriptors stay owned here.
  Handed<int> lend() const {
    return {program_.pid,     program_.pidfd.get(), program_.errors.get(), program_.lifeline.get(),
            program_.started, program_.line};
  }
  bool can_be_handed() const noexcept { return alive_ && program_.pidfd && program_.lifeline; }
  // Gives the child up to another process: from then on this object kills and reports nothing.
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
  const bool is_parent_;
  const unsigned lines_a_second_;
  Callbacks callbacks_;
  Handed<UniqueFd> program_;
  UniqueFd input_, output_;
  bool alive_ = true;
  SecondCount lines_;
  unsigned held_ = 0;
  Watch end_watch_, error_watch_;
  Timer kill_, again_;  // again_: if there is no pidfd
};

}  // namespace lb
