#include "auth/guard/watched_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/temporary_directory.h"
#include "base/unique_fd.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(FileStamp) { TemporaryDirectory directory; };

TEST(FileStamp, OfNothingAndOfADirectory) {
  CHECK(!FileStamp::of_file(directory.file("none")).exists());
  CHECK(FileStamp::of_file(directory.file("none")) == FileStamp{});
  CHECK(FileStamp::of_file("/tmp").exists());
  CHECK(!FileStamp::of_file("/tmp").is_regular());
  CHECK(FileStamp::of_file(directory.put("f", "")).is_regular());
}
TEST(FileStamp, ASettledOneHoldsAndAYoungOneDoesNot) {
  struct stat facts {};
  ::stat(directory.put("f", "text").c_str(), &facts);
  facts.st_ctim.tv_sec -= 10;
  const FileStamp old = FileStamp::of(facts);
  CHECK(old.settled);
  CHECK(old.still_holds(old));
  FileStamp fresh = old;
  fresh.settled = false;
  CHECK(fresh == old);
  CHECK(!fresh.still_holds(old));
}
// A file system that keeps whole seconds has changes in one of them that no stamp shows.
TEST(FileStamp, OfWholeSecondsIsYoungForLonger) {
  struct stat facts {};
  ::stat(directory.put("f", "text").c_str(), &facts);
  --facts.st_ctim.tv_sec;
  CHECK(facts.st_ctim.tv_nsec == 0 || FileStamp::of(facts).settled);
  ++facts.st_ctim.tv_sec;
  facts.st_ctim.tv_nsec = 0;
  CHECK(!FileStamp::of(facts).settled);
  facts.st_ctim.tv_sec += 3600;  // another machine's clock
  CHECK(FileStamp::of(facts).settled);
}
TEST(FileStamp, ATimeThatWasSetBackIsSeen) {
  const std::string path = directory.put("f", "one");
  const timespec times[2] = {{5, 0}, {5, 0}};
  ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  const FileStamp before = FileStamp::of_file(path);
  do {
    directory.put("f", "two");
    ::utimensat(AT_FDCWD, path.c_str(), times, 0);
  } while (FileStamp::of_file(path).changed_ns == before.changed_ns);
  CHECK(!(FileStamp::of_file(path) == before));
  LONGS_EQUAL(before.modified_ns, FileStamp::of_file(path).modified_ns);
}

TEST_GROUP(WatchedFile) { TemporaryDirectory directory; };

TEST(WatchedFile, IsReadOnceAndAgainWhenItChanged) {
  WatchedFile file(directory.put("f", "one"));
  auto first = file.read_if_changed();
  CHECK(first.has_value());
  STRCMP_EQUAL("one", first->value().c_str());
  CHECK(!file.read_if_changed().has_value());
  directory.put("f", "two");
  auto second = file.read_if_changed();
  CHECK(second.has_value());
  STRCMP_EQUAL("two", second->value().c_str());
}
// Of one size and in one inode, and, before Linux 6.13, within one tick of the clock of stamps.
TEST(WatchedFile, NoChangeGoesUnseen) {
  WatchedFile file(directory.put("f", "one"));
  CHECK(file.read_if_changed().has_value());
  const UniqueFd fd(::open(file.path().c_str(), O_WRONLY | O_CLOEXEC));
  for (int i = 0; i < 500; ++i) {
    const std::string text = i % 2 == 0 ? "two" : "one";
    LONGS_EQUAL(3, ::pwrite(fd.get(), text.data(), text.size(), 0));
    const auto read = file.read_if_changed();
    CHECK(read.has_value());
    STRCMP_EQUAL(text.c_str(), read->value().c_str());
    CHECK(!file.read_if_changed().has_value());
  }
}
TEST(WatchedFile, AnOlderTimeIsAChangeToo) {
  WatchedFile file(directory.put("f", "one"));
  CHECK(file.read_if_changed().has_value());
  directory.put("f", "two");
  timespec times[2] = {{5, 0}, {5, 0}};
  ::utimensat(AT_FDCWD, file.path().c_str(), times, 0);
  CHECK(file.read_if_changed().has_value());
}
TEST(WatchedFile, AnotherInodeIsAChange) {
  WatchedFile file(directory.put("f", "one"));
  CHECK(file.read_if_changed().has_value());
  directory.put("g", "two");
  ::rename(directory.file("g").c_str(), file.path().c_str());
  CHECK(file.read_if_changed().has_value());
}
TEST(WatchedFile, AnErrorIsToldOnceAChange) {
  WatchedFile file(directory.file("none"));
  auto error = file.read_if_changed();
  CHECK(error.has_value());
  CHECK(!error->has_value());
  CHECK(error->error().code == Error::Code::kNotFound);
  CHECK(error->error().what.find("none") != std::string::npos);
  CHECK(!file.read_if_changed().has_value());
  directory.put("none", "there");
  CHECK(file.read_if_changed()->has_value());
}
TEST(WatchedFile, AYoungFileThatCannotBeReadIsToldOnce) {
  LONGS_EQUAL(0, ::mkfifo(directory.file("fifo").c_str(), 0600));
  WatchedFile file(directory.file("fifo"));
  CHECK(!file.read_if_changed()->has_value());
  CHECK(!file.read_if_changed().has_value());
}
