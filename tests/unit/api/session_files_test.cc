// Session files, read back by readers that know the published forms alone.
#include "api/audience/session_files.h"

#include <string>
#include <vector>

#include "base/strings.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr std::int64_t kAt = 1'795'651'200'000;  // 2026-11-26 00:00 UTC

const std::vector<SpooledListening> kRows = {
    {kAt - 1'500, kAt + 58'400, 960'000, "192.0.2.7", "/live one.mp3", "VLC/3.0 \"x\"\ty",
     "https://example.org/"},
    {kAt, kAt + 5'000, 0, "2001:db8::1", "/b", "=1+1", ""}};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find("\r\n", at);
    CHECK(end != std::string::npos);
    lines.push_back(text.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

}  // namespace

TEST_GROUP(SessionFiles){};

TEST(SessionFiles, NprHasSevenColumns) {
  const auto lines = lines_of(npr_text(kRows));
  LONGS_EQUAL(2, lines.size());
  STRCMP_EQUAL("192.0.2.7\t2026-11-25\t23:59:58\t/live_one.mp3\t60\t200\tVLC/3.0 \"x\" y",
               lines[0].c_str());
  STRCMP_EQUAL("2001:db8::1\t2026-11-26\t00:00:00\t/b\t5\t200\t'=1+1", lines[1].c_str());
}

TEST(SessionFiles, TritonIsAnExtendedLog) {
  const auto lines = lines_of(triton_text(kRows, kAt, kAt + 86'400'000, kAt + 90'000'000));
  LONGS_EQUAL(8, lines.size());
  STRCMP_EQUAL("#Version: 1.0", lines[0].c_str());
  STRCMP_EQUAL("#Start-Date: 2026-11-26 00:00:00", lines[2].c_str());
  STRCMP_EQUAL("#End-Date: 2026-11-27 00:00:00", lines[3].c_str());
  std::vector<std::string> names;
  CHECK(lines[5].starts_with("#Fields: "));
  const std::string_view fields = std::string_view(lines[5]).substr(9);
  for (const auto name : split(fields, '\t')) names.emplace_back(name);
  for (const auto& line : {lines[6], lines[7]}) LONGS_EQUAL(names.size(), split(line, '\t').size());
  STRCMP_EQUAL(
      "2026-11-26\t00:00:58\t192.0.2.7\t/live_one.mp3\t200\t960000\t60\t\"VLC/3.0 \"\"x\"\" "
      "y\"\t\"https://example.org/\"",
      lines[6].c_str());
  CHECK(lines[7].ends_with("\t0\t5\t\"'=1+1\"\t-"));
}

TEST(SessionFiles, APageGoesOnBehindTheLastRowOfTheOneBefore) {
  const auto row = [](std::int64_t ended, const char* address) {
    return SpooledListening{kAt, kAt + ended, 0, address, "/a", "", ""};
  };
  std::vector<SpooledListening> rows = {row(1, "a"), row(2, "a"), row(2, "b"), row(2, "c"),
                                        row(3, "a")};
  LONGS_EQUAL(0, *rows_before(rows, session_place(rows, 0)));
  for (std::size_t i = 1; i <= rows.size(); ++i)
    LONGS_EQUAL(i, *rows_before(rows, session_place(rows, i)));
  const std::string two = session_place(rows, 3), all = session_place(rows, 5);
  // The range has moved on, or the listener's rows were deleted.
  rows.erase(rows.begin());
  LONGS_EQUAL(2, *rows_before(rows, two));
  rows.erase(rows.begin() + 1, rows.end() - 1);
  LONGS_EQUAL(1, *rows_before(rows, two));
  rows.push_back(row(4, "a"));
  LONGS_EQUAL(2, *rows_before(rows, all));
  for (const char* wrong : {"", "1", "1.2", "1.2.3.4", "a.b.c", "1..2", "9999999999999999999.1.1"})
    CHECK_TEXT(!rows_before(rows, wrong), wrong);
}
