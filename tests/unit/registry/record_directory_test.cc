#include "registry/record_directory.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "base/temporary_directory.h"
#include "registry/registry.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kNoon = 1'700'000'000;

Result<void> no_word_bad(std::string_view, std::string_view value) {
  if (value.find("bad") != std::string_view::npos) return Error::invalid("line 1: is bad");
  return {};
}

}  // namespace

TEST_GROUP(RecordDirectory) {
  TemporaryDirectory folder = TemporaryDirectory::quick();
  std::unique_ptr<RecordDirectory> directory;

  void open() {
    directory.reset();
    auto opened = RecordDirectory::open(folder.file("store"), no_word_bad);
    CHECK_TEXT(opened.has_value(), opened ? "" : opened.error().what.c_str());
    directory = std::move(*opened);
  }
  RecordDirectory::Read read() {
    auto faces = directory->read_faces(kNoon);
    CHECK_TEXT(faces.has_value(), faces ? "" : faces.error().what.c_str());
    return std::move(*faces);
  }
  void commit(const std::string& key, std::optional<std::string> value) {
    const auto done =
        directory->commit({{key, std::move(value), directory->revision() + 1, kNoon}});
    CHECK(done.has_value());
    CHECK(directory->finish().has_value());
  }
  std::string value(const std::string& key) {
    const auto at = directory->records().find(key);
    return at == directory->records().end() ? "-" : *at->second.value;
  }
  std::uint64_t revision(const std::string& key) { return directory->records().at(key).revision; }
};

TEST(RecordDirectory, RecordsAreFilesForPeopleAndKeepTheirRevisions) {
  open();
  commit("mounts/%2Frock.mp3", "<mount/>");
  commit("users/anna", "{}");
  STRCMP_EQUAL("<mount/>", folder.text("store/mounts.d/rock.mp3.xml").c_str());
  STRCMP_EQUAL("{}", folder.text("store/users.d/anna.json").c_str());
  STRCMP_EQUAL("2\n", folder.text("store/revision").c_str());
  STRCMP_EQUAL("1\n", folder.text("store/format").c_str());
  CHECK(!folder.has("store/pending"));
  open();
  LONGS_EQUAL(0, read().changes.size());
  LONGS_EQUAL(1, revision("mounts/%2Frock.mp3"));
  LONGS_EQUAL(2, revision("users/anna"));
  commit("users/anna", std::nullopt);
  CHECK(!folder.has("store/users.d/anna.json"));
  commit("mounts/%2Frock.mp3", "{}");
  CHECK(!folder.has("store/mounts.d/rock.mp3.xml"));
  CHECK(folder.has("store/mounts.d/rock.mp3.json"));
  open();
  LONGS_EQUAL(0, read().changes.size());
  LONGS_EQUAL(1, directory->records().size());
  LONGS_EQUAL(4, directory->revision());
}
TEST(RecordDirectory, OthersMayNotLookIn) {
  ::mkdir(folder.file("store").c_str(), 0755);
  open();
  commit("users/anna", "{}");
  const auto mode = [this](const char* name) {
    struct stat facts {};
    ::stat(folder.file(name).c_str(), &facts);
    return facts.st_mode & 0777;
  };
  LONGS_EQUAL(0700, mode("store"));
  LONGS_EQUAL(0700, mode("store/users.d"));
  LONGS_EQUAL(0700, mode("store/last-good/users.d"));
  LONGS_EQUAL(0600, mode("store/users.d/anna.json"));
  LONGS_EQUAL(0600, mode("store/last-good/users.d/anna"));
  LONGS_EQUAL(0600, mode("store/lock"));
}
TEST(RecordDirectory, ASecondServerIsRefusedWithWords) {
  open();
  const auto second = RecordDirectory::open(folder.file("store"), no_word_bad);
  CHECK(!second.has_value());
  CHECK(second.error().code == Error::Code::kDenied);
  STRCMP_CONTAINS(("process " + std::to_string(::getpid())).c_str(), second.error().what.c_str());
}
TEST(RecordDirectory, ANewerFormatIsRefused) {
  folder.put("store/format", "2\n");
  const auto opened = RecordDirectory::open(folder.file("store"), no_word_bad);
  CHECK(opened.error().code == Error::Code::kUnsupported);
  STRCMP_EQUAL("2\n", folder.text("store/format").c_str());
}
TEST(RecordDirectory, WhatWasEditedByHandIsTakenIfItIsValid) {
  open();
  commit("mounts/%2Fa", "<a/>");
  commit("mounts/%2Fb", "<b/>");
  commit("mounts/%2Fc", "<c/>");
  folder.put("store/mounts.d/a.xml", "<edited/>");
  folder.put("store/mounts.d/b.xml", "<bad/>");
  folder.remove("store/mounts.d/c.xml");
  folder.put("store/mounts.d/new.xml", "<new/>");
  folder.put("store/mounts.d/notes.txt", "mine");
  folder.put("store/mounts.d/a.xml~", "<a/>");
  folder.put("store/mounts.d/white space.xml", "<new/>");
  folder.put("store/mounts.d/b.json", "{}");
  folder.put("store/mounts.d/json.xml", "{}");
  folder.put("store/mounts.d/large.xml", "<" + std::string(Registry::kValueBytes, 'x'));
  const auto faces = read();
  STRCMP_EQUAL("<edited/>", value("mounts/%2Fa").c_str());
  STRCMP_EQUAL("<b/>", value("mounts/%2Fb").c_str());
  STRCMP_EQUAL("-", value("mounts/%2Fc").c_str());
  STRCMP_EQUAL("<new/>", value("mounts/%2Fnew").c_str());
  STRCMP_EQUAL("-", value("mounts/%2Fjson").c_str());
  CHECK(revision("mounts/%2Fa") > 3);
  LONGS_EQUAL(3, faces.changes.size());
  LONGS_EQUAL(5, faces.bad.size());
  STRCMP_CONTAINS("b.xml: line 1: is bad; the last good record stays", faces.bad[1].c_str());
  // A restart knows the last good one too, and a mistake that was mended is none.
  open();
  LONGS_EQUAL(5, read().bad.size());
  STRCMP_EQUAL("<b/>", value("mounts/%2Fb").c_str());
  folder.put("store/mounts.d/b.xml", "<b/>");
  LONGS_EQUAL(4, read().bad.size());
}
TEST(RecordDirectory, AFolderThatIsGoneAsAWholeIsWrittenAgain) {
  open();
  commit("mounts/%2Fa", "<a/>");
  folder.remove("store/mounts.d");
  const auto faces = read();
  LONGS_EQUAL(0, faces.changes.size());
  LONGS_EQUAL(1, faces.bad.size());
  STRCMP_EQUAL("<a/>", folder.text("store/mounts.d/a.xml").c_str());
}
TEST(RecordDirectory, LinksAreNotFollowed) {
  folder.put("secret", "{\"secret\":1}");
  open();
  commit("users/anna", "{}");
  CHECK(::symlink(folder.file("secret").c_str(), folder.file("store/users.d/eve.json").c_str()) ==
        0);
  LONGS_EQUAL(1, read().bad.size());
  STRCMP_EQUAL("-", value("users/eve").c_str());
}
TEST(RecordDirectory, ADamagedFileIsNamedAndTheOthersAreRead) {
  open();
  commit("users/anna", "{}");
  commit("users/bob", "{}");
  folder.put("store/last-good/users.d/anna", "put users/an");
  folder.put("store/revision", "many");
  open();
  const auto faces = read();
  // Its face is there and valid, so it is a record that was made by hand.
  LONGS_EQUAL(2, faces.bad.size());
  STRCMP_EQUAL("{}", value("users/anna").c_str());
  CHECK(revision("users/anna") > 2);
}
TEST(RecordDirectory, WhatIsDurableIsKnownWhereItsFilesCannotBeWritten) {
  open();
  commit("users/anna", "{}");
  // A folder where the file's temporary is to be.
  folder.put("store/users.d/.anna.json.new/x", "");
  CHECK(directory->commit({{"users/anna", "{\"new\":1}", 2, kNoon}}).has_value());
  CHECK(!directory->finish().has_value());
  open();
  const auto faces = read();
  CHECK(!faces.bad.empty());
  LONGS_EQUAL(0, faces.changes.size());
  STRCMP_EQUAL("{\"new\":1}", value("users/anna").c_str());
  CHECK(directory->commit({{"users/bob", "{}", 3, kNoon}}).has_value());
  CHECK(!directory->finish().has_value());
  folder.remove("store/users.d/.anna.json.new");
  CHECK(directory->finish().has_value());
  LONGS_EQUAL(0, read().bad.size());
  STRCMP_EQUAL("{}", folder.text("store/users.d/bob.json").c_str());
  STRCMP_EQUAL("{\"new\":1}", folder.text("store/users.d/anna.json").c_str());
  CHECK(!folder.has("store/pending"));
}
TEST(RecordDirectory, NoEndOfTheProcessLosesWhatIsDurable) {
  // At every step of a commit that changes, makes and deletes, in turn.
  for (unsigned step = 0;; ++step) {
    folder.remove("store");
    open();
    commit("mounts/%2Fa", "<old/>");
    commit("users/gone", "{}");
    directory.reset();
    int pipe[2];
    CHECK(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto opened = RecordDirectory::open(folder.file("store"), no_word_bad);
      if (!opened) ::_exit(3);
      unsigned steps = 0;
      (*opened)->on_step([&](std::string_view) {
        if (steps++ == step) ::_exit(1);
      });
      const bool durable = (*opened)
                               ->commit({{"mounts/%2Fa", "{}", 3, kNoon},
                                         {"users/new", "{}", 3, kNoon},
                                         {"users/gone", std::nullopt, 3, kNoon}})
                               .has_value();
      if (durable && ::write(pipe[1], "d", 1) != 1) ::_exit(3);
      if (!(*opened)->finish()) ::_exit(3);
      ::_exit(0);
    }
    ::close(pipe[1]);
    char answered = 0;
    const bool durable = ::read(pipe[0], &answered, 1) == 1;
    ::close(pipe[0]);
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    open();
    LONGS_EQUAL(0, read().changes.size());
    const bool after = value("mounts/%2Fa") == "{}";
    if (durable) CHECK(after);
    STRCMP_EQUAL(after ? "{}" : "<old/>", value("mounts/%2Fa").c_str());
    STRCMP_EQUAL(after ? "{}" : "-", value("users/new").c_str());
    STRCMP_EQUAL(after ? "-" : "{}", value("users/gone").c_str());
    LONGS_EQUAL(after, folder.has("store/mounts.d/a.json"));
    LONGS_EQUAL(!after, folder.has("store/mounts.d/a.xml"));
    LONGS_EQUAL(!after, folder.has("store/users.d/gone.json"));
    CHECK(!folder.has("store/pending"));
    if (WEXITSTATUS(status) == 0) {
      CHECK(step > 10);
      break;
    }
  }
}
