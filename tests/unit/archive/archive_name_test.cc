#include "archive/files/archive_name.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(ArchiveName){};

TEST(ArchiveName, EncodesEveryByteThatIsNotPlain) {
  CHECK(archive_directory("/live.mp3") == "%2Flive%2Emp3");
  CHECK(archive_directory("/a/../b") == "%2Fa%2F%2E%2E%2Fb");
  CHECK(archive_directory("/..") == "%2F%2E%2E");
  CHECK(archive_directory("/a_b-C9") == "%2Fa_b-C9");
  CHECK(archive_directory(std::string_view("/\0\xff", 3)) == "%2F%00%FF");
}

TEST(ArchiveName, HasNoDirectoryForANameThatIsTooLong) {
  CHECK(archive_directory("/" + std::string(252, 'a')).size() == 255);
  CHECK(archive_directory("/" + std::string(253, 'a')).empty());
}

TEST(ArchiveName, ReadsBackOnlyItsOwnNames) {
  CHECK(archive_mount("%2Flive%2Emp3") == std::string("/live.mp3"));
  CHECK(!archive_mount("..").has_value());
  CHECK(!archive_mount("live").has_value());
  CHECK(!archive_mount("%2flive").has_value());
  CHECK(!archive_mount("%2Flive%").has_value());
  CHECK(!archive_mount("%2Flive%6D").has_value());
  CHECK(!archive_mount("").has_value());
}

TEST(ArchiveName, NamesFilesByTimeIdentityAndOrigin) {
  const ArchiveFileName name{1'795'158'000, 0x0f2a00c1, 81'920};
  CHECK(to_string(name) == "1795158000-0f2a00c1-14000");
  CHECK(archive_path(name) == "2026-11-20/1795158000-0f2a00c1-14000");
  CHECK(parse_archive_file("1795158000-0f2a00c1-14000") == name);
  for (const char* wrong :
       {"", "-", "1-2-3", "01-00000001-1", "1-0000000A-1", "1-00000001-01", "../1-00000001-1",
        "1-00000001-1.data", "1-00000001-1-1", "-1-00000001-1", "99999999999999999-00000001-0"})
    CHECK(!parse_archive_file(wrong).has_value());
}
