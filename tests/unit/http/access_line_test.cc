#include "http/access_line.h"

#include <cstdlib>
#include <ctime>
#include <string>

#include "http/message.h"

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
TEST(AccessLine, IsIcecastsLine) {
  CHECK(access_line(facts, kNow) ==
        "127.0.0.1 - - [14/Nov/2023:22:13:20 +0000] \"GET /hello.txt HTTP/1.0\" 200 293 \"-\" "
        "\"-\" 0");
  facts.user = "alice";
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
TEST(AccessLine, IsCutAt1023Bytes) {
  const std::string long_request = "GET /" + std::string(1100, 'z') + " HTTP/1.0";
  facts.request = long_request;
  const std::string line = access_line(facts, kNow);
  LONGS_EQUAL(1023, line.size());
  CHECK(line.back() == 'z');
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
  request.query = "song=y";
  STRCMP_EQUAL("GET /admin.cgi HTTP/1.0", access_request(request).c_str());
}
