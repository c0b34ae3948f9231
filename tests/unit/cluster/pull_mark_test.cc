#include "cluster/relay/pull_mark.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// The example of doc/protocol.md; openssl has computed it.
constexpr const char* kMac = "f3ef197e24e01bda0ba57244768bdf9ebc763b38c017ccebf2c580c4261be13a";
constexpr const char* kHead = "edge3.9f3c21aa; to=m1.77e0aa01; n=17; t=1792540800; mac=";

PullMark mark() { return {"edge3", "9f3c21aa", "m1.77e0aa01", 17, 1'792'540'800}; }
std::optional<PullMark> read(std::string value) {
  Headers headers;
  headers.add("x-lb-pull", std::move(value));
  return pull_mark_of(headers);
}

}  // namespace

TEST_GROUP(PullMark){};

TEST(PullMark, IsTheOneOfThePage) {
  STRCMP_EQUAL((std::string("X-LB-Pull: ") + kHead + kMac + "\r\n").c_str(),
               pull_line(mark(), "s-edge3", "/locked.mp3").c_str());
}
TEST(PullMark, DependsOnEverythingThatItSays) {
  const auto other = [](auto change) {
    PullMark changed = mark();
    change(changed);
    return changed.mac_for("s-edge3", "/locked.mp3");
  };
  STRCMP_EQUAL(kMac, other([](PullMark&) {}).c_str());
  CHECK(other([](PullMark& m) { m.id = "edge4"; }) != kMac);
  CHECK(other([](PullMark& m) { m.epoch = "9f3c21ab"; }) != kMac);
  CHECK(other([](PullMark& m) { m.to = "m1.77e0aa02"; }) != kMac);
  CHECK(other([](PullMark& m) { m.number = 18; }) != kMac);
  CHECK(other([](PullMark& m) { m.at += 1; }) != kMac);
  CHECK(mark().mac_for("s-edge4", "/locked.mp3") != kMac);
  CHECK(mark().mac_for("s-edge3", "/locked.mp4") != kMac);
  STRCMP_EQUAL("", mark().mac_for("", "/locked.mp3").c_str());
}
TEST(PullMark, IsReadAsItWasWritten) {
  const auto got = read(std::string(" ") + kHead + kMac);
  CHECK(got.has_value());
  STRCMP_EQUAL("edge3", got->id.c_str());
  STRCMP_EQUAL("9f3c21aa", got->epoch.c_str());
  STRCMP_EQUAL("m1.77e0aa01", got->to.c_str());
  LONGS_EQUAL(17, got->number);
  LONGS_EQUAL(1'792'540'800, got->at);
  STRCMP_EQUAL(kMac, got->mac.c_str());
  CHECK(read("a.b.c.9f3c21aa; to=x.y.1; n=1; t=0; mac=" + std::string(kMac))->id == "a.b.c");
}
TEST(PullMark, OfAnotherFormIsNone) {
  const std::string mac = kMac;
  CHECK(!pull_mark_of(Headers()));
  for (const std::string& value : {
           std::string(),
           std::string("x"),
           std::string(";;;;"),
           std::string(100'000, 'a'),
           kHead + mac + "; x=1",                                    // one part too many
           "edge3; to=m1.77e0aa01; n=17; t=1792540800; mac=" + mac,  // no process
           "edge3.; to=m1.77e0aa01; n=17; t=1792540800; mac=" + mac,
           ".9f; to=m1.77e0aa01; n=17; t=1792540800; mac=" + mac,
           "ed ge.9f; to=m1.77e0aa01; n=17; t=1792540800; mac=" + mac,
           "edge3.9f; to=m1; n=17; t=1792540800; mac=" + mac,
           "edge3.9f; to=m1.77; n=0; t=1792540800; mac=" + mac,  // they begin with 1
           "edge3.9f; to=m1.77; n=-1; t=1792540800; mac=" + mac,
           "edge3.9f; to=m1.77; n=18446744073709551616; t=1792540800; mac=" + mac,
           "edge3.9f; to=m1.77; n=17; t=-5; mac=" + mac,
           "edge3.9f; to=m1.77; n=17; t=99999999999999; mac=" + mac,
           "edge3.9f; n=17; to=m1.77; t=1792540800; mac=" + mac,  // another order
           kHead + mac.substr(1),
           kHead + mac + "0",
           kHead + std::string(64, 'F'),  // capitals
           kHead + std::string(64, '\0'),
       })
    CHECK_TEXT(!read(value), value.substr(0, 80).c_str());
}
