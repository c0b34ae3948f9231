#include "auth/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "auth/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(TextFile) { TemporaryDirectory directory; };

TEST(TextFile, IsReadOnceAndAgainWhenItChanged) {
  TextFile file(directory.put("f", "one"));
  auto first = file.read_if_changed();
  CHECK(first.has_value());
  STRCMP_EQUAL("one", first->value().c_str());
  CHECK(!file.read_if_changed().has_value());
  directory.put("f", "two");
  auto second = file.read_if_changed();
  CHECK(second.has_value());
  STRCMP_EQUAL("two", second->value().c_str());
}
TEST(TextFile, AnOlderTimeIsAChangeToo) {
  TextFile file(directory.put("f", "one"));
  CHECK(file.read_if_changed().has_value());
  directory.put("f", "two");
  timespec times[2] = {{5, 0}, {5, 0}};
  ::utimensat(AT_FDCWD, file.path().c_str(), times, 0);
  CHECK(file.read_if_changed().has_value());
}
TEST(TextFile, AnotherInodeIsAChange) {
  TextFile file(directory.put("f", "one"));
  CHECK(file.read_if_changed().has_value());
  directory.put("g", "two");
  ::rename(directory.file("g").c_str(), file.path().c_str());
  CHECK(file.read_if_changed().has_value());
}
TEST(TextFile, AnErrorIsToldOnceAChange) {
  TextFile file(directory.file("none"));
  auto error = file.read_if_changed();
  CHECK(error.has_value());
  CHECK(!error->has_value());
  CHECK(error->error().code == Error::Code::kNotFound);
  CHECK(error->error().what.find("none") != std::string::npos);
  CHECK(!file.read_if_changed().has_value());
  directory.put("none", "there");
  CHECK(file.read_if_changed()->has_value());
}
TEST(TextFile, ADirectoryIsNoFile) { CHECK(!read_file_text("/tmp").has_value()); }
TEST(TextFile, AnEmptyFileIsEmptyText) {
  auto file = read_file_text(directory.put("f", ""));
  CHECK(file.has_value());
  LONGS_EQUAL(0, file->text.size());
}
TEST(TextFile, IsReplacedInOneStepWithItsMode) {
  const std::string path = directory.put("f", "old");
  ::chmod(path.c_str(), 0604);
  const FileStamp before = FileStamp::of_file(path);
  CHECK(replace_file_text(path, "new text").has_value());
  STRCMP_EQUAL("new text", directory.text("f").c_str());
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  LONGS_EQUAL(0604, facts.st_mode & 07777);
  CHECK(!(FileStamp::of_file(path) == before));
  LONGS_EQUAL(1, directory.files());
}
TEST(TextFile, AFileThatWasNotThereIsCreated) {
  CHECK(replace_file_text(directory.file("f"), "new").has_value());
  STRCMP_EQUAL("new", directory.text("f").c_str());
}
TEST(TextFile, ASymbolicLinkStaysOne) {
  directory.put("real", "old");
  LONGS_EQUAL(0, ::symlink(directory.file("real").c_str(), directory.file("link").c_str()));
  CHECK(replace_file_text(directory.file("link"), "new").has_value());
  STRCMP_EQUAL("new", directory.text("real").c_str());
  struct stat facts {};
  ::lstat(directory.file("link").c_str(), &facts);
  CHECK(S_ISLNK(facts.st_mode));
}
TEST(TextFile, AMissingDirectoryIsAnError) {
  const auto replaced = replace_file_text(directory.file("no/f"), "x");
  CHECK(!replaced.has_value());
  CHECK(replaced.error().what.find("/no/f") != std::string::npos);
}
TEST(TextFile, WhereTheDirectoryMayNotBeWrittenTheFileIsWrittenInPlace) {
  if (::geteuid() == 0 && ::seteuid(65534) != 0) return;  // root may write everywhere
  const bool root = ::getuid() == 0;
  if (root) CHECK(::seteuid(0) == 0);
  const std::string path = directory.put("f", "a longer text than the next");
  ::chmod(path.c_str(), 0666);
  ::chmod(directory.file("").c_str(), 0555);
  if (root) CHECK(::seteuid(65534) == 0);
  const auto replaced = replace_file_text(path, "new");
  if (root) CHECK(::seteuid(0) == 0);
  ::chmod(directory.file("").c_str(), 0755);
  CHECK(replaced.has_value());
  STRCMP_EQUAL("new", directory.text("f").c_str());
}
