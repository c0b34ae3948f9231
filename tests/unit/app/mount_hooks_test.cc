#include "app/process/mount_hooks.h"

#include "app/test_server.h"
#include "base/log_book.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(MountHooks) {
  Loop clerk{0, system_clock()};
  CapturedLog captured{system_clock()};
  TemporaryDirectory directory;
  std::unique_ptr<MountHooks> hooks = std::make_unique<MountHooks>(clerk, captured.log);

  void run_hook(const std::string& script,
                std::vector<std::pair<std::string, std::string>> environment = {}) {
    const std::string path = directory.put("hook", "#!/bin/sh\n" + script + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    hooks->run({path, "/live", "mount /live", std::move(environment)});
  }
  std::string out() const { return directory.file("out"); }
  // Turns until it is so.
  bool until(const std::function<bool()>& so) {
    const auto end = std::chrono::steady_clock::now() + 120s;
    while (!so() && std::chrono::steady_clock::now() < end) {
      clerk.run_once(false);
      if (!so()) ::poll(nullptr, 0, 1);
    }
    return so();
  }
  bool wrote(const std::string& text) {
    return until([&] { return directory.text("out").find(text) != std::string::npos; });
  }
};

TEST(MountHooks, AProgramGetsOneArgumentAndItsEnvironment) {
  run_hook("echo \"$# $1 $EVENT_URI\" > " + out(), {{"EVENT_URI", "/live"}});
  CHECK(wrote("1 /live /live\n"));
  CHECK(captured.says("mount /live: program " + directory.file("hook") + " runs as process "));
}
TEST(MountHooks, OfOurEnvironmentItGetsThePathAndNoPassword) {
  ::setenv("LB_TEST_PASSWORD", "secret", 1);
  run_hook("echo \"[$LB_TEST_PASSWORD] [${PATH:+path}]\" > " + out());
  CHECK(wrote("[] [path]\n"));
  ::unsetenv("LB_TEST_PASSWORD");
}
TEST(MountHooks, ItHasNoDescriptorOfOurs) {
  const UniqueFd ours(::dup(2));  // not close-on-exec
  run_hook("ls /proc/self/fd | wc -l > " + out());
  CHECK(wrote("\n"));
  // Three, and the one that ls reads the directory by; the pipe is its output.
  CHECK_EQUAL(std::string("4\n"), directory.text("out"));
}
TEST(MountHooks, ASessionOfItsOwn) {
  run_hook("ps -o sid= -p $$ | tr -d ' ' > " + out() + "; echo $$ >> " + out());
  CHECK(until([&] {
    const std::string text = directory.text("out");
    return std::count(text.begin(), text.end(), '\n') == 2;
  }));
  const std::string text = directory.text("out");
  CHECK_EQUAL(text.substr(0, text.find('\n')),
              text.substr(text.find('\n') + 1, text.rfind('\n') - text.find('\n') - 1));
}
TEST(MountHooks, OneThatFailsIsNamedInTheLog) {
  run_hook("exit 3");
  CHECK(until([&] { return captured.says(" ended with status 3"); }));
}
TEST(MountHooks, OneThatIsKilledIsNamedInTheLog) {
  run_hook("kill -9 $$");
  CHECK(until([&] { return captured.says(" was ended by signal 9"); }));
}
TEST(MountHooks, OneThatThereIsNotIsNamedInTheLog) {
  hooks->run({"/nonexistent/hook", "/live", "mount /live", {}});
  CHECK(until([&] { return captured.says("could not be run (No such file or directory)"); }));
}
TEST(MountHooks, ItsSignalsAreThoseOfAnyProgram) {
  // Who is ended by PIPE says nothing more.
  std::signal(SIGPIPE, SIG_IGN);
  run_hook("kill -PIPE $$; echo alive > " + out());
  CHECK(until([&] { return captured.says(" was ended by signal 13"); }));
}
TEST(MountHooks, ThoseOfOneMountKeepNoneOfAnother) {
  for (int i = 0; i < 300; ++i) hooks->run({"/bin/sleep", "2", "mount /flaps", {}});
  hooks->run({"/bin/sleep", "2", "mount /other", {}});
  CHECK(until([&] { return captured.says("mount /other: program /bin/sleep runs as process "); }));
  CHECK(captured.says("mount /flaps: program /bin/sleep was not run, because 32 such programs"));
}
// They may never end.
TEST(MountHooks, ThoseOfEightMountsKeepNoneOfANinth) {
  for (int mount = 0; mount < 8; ++mount)
    for (int i = 0; i < 32; ++i)
      hooks->run({"/bin/sleep", "2", "mount /flaps" + std::to_string(mount), {}});
  hooks->run({"/bin/sleep", "2", "mount /other", {}});
  hooks->run({"/bin/sleep", "2", "mount /other", {}});
  CHECK(until([&] { return captured.says("mount /other: program /bin/sleep runs as process "); }));
  CHECK(until([&] {
    return captured.says("mount /other: program /bin/sleep was not run, because 256 such programs");
  }));
}
