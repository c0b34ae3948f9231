// The frame CONF, there and back, and runs of it.
#include "cluster/link/conf_frame.h"

#include <string>

#include "cluster/link/frame.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

ConfFrame conf_of(std::string_view line) {
  auto frame = parse_frame(line);
  if (!frame) FAIL(frame.error().what.c_str());
  CHECK(frame->has_value());
  return std::get<ConfFrame>(**frame);
}
std::string fault_of_conf(std::string_view line) {
  auto frame = parse_frame(line);
  return frame ? "(valid)" : frame.error().what;
}
std::string conf_line(const ConfFrame& frame) {
  std::string line = render_frame(frame);
  CHECK(line.ends_with('\n'));
  line.pop_back();
  return line;
}
// What a node makes of a run.
std::map<std::string, std::string> joined(const std::vector<ConfFrame>& frames) {
  std::map<std::string, std::string> all;
  std::string part;
  for (const ConfFrame& frame : frames) {
    const std::string line = conf_line(frame);
    CHECK(line.size() < kLongestFrame);
    for (const ConfItem& item : conf_of(line).set) {
      part += item.value;
      if (!item.part) all[item.key] = std::exchange(part, {});
    }
  }
  return all;
}

}  // namespace

TEST_GROUP(ConfFrame){};
TEST(ConfFrame, ItIsReadAsItIsWritten) {
  ConfFrame frame;
  frame.store = "4f1c.2";
  frame.revision = 412;
  frame.all = true;
  frame.set = {{"mounts/%2Frock.mp3", "<mount>\n \"\x7f</mount>", false}, {"bans/b1", "{}", true}};
  frame.removed = {"epochs/anna"};
  frame.more = true;
  const std::string line = conf_line(frame);
  STRCMP_EQUAL(
      R"({"t":"CONF","store":"4f1c.2","rev":412,"all":true,"set":[{"k":"mounts/%2Frock.mp3","v":"<mount>\u000a \"\u007f</mount>"},{"k":"bans/b1","v":"{}","part":true}],"del":["epochs/anna"],"more":true})",
      line.c_str());
  const ConfFrame again = conf_of(line);
  CHECK(again.set == frame.set);
  CHECK(again.removed == frame.removed);
  CHECK(again.all && again.more);
  LONGS_EQUAL(412, again.revision);
}
TEST(ConfFrame, WhatIsWrongIsNamed) {
  STRCMP_EQUAL("CONF: store is missing", fault_of_conf(R"({"t":"CONF","rev":1})").c_str());
  STRCMP_EQUAL("CONF: rev is missing", fault_of_conf(R"({"t":"CONF","store":"a.1"})").c_str());
  const auto with_set = [](std::string_view set) {
    return fault_of_conf(R"({"t":"CONF","store":"a.1","rev":1,"set":[)" + std::string(set) + "]}");
  };
  STRCMP_EQUAL("CONF: v is missing", with_set(R"({"k":"bans/a"})").c_str());
  STRCMP_EQUAL("CONF: k is missing", with_set(R"({"v":""})").c_str());
  STRCMP_EQUAL("CONF: v is not text", with_set(R"({"k":"bans/a","v":7})").c_str());
  STRCMP_EQUAL("CONF: set has an element that is not an object", with_set("7").c_str());
  for (const char* key : {"bans", "bans/", "/a", "../a", "Bans/a", "bans/a b", "bans/\\u00e4", ""})
    STRCMP_EQUAL("CONF: k has an invalid key",
                 with_set(R"({"k":")" + std::string(key) + R"(","v":""})").c_str());
  STRCMP_EQUAL("CONF: del has an invalid key",
               fault_of_conf(R"({"t":"CONF","store":"a.1","rev":1,"del":["x"]})").c_str());
}
TEST(ConfFrame, ARunFitsIntoFramesAndALongValueGoesInParts) {
  ConfFrame head;
  head.store = "a.1";
  head.revision = 9;
  head.all = true;
  ConfRun run(head);
  std::map<std::string, std::string> said;
  for (int i = 0; i < 300; ++i)
    said["bans/b" + std::to_string(i)] = std::string(static_cast<std::size_t>(7 * i), '"');
  // The longest one that there may be, of characters that take more as JSON.
  std::string longest;
  while (longest.size() + 3 <= kConfValueBytes)
    longest += longest.size() % 2 == 0 ? "\n\xc3\xa4" : "\"\xe2\x82";
  longest = std::string(kConfValueBytes, '\n');
  said["mounts/%2Flong"] = longest;
  said["mounts/%2Fempty"] = "";
  for (const auto& [key, value] : said) run.set(key, value);
  for (int i = 0; i < 100; ++i) run.remove("epochs/u" + std::to_string(i));
  const auto frames = run.take(false);
  CHECK(frames.size() > 8);
  for (std::size_t i = 0; i < frames.size(); ++i) {
    CHECK_EQUAL(i == 0, frames[i].all);
    CHECK_EQUAL(i + 1 < frames.size(), frames[i].more);
  }
  CHECK(joined(frames) == said);
}
