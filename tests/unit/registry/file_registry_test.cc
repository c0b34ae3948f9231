#include "registry/file_registry.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log_book.h"
#include "base/temporary_directory.h"
#include "registry/copy_registry.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string mount_key(unsigned i) { return "mounts/%2Fm" + std::to_string(i); }

RegistryWrite creation(const std::string& key, const std::string& value) {
  RegistryWrite write;
  write.compares.push_back({key, 0});
  write.puts.emplace_back(key, value);
  return write;
}

// Control and disk are one loop: everything happens in turns.
struct Files {
  explicit Files(const std::string& path)
      : registry(std::make_unique<FileRegistry>(loop, loop, path, log.log)) {}

  template <class Fact>
  bool run_until(Fact fact) {
    bool late = false;
    Timer limit(loop, [&late] { late = true; });
    limit.after(std::chrono::seconds(120));
    while (!fact() && !late) loop.run_once(true);
    return !late;
  }
  Result<RegistryContent> load() {
    std::optional<Result<RegistryContent>> answer;
    registry->load([&](Result<RegistryContent> content) { answer.emplace(std::move(content)); });
    if (!run_until([&] { return answer.has_value(); })) return Error::timeout("no answer");
    return std::move(*answer);
  }
  CommitAnswer commit(RegistryWrite write) {
    std::optional<CommitAnswer> answer;
    registry->commit(std::move(write), [&](CommitAnswer done) { answer = std::move(done); });
    if (!run_until([&] { return answer.has_value(); })) return {};
    return *answer;
  }

  Loop loop{0, system_clock()};
  test::CapturedLog log{system_clock()};
  std::unique_ptr<FileRegistry> registry;
};

}  // namespace

TEST_GROUP(FileRegistry) {
  TemporaryDirectory folder = TemporaryDirectory::quick();
  std::unique_ptr<Files> files = std::make_unique<Files>(folder.file("store"));

  void restart() {
    files.reset();
    files = std::make_unique<Files>(folder.file("store"));
    CHECK(files->load().has_value());
  }
};

TEST(FileRegistry, RecordsComeBackWithTheirRevisions) {
  CHECK(files->load().has_value());
  CHECK(files->registry->state().up);
  const CommitAnswer first = files->commit(creation("users/anna", "{\"a\":1}"));
  CHECK(first.result == CommitResult::kDone);
  LONGS_EQUAL(1, first.revision);
  LONGS_EQUAL(2, files->commit(creation("users/bob", "{}")).revision);
  restart();
  const auto content = files->load();
  LONGS_EQUAL(2, content->records.size());
  LONGS_EQUAL(2, content->revision);
  CHECK(content->records[0] == (RegistryRecord{"users/anna", "{\"a\":1}", 1}));
  LONGS_EQUAL(3, files->commit(creation("users/eve", "{}")).revision);
}
TEST(FileRegistry, ComparesDecideAndSayWhatIsThere) {
  CHECK(files->load().has_value());
  files->commit(creation("users/anna", "1"));
  const CommitAnswer conflict = files->commit(creation("users/anna", "2"));
  CHECK(conflict.result == CommitResult::kConflict);
  CHECK(conflict.current == (std::vector<RegistryRecord>{{"users/anna", "1", 1}}));
  RegistryWrite change = creation("users/anna", "2");
  change.compares[0].revision = 1;
  change.deletes.push_back("users/bob");
  change.compares.push_back({"users/bob", 0});
  CHECK(files->commit(std::move(change)).result == CommitResult::kDone);
  CHECK(files->run_until([this] { return folder.text("store/users.d/anna.json") == "2"; }));
}
TEST(FileRegistry, NothingIsWrittenBeforeItIsLoadedOrWhereItCannotBe) {
  CHECK(files->commit(creation("users/anna", "{}")).result == CommitResult::kUnavailable);
  CHECK(files->load().has_value());
  const CommitAnswer wrong = files->commit(creation("../anna", "{}"));
  CHECK(wrong.result == CommitResult::kUnavailable);
  STRCMP_CONTAINS("is not a key", wrong.why.c_str());
}
TEST(FileRegistry, AKeyThatWasUsedAnswersItsOwnRepeat) {
  CHECK(files->load().has_value());
  RegistryWrite write = creation("mounts/%2Fa", "<a/>");
  write.made.emplace("made/00ff", "{\"sealed\":1}");
  CHECK(files->commit(write).result == CommitResult::kDone);
  restart();
  const CommitAnswer again = files->commit(write);
  CHECK(again.result == CommitResult::kDone);
  LONGS_EQUAL(1, again.revision);
  write.made->second = "{\"sealed\":2}";
  const CommitAnswer other = files->commit(write);
  CHECK(other.result == CommitResult::kConflict);
  LONGS_EQUAL(2, other.current.size());
  STRCMP_EQUAL("{\"sealed\":1}", other.current[1].value.c_str());
  CHECK(!folder.has("store/made.d"));
}
TEST(FileRegistry, TheWatcherHearsOfItBeforeTheAnswer) {
  CHECK(files->load().has_value());
  std::vector<std::string> order;
  files->registry->watch(
      0, [&](const RegistryChange& change) { order.push_back("told " + change.set.at(0).key); });
  for (const char* key : {"users/a", "users/b"})
    files->registry->commit(creation(key, "{}"), [&order, key](const CommitAnswer&) {
      order.push_back(std::string("answered ") + key);
    });
  LONGS_EQUAL(0, order.size());
  CHECK(files->run_until([&] { return order.size() == 4; }));
  STRCMP_EQUAL("told users/a", order[0].c_str());
  STRCMP_EQUAL("answered users/a", order[1].c_str());
  STRCMP_EQUAL("told users/b", order[2].c_str());
}
TEST(FileRegistry, ManyAtOnceAreEachDoneOnce) {
  CHECK(files->load().has_value());
  unsigned done = 0, conflicts = 0, unavailable = 0;
  for (unsigned i = 0; i < 1200; ++i)
    files->registry->commit(creation(mount_key(i % 500), "<m/>"), [&](const CommitAnswer& answer) {
      ++(answer.result == CommitResult::kDone       ? done
         : answer.result == CommitResult::kConflict ? conflicts
                                                    : unavailable);
    });
  CHECK(files->run_until([&] { return done + conflicts + unavailable == 1200; }));
  LONGS_EQUAL(500, done);
  LONGS_EQUAL(Registry::kCommitsWaiting - 500, conflicts);
  LONGS_EQUAL(1200 - Registry::kCommitsWaiting, unavailable);
  LONGS_EQUAL(500, files->registry->state().revision);
}
TEST(FileRegistry, AHandThatEditsIsHeardAtReload) {
  CHECK(files->load().has_value());
  files->commit(creation("users/anna", "{}"));
  std::vector<RegistryChange> told;
  files->registry->watch(1, [&](RegistryChange change) { told.push_back(std::move(change)); });
  CHECK(files->run_until([this] { return folder.has("store/users.d/anna.json"); }));
  folder.put("store/users.d/anna.json", "{\"by\":\"hand\"}");
  folder.put("store/users.d/bob.json", "{\"no json");
  files->registry->reload();
  CHECK(files->run_until([&] { return !told.empty(); }));
  STRCMP_EQUAL("{\"by\":\"hand\"}", told[0].set.at(0).value.c_str());
  LONGS_EQUAL(2, told[0].revision);
  const RegistryState state = files->registry->state();
  LONGS_EQUAL(1, state.bad.size());
  CHECK(files->log.says("bob.json: JSON"));
  CHECK(files->log.says("1 records were edited by hand"));
  RegistryWrite change = creation("users/anna", "{}");
  change.compares[0].revision = 2;
  LONGS_EQUAL(3, files->commit(std::move(change)).revision);
}
TEST(FileRegistry, ASecondServerWaitsForTheFirst) {
  CHECK(files->load().has_value());
  files->commit(creation("users/anna", "{}"));
  Files second(folder.file("store"));
  const auto refused = second.load();
  CHECK(refused.error().code == Error::Code::kDenied);
  CHECK(!second.registry->state().up);
  std::vector<RegistryChange> told;
  second.registry->watch(0, [&](RegistryChange change) { told.push_back(std::move(change)); });
  files->registry.reset();
  files->loop.run_once(false);
  CHECK(second.run_until([&] { return !told.empty(); }));
  STRCMP_EQUAL("users/anna", told[0].set.at(0).key.c_str());
  CHECK(second.registry->state().up);
}
TEST(FileRegistry, ADiskThatCannotBeWrittenIsSaidAndComesBack) {
  CHECK(files->load().has_value());
  // A folder where the counter's file is to be written.
  folder.put("store/.revision.new/x", "");
  const CommitAnswer failed = files->commit(creation("users/anna", "{}"));
  CHECK(failed.result == CommitResult::kUnavailable);
  STRCMP_CONTAINS("revision", failed.why.c_str());
  CHECK(!files->registry->state().up);
  folder.remove("store/.revision.new");
  CHECK(files->commit(creation("users/anna", "{}")).result == CommitResult::kDone);
  CHECK(files->registry->state().up);
}
TEST(FileRegistry, ADiskThatHasRoomAgainIsFoundWithoutACommit) {
  CHECK(files->load().has_value());
  folder.put("store/.revision.new/x", "");
  CHECK(files->commit(creation("users/anna", "{}")).result == CommitResult::kUnavailable);
  CHECK(!files->registry->state().up);
  folder.remove("store/.revision.new");
  // Writers of the server refuse while it is not up: nothing is committed here.
  CHECK(files->run_until([this] { return files->registry->state().up; }));
  CHECK(files->commit(creation("users/anna", "{}")).result == CommitResult::kDone);
}
TEST(FileRegistry, WhatWasMadeIsForgottenAfterADay) {
  struct Tomorrow final : Clock {
    SteadyTime steady() const noexcept override { return system_clock().steady(); }
    WallTime wall() const noexcept override { return system_clock().wall() + ahead; }
    std::chrono::nanoseconds thread_work() const noexcept override { return {}; }
    std::chrono::hours ahead{0};
  } clock;
  Loop loop(0, clock);
  test::CapturedLog log(clock);
  const auto made_left = [&](std::chrono::hours ahead) {
    clock.ahead = ahead;
    FileRegistry registry(loop, loop, folder.file("made"), log.log);
    std::optional<std::size_t> left;
    registry.load([&](const Result<RegistryContent>&) {
      RegistryWrite write;
      if (ahead.count() == 0) write.made.emplace("made/00", "{}");
      registry.commit(std::move(write), [&](const CommitAnswer&) {
        registry.load([&](Result<RegistryContent> content) { left = content->records.size(); });
      });
    });
    while (!left) loop.run_once(true);
    return *left;
  };
  LONGS_EQUAL(1, made_left(std::chrono::hours(0)));
  loop.run_once(false);
  LONGS_EQUAL(1, made_left(std::chrono::hours(23)));
  loop.run_once(false);
  LONGS_EQUAL(0, made_left(std::chrono::hours(24)));
}
TEST(FileRegistry, KilledAfterEachOf160AnswersItHasThemAll) {
  files.reset();
  constexpr unsigned kCommits = 160;
  std::uint64_t revision = 0;
  for (unsigned life = 0, answered = 0; answered < kCommits; ++life) {
    int pipe[2];
    CHECK(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      Files store(folder.file("store"));
      const auto content = store.load();
      if (!content) ::_exit(3);
      for (std::size_t i = content->records.size() / 2;; ++i) {
        RegistryWrite write = creation(mount_key(static_cast<unsigned>(i)), "<m/>");
        write.made.emplace("made/" + std::to_string(i), "{}");
        if (store.commit(std::move(write)).result != CommitResult::kDone) ::_exit(3);
        if (::write(pipe[1], "d", 1) != 1) ::_exit(3);
      }
    }
    ::close(pipe[1]);
    char answer = 0;
    // In each life one more answer than in the one before, up to five: then it is in the middle of
    // the next commit.
    for (unsigned i = 0; i <= life % 5; ++i) {
      if (::read(pipe[0], &answer, 1) != 1) break;
      ++answered;
    }
    ::kill(child, SIGKILL);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status));
    while (::read(pipe[0], &answer, 1) == 1) ++answered;
    ::close(pipe[0]);
    Files store(folder.file("store"));
    const auto content = store.load();
    CHECK(content.has_value());
    LONGS_EQUAL(0, content->records.size() % 2);
    // At most the one that was not answered is there besides.
    const std::size_t there = content->records.size() / 2;
    CHECK(there >= answered && there <= answered + 1);
    answered = static_cast<unsigned>(there);
    // A number that was given to a commit that did not become durable is not given again.
    CHECK(content->revision >= there && content->revision >= revision);
    revision = content->revision;
    store.registry.reset();
    store.loop.run_once(false);
  }
}
TEST(FileRegistry, OneIsCopiedIntoAnotherAndACopyMayBeRepeated) {
  CHECK(files->load().has_value());
  for (unsigned i = 0; i < 140; ++i) files->commit(creation(mount_key(i), "<m/>"));
  RegistryWrite made;
  made.made.emplace("made/00", "{}");
  files->commit(std::move(made));
  FileRegistry target(files->loop, files->loop, folder.file("target"), files->log.log);
  const auto copy = [&](CopyOver over) {
    std::optional<Result<RegistryCopied>> copied;
    copy_registry(*files->registry, target, over,
                  [&](Result<RegistryCopied> done) { copied.emplace(std::move(done)); });
    CHECK(files->run_until([&] { return copied.has_value(); }));
    return *copied;
  };
  LONGS_EQUAL(140, copy(CopyOver::kNothing)->written);
  CHECK(files->run_until([this] { return folder.text("target/mounts.d/m139.xml") == "<m/>"; }));
  files->commit(creation("users/anna", "{}"));
  const auto second = copy(CopyOver::kNothing);
  LONGS_EQUAL(1, second->written);
  LONGS_EQUAL(140, second->there_already);
  LONGS_EQUAL(1, second->classes.at("users"));
  RegistryWrite change = creation("users/anna", "{\"other\":1}");
  change.compares[0].revision = 142;
  CHECK(files->commit(std::move(change)).result == CommitResult::kDone);
  const auto third = copy(CopyOver::kNothing);
  CHECK(third.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS("users/anna", third.error().what.c_str());
  RegistryWrite removal;
  removal.deletes.push_back(mount_key(7));
  CHECK(files->commit(std::move(removal)).result == CommitResult::kDone);
  const auto fourth = copy(CopyOver::kNothing);
  STRCMP_CONTAINS("has 2 records of its own", fourth.error().what.c_str());
  const auto fifth = copy(CopyOver::kEverything);
  LONGS_EQUAL(1, fifth->written);
  LONGS_EQUAL(1, fifth->replaced);
  LONGS_EQUAL(1, fifth->removed);
  LONGS_EQUAL(139, fifth->there_already);
  LONGS_EQUAL(140, copy(CopyOver::kNothing)->there_already);
}
TEST(FileRegistry, AnEmptyOneIsNotCopied) {
  FileRegistry target(files->loop, files->loop, folder.file("target"), files->log.log);
  std::optional<Result<RegistryCopied>> copied;
  copy_registry(*files->registry, target, CopyOver::kEverything,
                [&](Result<RegistryCopied> done) { copied.emplace(std::move(done)); });
  CHECK(files->run_until([&] { return copied.has_value(); }));
  CHECK(copied->error().code == Error::Code::kNotFound);
}
TEST(FileRegistry, ADiskThatDoesNotAnswerMakesItReadOnlyUntilItDoes) {
  constexpr std::chrono::milliseconds kPatience{200};
  files.reset();
  files = std::make_unique<Files>(folder.file("store"));
  Loop disk{1, system_clock()};
  files->registry = std::make_unique<FileRegistry>(
      files->loop, disk, folder.file("store"), files->log.log, FileRegistry::Judge(), kPatience);
  std::vector<CommitAnswer> answers;
  const auto commit = [&](const char* key) {
    files->registry->commit(creation(key, "{}"),
                            [&answers](CommitAnswer done) { answers.push_back(std::move(done)); });
  };
  files->registry->load([](const Result<RegistryContent>&) {});
  disk.run_once(false);
  CHECK(files->run_until([this] { return files->registry->state().up; }));
  commit("users/anna");
  commit("users/anna");  // behind the first, which the disk keeps
  CHECK(files->run_until([this] { return !files->registry->state().up; }));
  CHECK(files->run_until([&answers] { return answers.size() == 1; }));
  CHECK(answers[0].result == CommitResult::kUnavailable);
  STRCMP_CONTAINS("the disk does not answer", answers[0].why.c_str());
  STRCMP_CONTAINS("the disk does not answer; records cannot be changed",
                  files->log.errors().c_str());
  CHECK(files->run_until([&] {
    disk.run_once(false);
    return answers.size() == 2;
  }));
  CHECK(answers[1].result == CommitResult::kDone);
  CHECK(files->registry->state().up);
  files->registry.reset();
  disk.run_once(false);
}
TEST(FileRegistry, ADiskThatReadsForLongIsNotSilent) {
  constexpr std::chrono::milliseconds kPatience{500}, kEach{25};
  constexpr unsigned kRecords = 60;
  files.reset();
  files = std::make_unique<Files>(folder.file("store"));
  Loop disk{1, system_clock()};
  std::optional<CommitAnswer> answer;
  unsigned judged = 0, refused = 0;
  // Control goes on while the disk takes its time for each file.
  const auto judge = [&](std::string_view, std::string_view) -> Result<void> {
    ++judged;
    if (judged == 2)
      files->registry->commit(creation("users/anna", "{}"),
                              [&answer](CommitAnswer done) { answer = std::move(done); });
    const SteadyTime until = system_clock().steady() + kEach;
    while (system_clock().steady() < until) files->loop.run_once(false);
    if (!files->registry->state().up) ++refused;
    return {};
  };
  files->registry = std::make_unique<FileRegistry>(files->loop, disk, folder.file("store"),
                                                   files->log.log, judge, kPatience);
  files->registry->load([](const Result<RegistryContent>&) {});
  disk.run_once(false);
  CHECK(files->run_until([this] { return files->registry->state().up; }));
  for (unsigned i = 0; i < kRecords; ++i)
    folder.put("store/mounts.d/m" + std::to_string(i) + ".json", "{}");
  files->registry->reload();
  CHECK(files->run_until([&] {
    disk.run_once(false);
    return answer.has_value();
  }));
  files->registry.reset();
  disk.run_once(false);
  LONGS_EQUAL(kRecords, judged);
  LONGS_EQUAL(0, refused);
  CHECK(answer->result == CommitResult::kDone);
  CHECK(files->log.errors().find("does not answer") == std::string::npos);
}
