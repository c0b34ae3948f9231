#include "http/access_line.h"

#include <cstdlib>
#include <ctime>
#include <string>

#include "base/json.h"
#include "base/log_book.h"
#include "http/connections.h"
#include "http/message.h"
#include "net/loop/loop.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const WallTime kNow{std::chrono::seconds(1'700'000'000)};

void zone(const char* name) {
  ::setenv("TZ", name, 1);
  ::tzset();
}

}  // namespace

TEST_GROUP(AccessLine) {
  AccessFacts facts;
  void setup() override {
    zone("UTC");
    facts.ip = "127.0.0.1";
    facts.request = "GET /hello.txt HTTP/1.0";
    facts.bytes_sent = 293;
  }
  void teardown() override {
    ::unsetenv("TZ");
    ::tzset();
  }
};
TEST(AccessLine, TheLinesOfATurnAreWrittenAtItsEnd) {
  FakeClock clock;
  test::CapturedLog captured(clock);
  Loop loop(0, clock);
  auto batch = std::make_shared<AccessBatch>(loop, captured.log);
  loop.post([&] {
    batch->add(facts, kNow);
    batch->add(facts, kNow + std::chrono::milliseconds(999));
    batch->add(facts, kNow + std::chrono::seconds(1));
    CHECK(captured.accesses().empty());
  });
  loop.run_once(true);
  loop.run_once(true);
  const std::string one = access_line(facts, kNow) + "\n";
  CHECK(captured.accesses() ==
        one + one + access_line(facts, kNow + std::chrono::seconds(1)) + "\n");
  // What nothing is left to write, its end writes.
  batch->add(facts, kNow);
  batch->flush();
  batch->flush();
  CHECK(captured.accesses().ends_with(
      ":21 +0000] \"GET /hello.txt HTTP/1.0\" 200 293 \"-\" \"-\" 0\n" + one));
}
TEST(AccessLine, ALotOfLinesIsNotKept) {
  FakeClock clock;
  test::CapturedLog captured(clock);
  Loop loop(0, clock);
  auto batch = std::make_shared<AccessBatch>(loop, captured.log);
  for (std::size_t bytes = 0; bytes < AccessBatch::kMaxBytes;
       bytes += access_line(facts, kNow).size() + 1)
    batch->add(facts, kNow);
  CHECK(captured.accesses().size() >= AccessBatch::kMaxBytes);
}
TEST(AccessLine, IsIcecastsLine) {
  CHECK(access_line(facts, kNow) ==
        "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /hello.txt HTTP/1.0\" 200 293 \"-\" "
        "\"-\" 0");
  facts.user = "alice";
  facts.shows_user = true;
  facts.status = 206;
  facts.bytes_sent = 98765432109876;
  facts.referer = "http://r/";
  facts.user_agent = "VLC/3.0 LibVLC";
  facts.seconds = 3600;
  CHECK(access_line(facts, kNow) ==
        "127.0.0.1 - alice [14/Nov/2023:22:13:20 +0000] \"GET /hello.txt HTTP/1.0\" 206 "
        "98765432109876 "
        "\"http://r/\" \"VLC/3.0 LibVLC\" 3600");
}
TEST(AccessLine, HasTheLocalTimeWithItsZone) {
  zone("XYZ-5:30");
  CHECK(clf_time(kNow) == "15/Nov/2023:03:43:20 +0530");
  zone("ABC3");
  CHECK(clf_time(kNow) == "14/Nov/2023:19:13:20 -0300");
}
TEST(AccessLine, ForeignBytesBecomeDotsAndOnlyAgentAndRefererKeepSpaces) {
  // As seen on 2.4.4 for User-Agent "a<TAB>b "é\`".
  facts.user_agent = "a\tb \"\xc3\xa9\\`";
  facts.referer = "r z";
  facts.user = "a b\n";
  facts.shows_user = true;
  facts.request = "GET /a b\x01!c HTTP/1.0";
  CHECK(access_line(facts, kNow) ==
        "127.0.0.1 - a.b. [14/Nov/2023:22:13:20 +0000] \"GET /a.b..c HTTP/1.0\" 200 293 \"r z\" "
        "\"a.b .....\" 0");
}
TEST(AccessLine, DeleteIsAControlByteToo) {  // found by fuzz/head.cc
  facts.user_agent = "a\x7f";
  STRCMP_CONTAINS("\"a.\" 0", access_line(facts, kNow).c_str());
}
TEST(AccessLine, AnEmptyRequestIsADash) {
  facts.request = "";
  STRCMP_CONTAINS("] \"-\" 200", access_line(facts, kNow).c_str());
}
TEST(AccessLine, NamesListenersOnly) {  // as seen on 2.4.4
  facts.user = "admin";
  STRCMP_CONTAINS("127.0.0.1 - - [", access_line(facts, kNow).c_str());
  STRCMP_CONTAINS("\"user\":\"admin\"", access_json(facts, kNow).c_str());
  facts.shows_user = true;
  STRCMP_CONTAINS("127.0.0.1 - admin [", access_line(facts, kNow).c_str());
}
TEST(AccessLine, IsCutAt1023Bytes) {
  const std::string long_request = "GET /" + std::string(1100, 'z') + " HTTP/1.0";
  facts.request = long_request;
  const std::string line = access_line(facts, kNow);
  LONGS_EQUAL(1023, line.size());
  CHECK(line.back() == 'z');
}

TEST(AccessLine, WithoutAnAddressThereIsADash) {
  facts.ip = "";
  STRCMP_CONTAINS("- - - [14/Nov/2023", access_line(facts, kNow).c_str());
}
TEST(AccessLine, IsJsonWhereThatIsWanted) {
  facts.user = "alice";
  facts.status = 206;
  facts.bytes_sent = 98765432109876;
  facts.referer = "http://r/";
  facts.user_agent = "VLC/3.0 LibVLC";
  facts.seconds = 3600;
  CHECK(access_json(facts, kNow) ==
        "{\"time\":\"2023-11-14T22:13:20+00:00\",\"ip\":\"127.0.0.1\",\"user\":\"alice\","
        "\"method\":\"GET\",\"path\":\"/hello.txt\",\"protocol\":\"HTTP/1.0\",\"status\":206,"
        "\"bytes\":98765432109876,\"referer\":\"http://r/\",\"agent\":\"VLC/3.0 LibVLC\","
        "\"seconds\":3600}");
}
TEST(AccessLine, WhatIsADashInTheTextIsNullInJson) {
  facts.ip = "";
  facts.request = "";
  CHECK(access_json(facts, kNow) ==
        "{\"time\":\"2023-11-14T22:13:20+00:00\",\"ip\":null,\"user\":null,\"method\":null,"
        "\"path\":null,\"protocol\":null,\"status\":200,\"bytes\":293,\"referer\":null,"
        "\"agent\":null,\"seconds\":0}");
}
TEST(AccessLine, JsonKeepsWhatTheTextHasToReplace) {
  facts.request = "GET /a \"b\"\\\xc3\xa9 HTTP/1.0";
  facts.user_agent = "a\tb\x1b[2J\xc2\x9b\xff";
  const std::string line = access_json(facts, kNow);
  CHECK(line.find('\n') == std::string::npos);
  CHECK(line.find('\x1b') == std::string::npos);
  const auto json = Json::parse(line);
  CHECK(json.has_value());
  CHECK(json->at("path").text() == "/a \"b\"\\\xc3\xa9");
  CHECK(json->at("agent").text() == "a\tb\x1b[2J\xc2\x9b\xef\xbf\xbd");
}
TEST(AccessLine, ARequestWithoutTwoSpacesIsAllPathInJson) {
  for (const char* request : {"GET", "GET /", " "}) {
    facts.request = request;
    const auto json = Json::parse(access_json(facts, kNow));
    CHECK(json.has_value());
    CHECK(json->at("path").text() == request);
    CHECK(json->at("method").is_null());
  }
}
TEST(AccessLine, JsonIsWholeHoweverLongItsFieldsAre) {
  for (const char* unit : {"x", "\x01", "\xff", "\xc3\xa9", "\""}) {
    std::string bytes;
    while (bytes.size() < 20000) bytes += unit;
    const std::string request = "GET /" + bytes + " HTTP/1.0";
    facts.user = facts.referer = facts.user_agent = bytes;
    facts.request = request;
    const std::string line = access_json(facts, kNow);
    CHECK(line.size() <= Log::kMaxBytes);
    CHECK(line.size() > 1000);
    const auto json = Json::parse(line);
    CHECK(json.has_value());
    CHECK(json->at("path").text().value_or("").starts_with("/"));
    CHECK(json->at("bytes").u64() == 293u);
  }
}
TEST(AccessLine, TimeInJsonIsRfc3339InTheLocalZone) {
  zone("XYZ-5:30");
  CHECK(rfc3339_time(kNow) == "2023-11-15T03:43:20+05:30");
  zone("ABC3");
  CHECK(rfc3339_time(kNow) == "2023-11-14T19:13:20-03:00");
}

namespace {

// A log of its own for settings that CapturedLog does not have.
std::string logged(LogFormat format, bool ip, const AccessFacts& facts) {
  const FakeClock clock;
  const UniqueFd file(::memfd_create("access", MFD_CLOEXEC));
  Log log(clock);
  LogSettings settings;
  settings.access_path = "/proc/self/fd/" + std::to_string(file.get());
  settings.access_format = format;
  settings.access_ip = ip;
  CHECK(log.open(settings).has_value());
  log_access(log, facts, kNow);
  std::string text(8192, '\0');
  const auto n = ::pread(file.get(), text.data(), text.size(), 0);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return text;
}

}  // namespace

TEST(AccessLine, IsWrittenInTheConfiguredFormat) {
  CHECK(logged(LogFormat::kText, true, facts) == access_line(facts, kNow) + "\n");
  CHECK(logged(LogFormat::kJson, true, facts) == access_json(facts, kNow) + "\n");
  STRCMP_CONTAINS("- - - [", logged(LogFormat::kText, false, facts).c_str());
  STRCMP_CONTAINS("\"ip\":null,", logged(LogFormat::kJson, false, facts).c_str());
}
TEST(AccessLine, AShoutcastLoginIsLoggedAsARequestOfHttp10) {
  Request request;
  request.protocol = Protocol::kIcy;
  request.method_text = "SOURCE";
  request.target = request.path = "/sc";
  STRCMP_EQUAL("SOURCE /sc HTTP/1.0", access_request(request).c_str());
}
TEST(AccessLine, ATitleSetWithAPasswordIsOneOfShoutcastsProtocol) {
  Request request;
  request.method_text = "GET";
  request.target = "/admin.cgi?pass=x&song=y";
  request.path = "/admin.cgi";
  request.query = "pass=x&song=y";
  STRCMP_EQUAL("GET /admin.cgi ICY/1.0", access_request(request).c_str());
  request.path = "/admin/admin.cgi";
  STRCMP_EQUAL("GET /admin.cgi ICY/1.0", access_request(request).c_str());
  request.query = "song=y";
  STRCMP_EQUAL("GET /admin.cgi HTTP/1.0", access_request(request).c_str());
}
