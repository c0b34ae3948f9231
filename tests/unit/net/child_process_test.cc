#include "net/loop/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "net/socket/pipe_transport.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(ChildProcess) {
  Loop loop{0, system_clock()};
  UniqueFd null_device{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  std::vector<std::string> lines;
  std::optional<ChildEnd> end;
  std::unique_ptr<ChildProcess> child;
  UniqueFd output;
  std::string read_so_far;

  Result<std::unique_ptr<ChildProcess>> started(std::vector<std::string> words) {
    ChildSpec spec{std::move(words), {"PATH=/usr/bin:/bin", "LB_TEST=seen"}, null_device.get()};
    return ChildProcess::start(loop, spec,
                               {[this](std::string_view line) { lines.emplace_back(line); },
                                [this](const ChildEnd& how) { end = how; }});
  }
  void run_script(const std::string& script) {
    auto made = started({"/bin/sh", "-c", script});
    CHECK(made.has_value());
    child = std::move(*made);
    output = child->take_output();
  }
  bool until(const std::function<bool()>& so) {
    const auto limit = std::chrono::steady_clock::now() + 120s;
    while (!so() && std::chrono::steady_clock::now() < limit) {
      loop.run_once(false);
      read_output();
      if (!so()) ::poll(nullptr, 0, 1);
    }
    return so();
  }
  void read_output() {
    char buffer[4096];
    ssize_t n = 0;
    while (output && (n = ::read(output.get(), buffer, sizeof buffer)) > 0)
      read_so_far.append(buffer, static_cast<std::size_t>(n));
  }
  // A zombie of another parent may stay for its reaper.
  static bool is_gone(int pid) {
    char state = 'Z';
    if (FILE* file = ::fopen(("/proc/" + std::to_string(pid) + "/stat").c_str(), "r")) {
      if (::fscanf(file, "%*d %*s %c", &state) != 1) state = 'Z';
      ::fclose(file);
    }
    return state == 'Z';
  }
  bool has_ended() {
    return until([this] { return end.has_value(); });
  }
  bool wrote(const std::string& text) {
    return until([&] { return read_so_far.find(text) != std::string::npos; });
  }
};

TEST(ChildProcess, ItsOutputIsAPipeAndItsErrorsAreLines) {
  run_script("printf \"$LB_TEST $1\"; echo one >&2; printf 'two\\rthree' >&2; exit 3");
  CHECK(has_ended());
  CHECK_EQUAL(std::string("ended with status 3"), to_text(*end));
  CHECK(wrote("seen "));
  CHECK_EQUAL(3U, lines.size());
  CHECK_EQUAL(std::string("one"), lines[0]);
  CHECK_EQUAL(std::string("three"), lines[2]);
}
TEST(ChildProcess, ItHasThreeDescriptorsALifelineAndAnEmptyInput) {
  const UniqueFd ours(::dup(2));  // not close-on-exec
  run_script("cat; ls /proc/self/fd | wc -l");
  CHECK(has_ended());
  CHECK(wrote("5\n"));  // and the one that ls reads the directory by
}
TEST(ChildProcess, AGroupOfItsOwnAndNoSignalIsIgnored) {
  ::signal(SIGPIPE, SIG_IGN);
  run_script("ps -o pgid= -p $$ | tr -d ' '; echo $$; grep SigIgn /proc/self/status");
  CHECK(has_ended());
  const std::string own = std::to_string(child->pid()) + "\n";
  CHECK(wrote(own + own));
  wrote("SigIgn:\t0000000000000000");
  STRCMP_CONTAINS("SigIgn:\t0000000000000000", read_so_far.c_str());
  ::signal(SIGPIPE, SIG_DFL);
}
TEST(ChildProcess, WhatCannotBeRunSaysWhy) {
  auto made = started({"no-such-program-at-all"});
  CHECK_EQUAL(std::string("program no-such-program-at-all is nowhere in PATH"), made.error().what);
#if defined(__SANITIZE_THREAD__)
  return;  // ThreadSanitizer makes a fork() of vfork(): the fault is told to a copy of this memory
#endif
  made = started({"/no/such"});
  CHECK(made.error().what.find("/no/such could not be run (No such file") != std::string::npos);
  made = started({"/etc"});  // a directory may be entered, and not executed
  CHECK(made.error().what.find("/etc could not be run (Permission denied") != std::string::npos);
}
TEST(ChildProcess, ItIsFoundInThePath) {
  auto made = started({"echo", "a  b"});
  CHECK(made.has_value());
  child = std::move(*made);
  output = child->take_output();
  CHECK(has_ended());
  CHECK(wrote("a  b\n"));
}
TEST(ChildProcess, ItEndsByTermWithItsWholeGroup) {
  run_script("sleep 100 & echo $!; wait");
  CHECK(wrote("\n"));
  const int grandchild = std::stoi(read_so_far);
  child->terminate();
  CHECK(has_ended());
  CHECK_EQUAL(std::string("was ended by signal 15"), to_text(*end));
  CHECK(until([&] { return is_gone(grandchild); }));
}
TEST(ChildProcess, WhatDoesNotObeyIsKilled) {
  run_script("trap '' TERM; echo ready; while :; do sleep 0.05; done");
  CHECK(wrote("ready"));
  const auto began = std::chrono::steady_clock::now();
  child->terminate();
  child->terminate();
  CHECK(has_ended());
  CHECK_EQUAL(std::string("was ended by signal 9"), to_text(*end));
  CHECK(std::chrono::steady_clock::now() - began >= ChildProcess::kPatience - 50ms);
}
TEST(ChildProcess, TheRestOfItsGroupGoesWithIt) {
  run_script("sleep 100 & echo $!");
  CHECK(wrote("\n"));
  CHECK(has_ended());
  const int grandchild = std::stoi(read_so_far);
  CHECK(until([&] { return is_gone(grandchild); }));
}
TEST(ChildProcess, AnObjectThatIsDestroyedKills) {
  run_script("echo ready; exec sleep 100");
  CHECK(wrote("ready"));
  const int pid = child->pid();
  child.reset();
  CHECK(until([&] {
    ::waitpid(pid, nullptr, WNOHANG);
    return ::kill(pid, 0) != 0;
  }));
  CHECK(!end);
}
TEST(ChildProcess, ItDiesWithTheProcessThatStartedIt) {
  int ends[2];
  CHECK_EQUAL(0, ::pipe(ends));
  const pid_t starter = ::fork();
  if (starter == 0) {
    Loop own{1, system_clock()};
    ChildSpec spec{{"/bin/sleep", "100"}, {}, null_device.get()};
    auto made = ChildProcess::start(own, spec, {[](std::string_view) {}, [](const ChildEnd&) {}});
    const int pid = made ? (*made)->pid() : 0;
    if (::write(ends[1], &pid, sizeof pid) != sizeof pid) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  int pid = 0;
  CHECK_EQUAL(static_cast<ssize_t>(sizeof pid), ::read(ends[0], &pid, sizeof pid));
  CHECK(pid > 0);
  CHECK_EQUAL(0, ::kill(pid, 0));
  ::kill(starter, SIGKILL);
  ::waitpid(starter, nullptr, 0);
  const auto began = std::chrono::steady_clock::now();
  CHECK(until([&] { return is_gone(pid); }));
  CHECK(std::chrono::steady_clock::now() - began < 100ms);
  ::close(ends[0]);
  ::close(ends[1]);
}
// What another process does that goes on with a program: all it has are descriptors.
TEST(ChildProcess, OneThatIsHandedOverIsReadAndEndedByAnotherProcess) {
  const auto given = [](int fd) { return UniqueFd(::dup(fd)); };
  int script = 0;
  for (const bool by_itself : {true, false}) {
    run_script(by_itself ? "read line; echo one; printf half >&2; sleep 0.3; echo way >&2"
                         : "sleep 100 & echo $!; wait");
    CHECK(wrote(by_itself ? "one\n" : "\n"));
    if (by_itself) CHECK(until([this] { return child->lend().line == "half"; }));
    const auto lent = child->lend();
    CHECK(child->can_be_handed());
    auto adopted = ChildProcess::adopt(loop,
                                       {lent.pid, given(lent.pidfd), given(lent.errors),
                                        given(lent.lifeline), lent.started, lent.line},
                                       20,
                                       {[this](std::string_view line) { lines.emplace_back(line); },
                                        [this](const ChildEnd& how) { end = how; }});
    child->let_go();
    child.reset();
    script = adopted->pid();
    CHECK_EQUAL(0, ::kill(script, 0));
    if (!by_itself) adopted->terminate();
    CHECK(has_ended());
    CHECK(!end->known);
    STRCMP_CONTAINS("ended (its status is not known", to_text(*end).c_str());
    if (by_itself) CHECK_EQUAL(std::string("halfway"), lines.back());
    if (!by_itself) CHECK(until([&] { return is_gone(std::stoi(read_so_far)); }));
    end.reset();
    read_so_far.clear();
    ::waitpid(script, nullptr, 0);
  }
}
TEST(ChildProcess, ReadsWhatIsWrittenIntoItsInputAndSeesItsEnd) {
  ChildSpec spec{{"/bin/sh", "-c", "cat; echo over"}, {"PATH=/usr/bin:/bin"}, null_device.get()};
  spec.has_input = true;
  auto made = ChildProcess::start(
      loop, spec, {[](std::string_view) {}, [this](const ChildEnd& how) { end = how; }});
  CHECK(made.has_value());
  child = std::move(*made);
  output = child->take_output();
  UniqueFd input = child->take_input();
  CHECK((::fcntl(input.get(), F_GETFL) & O_NONBLOCK) != 0);
  LONGS_EQUAL(5, ::write(input.get(), "heard", 5));
  CHECK(until([this] { return read_so_far == "heard"; }));
  input.reset();
  CHECK(until([this] { return end.has_value(); }));
  read_output();
  STRCMP_EQUAL("heardover\n", read_so_far.c_str());
}
TEST(ChildProcess, OfManyLinesMostAreCountedAndLongOnesAreCut) {
  run_script("i=0; while [ $i -lt 100 ]; do echo line $i >&2; i=$((i+1)); done");
  CHECK(has_ended());
  CHECK(lines.size() >= ChildSpec{}.lines_a_second + 1);
  CHECK(lines.size() <= 3 * (ChildSpec{}.lines_a_second + 1));
  CHECK(lines.back().find("lines more within a second)") != std::string::npos);
  lines.clear();
  end.reset();
  run_script("head -c 5000 /dev/zero | tr '\\0' x >&2");
  CHECK(has_ended());
  CHECK_EQUAL(1U, lines.size());
  CHECK_EQUAL(ChildProcess::kMaxLine, lines[0].size());
}

TEST_GROUP(PipeTransport){};

TEST(PipeTransport, ReadsToTheEndAndTellsThatItsReaderHasGone) {
  int ends[2];
  CHECK_EQUAL(0, ::pipe2(ends, O_NONBLOCK | O_CLOEXEC));
  int closed = 0;
  auto transport = std::make_unique<PipeTransport>(
      UniqueFd(ends[0]), [&closed](bool at_end) { closed += at_end ? 1 : 100; });
  std::byte buffer[16];
  CHECK(transport->read(buffer).status == IoStatus::kAgain);
  CHECK_EQUAL(3, ::write(ends[1], "abc", 3));
  CHECK_EQUAL(std::size_t{3}, transport->read(buffer).bytes);
  ::close(ends[1]);
  CHECK(transport->read(buffer).status == IoStatus::kEof);
  CHECK(transport->write_v({}, false).status == IoStatus::kError);
  CHECK_EQUAL(0, closed);
  transport.reset();
  CHECK_EQUAL(1, closed);
}
