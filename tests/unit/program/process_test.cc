#include "program/process.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/temporary_directory.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Process) { TemporaryDirectory directory; };

TEST(Process, APidFileIsThereAsLongAsItsOwner) {
  {
    const auto file = PidFile::write(directory.file("pid"));
    CHECK(file.has_value());
    CHECK_EQUAL(std::to_string(::getpid()) + "\n", directory.text("pid"));
  }
  CHECK(::access(directory.file("pid").c_str(), F_OK) != 0);
}
TEST(Process, APidFileMoves) {
  auto first = PidFile::write(directory.file("pid"));
  {
    PidFile second = std::move(*first);
    CHECK(::access(directory.file("pid").c_str(), F_OK) == 0);
  }
  CHECK(::access(directory.file("pid").c_str(), F_OK) != 0);
}
TEST(Process, WithoutANameThereIsNoPidFile) {
  CHECK(PidFile::write("").has_value());
  LONGS_EQUAL(0, directory.files());
}
TEST(Process, APidFileWhereNoneCanBeIsAnError) {
  CHECK_FALSE(PidFile::write(directory.file("none/pid")).has_value());
}
TEST(Process, OnlyWhatNobodyElseMayWriteIsRootsWord) {
  const std::string file = directory.put("conf", "x");
  if (::getuid() == 0) {
    ::chmod(file.c_str(), 0644);
    CHECK(only_root_writes(file));
    ::chmod(file.c_str(), 0666);
  }
  CHECK_FALSE(only_root_writes(file));
  CHECK_FALSE(only_root_writes(directory.file("none")));
}
TEST(Process, WithoutAUserNothingIsDroppedAndRootDoesNotServe) {
  CHECK_EQUAL(::getuid() != 0,
              drop_privileges(SecuritySettings{}, PathSettings{}, false).has_value());
}
TEST(Process, AUserThatThereIsNotIsAnError) {
  SecuritySettings security;
  security.user = "lb-no-such-user";
  security.group = "lb-no-such-group";
  if (::getuid() == 0) CHECK_FALSE(drop_privileges(security, PathSettings{}, false).has_value());
}
