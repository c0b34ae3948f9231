#include "base/file.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>

#include "base/resource_limit.h"
#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat facts {};
  return ::lstat(path.c_str(), &facts) == 0 ? facts.st_mode : 0;
}

bool has(const Result<void>& result, std::string_view part) {
  return !result && result.error().what.find(part) != std::string::npos;
}

}  // namespace

TEST_GROUP(File) {
  TemporaryDirectory directory;

  // Runs it as a user that is not root.  False: that cannot be.
  template <class Run>
  bool as_other_user(Run run) {
    if (::geteuid() != 0) {
      run();
      return true;
    }
    if (::seteuid(65534) != 0) return false;
    run();
    return ::seteuid(0) == 0;
  }
};

TEST(File, IsReadWithItsStamp) {
  const std::string path = directory.put("f", "text");
  const auto file = read_file(path);
  CHECK(file.has_value());
  STRCMP_EQUAL("text", file->text.c_str());
  CHECK(file->stamp == FileStamp::of_file(path));
}
TEST(File, AnEmptyFileIsEmptyText) {
  auto file = read_file(directory.put("f", ""));
  CHECK(file.has_value());
  LONGS_EQUAL(0, file->text.size());
}
TEST(File, ADirectoryAndAFifoAreNoFiles) {
  CHECK(!read_file(std::string("/tmp")).has_value());
  LONGS_EQUAL(0, ::mkfifo(directory.file("fifo").c_str(), 0600));
  const auto fifo = read_file(directory.file("fifo"));
  CHECK(!fifo && fifo.error().code == Error::Code::kInvalid);
  STRCMP_EQUAL((directory.file("fifo") + ": is not a regular file").c_str(),
               fifo.error().what.c_str());
}
TEST(File, AMissingOneIsNotFound) {
  for (const std::string& path : {directory.file("none"), directory.put("f", "") + "/g"}) {
    const auto file = read_file(path);
    CHECK(!file && file.error().code == Error::Code::kNotFound);
    STRCMP_CONTAINS((path + ": cannot be read: ").c_str(), file.error().what.c_str());
  }
}
TEST(File, IsReadUpToALimit) {
  const std::string path = directory.put("f", std::string(200'000, 'x'));
  LONGS_EQUAL(200'000, read_file(path, {.limit = 200'000})->text.size());
  const auto longer = read_file(path, {.limit = 199'999});
  CHECK(!longer && longer.error().code == Error::Code::kLimit);
  STRCMP_EQUAL((path + ": is larger than 199999 bytes").c_str(), longer.error().what.c_str());
  const auto cut = read_file(path, {.limit = 199'999, .cut = true});
  LONGS_EQUAL(199'999, cut->text.size());
  LONGS_EQUAL(200'000, cut->stamp.bytes);
}
TEST(File, ASymbolicLinkIsFollowedOrRefused) {
  directory.put("real", "text");
  LONGS_EQUAL(0, ::symlink("real", directory.file("link").c_str()));
  STRCMP_EQUAL("text", read_file(directory.file("link"))->text.c_str());
  CHECK(!read_file(directory.file("link"), {.follows_links = false}).has_value());
  STRCMP_EQUAL("text", read_file(directory.file("real"), {.follows_links = false})->text.c_str());
}
TEST(File, PartsOfItAreRead) {
  const std::string path = directory.put("f", "0123456789");
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string part(4, '\0');
  LONGS_EQUAL(4, read_at(fd.get(), 3, std::as_writable_bytes(std::span(part))));
  STRCMP_EQUAL("3456", part.c_str());
  LONGS_EQUAL(2, read_at(fd.get(), 8, std::as_writable_bytes(std::span(part))));
  LONGS_EQUAL(0, read_at(fd.get(), 10, std::as_writable_bytes(std::span(part))));
  LONGS_EQUAL(0, read_at(-1, 0, std::as_writable_bytes(std::span(part))));
}

TEST(File, IsReplacedInOneStepAndNothingStaysBesideIt) {
  const std::string path = directory.put("f", "old");
  ::chmod(path.c_str(), 0644);
  const UniqueFd old(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  CHECK(replace_file(path, "new text").has_value());
  STRCMP_EQUAL("new text", directory.text("f").c_str());
  LONGS_EQUAL(0600, mode_of(path) & 07777);
  LONGS_EQUAL(1, directory.files());
  char before[8] = {};
  LONGS_EQUAL(3, ::pread(old.get(), before, sizeof before, 0));
  STRCMP_EQUAL("old", before);
  CHECK(replace_file(path, "", {.mode = 0640, .synced = Synced::kNothing}).has_value());
  STRCMP_EQUAL("", directory.text("f").c_str());
  LONGS_EQUAL(0640, mode_of(path) & 07777);
}
TEST(File, IsWrittenInPieces) {
  int piece = 0;
  std::string text;
  CHECK(replace_file(directory.file("f"), [&]() -> std::string_view {
          text = piece < 3 ? std::string(100'000, static_cast<char>('a' + piece)) : "";
          ++piece;
          return text;
        }).has_value());
  CHECK(directory.text("f") ==
        std::string(100'000, 'a') + std::string(100'000, 'b') + std::string(100'000, 'c'));
}
TEST(File, WhatACrashHasLeftIsReplaced) {
  directory.put(".f.new", "half of");
  CHECK(replace_file(directory.file("f"), "whole").has_value());
  STRCMP_EQUAL("whole", directory.text("f").c_str());
  LONGS_EQUAL(1, directory.files());
}
// A link would have it write somewhere else.
TEST(File, NoSymbolicLinkIsWrittenThrough) {
  directory.put("elsewhere", "safe");
  for (const char* name : {"f", ".f.new"})
    LONGS_EQUAL(0, ::symlink("elsewhere", directory.file(name).c_str()));
  CHECK(replace_file(directory.file("f"), "new").has_value());
  CHECK(S_ISREG(mode_of(directory.file("f"))));
  STRCMP_EQUAL("new", directory.text("f").c_str());
  STRCMP_EQUAL("safe", directory.text("elsewhere").c_str());
}
TEST(File, IsReplacedInAnOpenDirectory) {
  std::filesystem::create_directory(directory.file("d"));
  const UniqueFd below(::open(directory.file("d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::filesystem::rename(directory.file("d"), directory.file("moved"));
  const FileAt file(below.get(), directory.file("d"), "f");
  CHECK(replace_file(file, "text").has_value());
  STRCMP_EQUAL("text", directory.text("moved/f").c_str());
  STRCMP_EQUAL("text", read_file(file)->text.c_str());
  CHECK(has(replace_file(FileAt(below.get(), "shown", "no/f"), "x"), "shown/no/f: cannot be"));
}
TEST(File, IsOpenBehindItsBytes) {
  const auto file = place_file(directory.file("f"), "first");
  CHECK(file.has_value());
  CHECK(write_all(file->get(), " second"));
  STRCMP_EQUAL("first second", directory.text("f").c_str());
}
TEST(File, IsPreparedBeforeItHasItsName) {
  const std::string path = directory.put("f", "old");
  std::string before;
  CHECK(replace_file(path, "new",
                     {.prepare =
                          [&](int fd) {
                            before = directory.text("f");
                            return ::fchmod(fd, 0604) == 0;
                          }})
            .has_value());
  STRCMP_EQUAL("old", before.c_str());
  LONGS_EQUAL(0604, mode_of(path) & 07777);
}

TEST(File, OneThatIsGivenUpLeavesTheOldOne) {
  const std::string path = directory.put("f", "old");
  const auto given_up = place_file(path, "new", {.prepare = [](int) {
                                     errno = EDQUOT;
                                     return false;
                                   }});
  CHECK(!given_up.has_value());
  LONGS_EQUAL(EDQUOT, errno);
  STRCMP_CONTAINS("/f: cannot be written: Disk quota", given_up.error().what.c_str());
  STRCMP_EQUAL("old", directory.text("f").c_str());
  LONGS_EQUAL(1, directory.files());
}
TEST(File, AWriteThatFailsLeavesTheOldOne) {
  const std::string path = directory.put("f", "old");
  Result<void> replaced, edited;
  {
    const lb::test::ResourceLimit limit(RLIMIT_FSIZE, 1000);
    replaced = replace_file(path, std::string(1001, 'x'));
    edited = replace_edited_file(path, std::string(1001, 'x'));
  }
  CHECK(has(replaced, "/f: cannot be written: File too large"));
  CHECK(has(edited, "/f: cannot be replaced: File too large"));
  STRCMP_EQUAL("old", directory.text("f").c_str());
  LONGS_EQUAL(1, directory.files());
}
TEST(File, AFullDiskLeavesTheOldOne) {
  if (::geteuid() != 0 ||
      ::mount("none", directory.file("").c_str(), "tmpfs", 0, "size=64k,mode=700") != 0)
    return;  // only root may mount
  const std::string path = directory.put("f", "old");
  const auto full = replace_file(path, std::string(1 << 20, 'x'));
  const std::string text = directory.text("f");
  const std::size_t files = directory.files();
  const auto room = replace_file(path, std::string(40'000, 'x'));
  ::umount2(directory.file("").c_str(), MNT_DETACH);
  CHECK(has(full, "/f: cannot be written: No space left on device"));
  STRCMP_EQUAL("old", text.c_str());
  LONGS_EQUAL(1, files);
  CHECK(room.has_value());
}
TEST(File, AMissingDirectoryIsAnError) {
  CHECK(has(replace_file(directory.file("no/f"), "x"), "/no/f: cannot be written: No such file"));
  CHECK(has(replace_edited_file(directory.file("no/f"), "x"), "/no/f"));
}
TEST(File, ADirectoryThatMayNotBeWrittenIsAnError) {
  const std::string path = directory.put("f", "old");
  ::chmod(path.c_str(), 0666);
  ::chmod(directory.file("").c_str(), 0555);
  Result<void> replaced;
  if (as_other_user([&] { replaced = replace_file(path, "new"); }))
    CHECK(has(replaced, "/f: cannot be written: Permission denied"));
  ::chmod(directory.file("").c_str(), 0755);
  STRCMP_EQUAL("old", directory.text("f").c_str());
}
TEST(File, AReaderSeesOneWholeOrTheOther) {
  const std::string path = directory.put("f", std::string(100'000, 'a'));
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (char c = 'b'; !stop; c = c == 'z' ? 'a' : static_cast<char>(c + 1))
      std::ignore = replace_file(path, std::string(100'000, c), {.synced = Synced::kNothing});
  });
  bool whole = true;
  for (int i = 0; i < 300 && whole; ++i) {
    const auto file = read_file(path);
    whole = file && file->text == std::string(100'000, file->text[0]);
  }
  stop = true;
  writer.join();
  CHECK(whole);
}

TEST(File, AnEditedOneKeepsItsMode) {
  const std::string path = directory.put("f", "old");
  ::chmod(path.c_str(), 0604);
  const FileStamp before = FileStamp::of_file(path);
  CHECK(replace_edited_file(path, "new text").has_value());
  STRCMP_EQUAL("new text", directory.text("f").c_str());
  LONGS_EQUAL(0604, mode_of(path) & 07777);
  CHECK(!(FileStamp::of_file(path) == before));
  LONGS_EQUAL(1, directory.files());
}
TEST(File, AnEditedOneKeepsItsOwner) {
  const std::string path = directory.put("f", "old");
  if (::geteuid() != 0 || ::chown(path.c_str(), 65534, 65534) != 0) return;
  CHECK(replace_edited_file(path, "new").has_value());
  LONGS_EQUAL(65534, FileStamp::of_file(path).owner);
}
TEST(File, AnEditedOneThatWasNotThereIsCreated) {
  CHECK(replace_edited_file(directory.file("f"), "new").has_value());
  STRCMP_EQUAL("new", directory.text("f").c_str());
}
TEST(File, AnEditedSymbolicLinkStaysOne) {
  directory.put("real", "old");
  LONGS_EQUAL(0, ::symlink(directory.file("real").c_str(), directory.file("link").c_str()));
  CHECK(replace_edited_file(directory.file("link"), "new").has_value());
  STRCMP_EQUAL("new", directory.text("real").c_str());
  CHECK(S_ISLNK(mode_of(directory.file("link"))));
}
TEST(File, WhereTheDirectoryMayNotBeWrittenAnEditedOneIsWrittenInPlace) {
  const std::string path = directory.put("f", "a longer text than the next");
  ::chmod(path.c_str(), 0666);
  ::chmod(directory.file("").c_str(), 0555);
  Result<void> replaced;
  const bool ran = as_other_user([&] { replaced = replace_edited_file(path, "new"); });
  ::chmod(directory.file("").c_str(), 0755);
  if (!ran) return;  // root may write everywhere
  CHECK(replaced.has_value());
  STRCMP_EQUAL("new", directory.text("f").c_str());
}
