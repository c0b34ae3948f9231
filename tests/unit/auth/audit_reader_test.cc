#include "auth/login/audit_reader.h"

#include <string>
#include <vector>

#include "auth/login/audit_log.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/temporary_directory.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(AuditReader) {
  TemporaryDirectory directory;
  std::string path = directory.file("audit.log");

  void put(const std::string& text) { directory.put("audit.log", text); }
  AuditLines read(AuditBack back) const {
    return read_audit_back(path, back, [](std::string_view line) {
      if (line.find("stop") != std::string_view::npos) return AuditVerdict::kStop;
      return line.find("pass") != std::string_view::npos ? AuditVerdict::kPass
                                                         : AuditVerdict::kKeep;
    });
  }
  static std::string joined(const AuditLines& lines) {
    std::string out;
    for (const std::string& line : lines.lines) out += line + ";";
    return out;
  }
};

TEST(AuditReader, TheNewestLineIsFirst) {
  put("a\nb\npass\nc\n");
  STRCMP_EQUAL("c;b;a;", joined(read({})).c_str());
  CHECK(!read({}).next);
  put("a\nstop\nb\n");
  STRCMP_EQUAL("b;", joined(read({})).c_str());
  put("");
  STRCMP_EQUAL("", joined(read({})).c_str());
  put("cut off");
  STRCMP_EQUAL("cut off;", joined(read({})).c_str());
  STRCMP_EQUAL("", joined(read_audit_back(directory.file("none"), {}, [](std::string_view) {
                     return AuditVerdict::kKeep;
                   })).c_str());
}
TEST(AuditReader, PagesHaveEachLineOnce) {
  std::string text, wanted;
  for (int i = 0; i < 3000; ++i) {
    const std::string line = std::to_string(i) + std::string(static_cast<std::size_t>(i % 97), 'x');
    text += line + "\n";
    wanted.insert(0, line + ";");
  }
  put(text);
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}, std::size_t{500}}) {
    std::string all;
    AuditBack back;
    back.most = most;
    std::size_t pages = 0;
    while (pages++ < 4000) {
      const AuditLines page = read(back);
      CHECK(page.lines.size() <= most);
      all += joined(page);
      if (!page.next) break;
      back.before = page.next;
    }
    CHECK(all == wanted);
  }
}
TEST(AuditReader, ACallReadsNoMoreThanItsBytesAndSaysWhereToGoOn) {
  std::string text = "first\n";
  for (int i = 0; i < 20'000; ++i) text += "pass " + std::string(60, 'p') + "\n";
  put(text);
  AuditBack back;
  back.max_bytes = 256 * 1024;
  std::string all;
  int calls = 0;
  while (calls++ < 100) {
    const AuditLines page = read(back);
    all += joined(page);
    if (!page.next) break;
    CHECK(!back.before || *page.next < *back.before);
    back.before = page.next;
  }
  STRCMP_EQUAL("first;", all.c_str());
  CHECK(calls > 3 && calls < 10);
}
TEST(AuditReader, APlaceThatIsNoneIsTakenForTheEnd) {
  put("a\nb\n");
  AuditBack back;
  back.before = 1'000'000;
  STRCMP_EQUAL("b;a;", joined(read(back)).c_str());
  back.before = 0;
  STRCMP_EQUAL("", joined(read(back)).c_str());
}
TEST(AuditReader, ReadsWhatTheLogWrites) {
  AuditLog log;
  CHECK(log.open(path, "m1").has_value());
  for (const char* user : {"anna", "otto", "vera"}) {
    AuditEntry entry;
    entry.user = user;
    entry.action = "create";
    CHECK(log.write(entry, WallTime(std::chrono::seconds(1'700'000'000))).has_value());
  }
  std::vector<std::string> who;
  read_audit_back(path, {}, [&](std::string_view line) {
    who.emplace_back(*Json::parse(line)->at("who").text());
    return AuditVerdict::kPass;
  });
  STRCMP_EQUAL("vera", who.at(0).c_str());
  STRCMP_EQUAL("anna", who.at(2).c_str());
  STRCMP_EQUAL("2023-11-14T22:13:20.000Z", utc_text(1'700'000'000'000, UtcForm::kMs).c_str());
}
