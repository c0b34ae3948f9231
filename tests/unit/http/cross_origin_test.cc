#include "http/cross_origin.h"

#include <vector>

#include "http/message.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string lines(int status, std::vector<HttpHeader> global, std::vector<HttpHeader> mount = {}) {
  std::string out;
  append_cross_origin(out, status, global, mount);
  return out;
}

std::string of_redirect(std::vector<HttpHeader> global) {
  std::string out;
  append_allow_origin(out, 302, global);
  return out;
}

bool has(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_GROUP(CrossOrigin){};

TEST(CrossOrigin, AllowsAllAndNamesWhatAPlayerReads) {
  const std::string text = lines(200, {});
  CHECK(text.starts_with("Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: "));
  for (const char* name : {"Icy-MetaInt", "Icy-Name", "Icy-Br", "Ice-Audio-Info", "Content-Range"})
    CHECK(has(text, name));
  CHECK(text.ends_with("\r\n"));
}
TEST(CrossOrigin, AnAnswerExposesItsOwnHeadersToo) {
  std::string usual, more;
  append_cross_origin(usual, 200, {}, {});
  append_cross_origin(more, 200, {}, {}, "X-LB-Stream");
  STRCMP_EQUAL((usual.substr(0, usual.size() - 2) + ", X-LB-Stream\r\n").c_str(), more.c_str());
}
TEST(CrossOrigin, WhatIsConfiguredReplacesALine) {
  const std::string text = lines(200, {{"access-control-allow-origin", "https://a", 0}});
  CHECK(!has(text, "Allow-Origin"));
  CHECK(has(text, "Expose-Headers"));
  STRCMP_EQUAL("", lines(200, {{"Access-Control-Allow-Origin", "https://a", 0}},
                         {{"Access-Control-Expose-Headers", "X", 0}})
                       .c_str());
}
TEST(CrossOrigin, OnTheStatusThatItIsConfiguredFor) {
  const std::vector<HttpHeader> only_404 = {{"Access-Control-Allow-Origin", "https://a", 404}};
  CHECK(has(lines(200, only_404), "Allow-Origin: *\r\n"));
  CHECK(!has(lines(404, only_404), "Allow-Origin"));
  STRCMP_EQUAL("Access-Control-Allow-Origin: *\r\n", of_redirect(only_404).c_str());
}
TEST(CrossOrigin, ARedirectHasTheConfiguredHeaders) {
  const std::vector<HttpHeader> one = {{"X", "y", 0},
                                       {"Access-Control-Allow-Origin", "https://a", 0}};
  STRCMP_EQUAL("Access-Control-Allow-Origin: https://a\r\n", of_redirect(one).c_str());
}
TEST(CrossOrigin, APreflightAllowsMetadataAndRanges) {
  const std::string text = preflight_lines(204, {}, false);
  CHECK(has(text, "Access-Control-Allow-Methods: GET, HEAD, OPTIONS\r\n"));
  CHECK(has(text, "Icy-MetaData, Range,"));
  CHECK(!has(text, "Authorization"));
  CHECK(!has(text, "Private-Network"));
  CHECK(has(preflight_lines(204, {}, true), "Access-Control-Allow-Private-Network: true\r\n"));
  const std::vector<HttpHeader> own = {{"Access-Control-Allow-Headers", "X-Own", 0}};
  CHECK(!has(preflight_lines(204, own, false), "Allow-Headers"));
}
TEST(CrossOrigin, AHeadHasItOnlyWhereItIsForOtherSites) {
  ResponseHead head;
  ReplyFacts facts{"S", WallTime{}, {}, false};
  CHECK(!has(render_head(head, facts), "Access-Control"));
  facts.cross_origin = true;
  CHECK(has(render_head(head, facts), "\r\nAccess-Control-Allow-Origin: *\r\n"));
}
