#include "cluster/relay/upstream_call.h"

#include <optional>

#include "http/loopback.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(UpstreamCall) {
  Loop loop{0, system_clock()};
  Resolver resolver{loop};
  Connector connector{loop, resolver};
  Loopback server{loop}, other{loop};
  std::unique_ptr<UpstreamCall> call;
  std::optional<Result<UpstreamAnswer>> result;
  UpstreamAsk asked;

  void setup() override {
    asked.upstream.target = {"127.0.0.1", server.port, false, ""};
    asked.upstream.mount = "/live.mp3";
    asked.user_agent = "Icecast 2.4.4";
  }
  void ask() {
    result.reset();
    call = std::make_unique<UpstreamCall>(connector, asked, [this](Result<UpstreamAnswer> answer) {
      result.emplace(std::move(answer));
      call.reset();  // as its owners do
    });
    while (!result) loop.run_once(true);
  }
  std::string fault() const { return result->has_value() ? "(none)" : result->error().what; }
  std::string here(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server.port) + path;
  }
  std::string there(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(other.port) + path;
  }
  static std::string moved(const std::string& to, int status = 302) {
    return "HTTP/1.0 " + std::to_string(status) + " Moved\r\nLocation: " + to + "\r\n\r\n";
  }
};

TEST(UpstreamCall, AsksAsAnIcecastSlaveDoes) {
  server.answers = {
      "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nicy-name:N\r\nicy-metaint:8000\r\n\r\nAUDIO"};
  ask();
  STRCMP_EQUAL(
      "GET /live.mp3 HTTP/1.0\r\nUser-Agent: Icecast 2.4.4\r\nHost: 127.0.0.1\r\nIcy-MetaData: "
      "1\r\n\r\n",
      server.requests[0].c_str());
  UpstreamAnswer& answer = **result;
  LONGS_EQUAL(8000, answer.metaint);
  STRCMP_EQUAL("AUDIO", answer.leftover.c_str());
  STRCMP_EQUAL("N", std::string(answer.headers.get("icy-name")).c_str());
  CHECK(answer.transport != nullptr);
  CHECK(answer.body.framing() == BodyReader::Framing::kUntilClose);
}
TEST(UpstreamCall, LogsInWhereItIsToldToAndAsksForNoTitles) {
  asked.upstream.username = "usr";
  asked.upstream.password = "pwd";
  asked.upstream.mount = "/my x";
  asked.icy_metadata = false;
  asked.user_agent = "a\r\nb";
  ask();
  STRCMP_EQUAL(
      "GET /my%20x HTTP/1.0\r\nUser-Agent: ab\r\nHost: 127.0.0.1\r\nAuthorization: Basic "
      "dXNyOnB3ZA==\r\n\r\n",
      server.requests[0].c_str());
}
TEST(UpstreamCall, APathOfAnUrlStaysAsItIs) {
  asked.upstream.mount = "/my x;y%20z?key=1&a=/";
  asked.upstream.as_in_url = true;
  ask();
  STRCMP_CONTAINS("GET /my%20x;y%20z?key=1&a=/ HTTP/1.0\r\n", server.requests[0].c_str());
}
TEST(UpstreamCall, WhatIsForTheFirstRequestGoesNoFurther) {
  asked.lines = "X-LB-Relay: e1.a\r\n";
  asked.first_lines = "X-LB-Pull: e1.a; to=…\r\n";
  server.answers = {moved("/elsewhere"), moved(there("/there"))};
  other.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"};
  ask();
  CHECK(result->has_value());
  CHECK(server.requests[0].find("\r\nX-LB-Relay: e1.a\r\nX-LB-Pull: e1.a; to=…\r\n\r\n") !=
        std::string::npos);
  for (const std::string& request : {server.requests[1], other.requests[0]}) {
    CHECK(request.find("X-LB-Relay") != std::string::npos);
    CHECK(request.find("X-LB-Pull") == std::string::npos);
  }
}
TEST(UpstreamCall, ANameWithoutAPasswordIsNotSent) {
  asked.upstream.username = "usr";
  ask();
  CHECK(server.requests[0].find("Authorization") == std::string::npos);
}
TEST(UpstreamCall, SaysWhoAnsweredWhat) {
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " answered 404 Not Found").c_str(), fault().c_str());
  server.answers = {""};
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " closed the connection without an answer").c_str(),
               fault().c_str());
}
TEST(UpstreamCall, TakesIcyAndChunkedAnswers) {
  server.answers = {"ICY 200 OK\r\nicy-metaint:x\r\n\r\n"};
  ask();
  CHECK(result->has_value());
  LONGS_EQUAL(0, (*result)->metaint);
  server.answers = {
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nicy-metaint: 99999999\r\n\r\n"};
  ask();
  CHECK((*result)->body.framing() == BodyReader::Framing::kChunked);
  LONGS_EQUAL(0, (*result)->metaint);
  server.answers = {
      "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 5\r\n\r\n"};  // a stream is
                                                                                    // as long as it
                                                                                    // is
  ask();
  CHECK((*result)->body.framing() == BodyReader::Framing::kUntilClose);
}
TEST(UpstreamCall, RefusesWhatIsNoStream) {
  for (const char* type : {"text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml",
                           "application/json", "image/svg+xml", "multipart/x-mixed-replace"}) {
    server.answers = {std::string("HTTP/1.0 200 OK\r\nContent-Type: ") + type + "\r\n\r\n"};
    ask();
    CHECK(result->error().code == Error::Code::kUnsupported);
  }
  server.answers = {
      "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\nTransfer-Encoding: gzip\r\n\r\n"};
  ask();
  CHECK(result->error().code == Error::Code::kUnsupported);
  const auto verdict = [](const char* type, bool icy = false) {
    Response response;
    response.icy = icy;
    if (*type != '\0') response.headers.add("content-type", type);
    return not_a_stream(response);
  };
  for (const char* type : {"audio/mpeg", "Video/WebM", "application/ogg", "audio/aac; charset=x"})
    STRCMP_EQUAL("", verdict(type).c_str());
  // What an internal service answers is not published, whatever it says that it is.
  for (const char* type : {"application/octet-stream", "application/pdf", "audio/x-mpegurl",
                           "audio/x-scpls", "image/png"})
    CHECK(!verdict(type).empty());
  STRCMP_EQUAL("answered without a Content-Type, which is not a stream", verdict("").c_str());
  STRCMP_EQUAL("", verdict("", true).c_str());
  STRCMP_EQUAL("", verdict("application/octet-stream", true).c_str());
  CHECK(!verdict("text/html", true).empty());
}
TEST(UpstreamCall, TakesATypeThatTheConfigurationNames) {
  const std::vector<std::string> more = {"application/x-test"};
  Response response;
  response.headers.add("content-type", "application/x-test");
  CHECK(!not_a_stream(response).empty());
  STRCMP_EQUAL("", not_a_stream(response, more).c_str());
  response.headers = {};
  response.headers.add("content-type", "application/octet-stream");
  CHECK(!not_a_stream(response, more).empty());
}
TEST(UpstreamCall, FollowsEveryKindOfRedirect) {
  other.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"};
  for (const int status : {301, 302, 303, 307, 308}) {
    server.answers = {moved(there("/new?x=1"), status)};
    ask();
    CHECK(result->has_value());
    CHECK(other.requests.back().starts_with("GET /new?x=1 HTTP/1.0\r\n"));
  }
  server.answers = {moved(there("/new"), 304)};
  ask();
  CHECK(!result->has_value());
}
TEST(UpstreamCall, ARelativeRedirectStaysAtTheServer) {
  server.answers = {moved("/new"), "HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"};
  ask();
  CHECK(result->has_value());
  CHECK(server.requests[1].starts_with("GET /new HTTP/1.0\r\n"));
}
TEST(UpstreamCall, KeepsThePasswordFromOtherServers) {
  asked.upstream.username = "usr";
  asked.upstream.password = "pwd";
  server.answers = {moved("/again"), moved(there("/new"))};
  other.answers = {"HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n"};
  ask();
  CHECK(server.requests[1].find("Authorization") != std::string::npos);
  CHECK(other.requests[0].find("Authorization") == std::string::npos);
}
TEST(UpstreamCall, ARedirectToNowhereIsAnErrorAndNothingWorse) {
  server.answers = {"HTTP/1.0 302 Found\r\n\r\n"};
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " redirects without a Location").c_str(), fault().c_str());
  server.answers = {moved("file:///etc/passwd")};
  ask();
  STRCMP_EQUAL(
      (here("/live.mp3") + " redirects, but the address is neither http nor https").c_str(),
      fault().c_str());
  server.answers = {moved("http://" + std::string(3500, 'a') + ":99999999999/x")};
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " redirects, but the host of the address is broken").c_str(),
               fault().c_str());
}
TEST(UpstreamCall, ARedirectDoesNotLeadIntoOtherPrivateNetworks) {
  for (const char* place :
       {"http://10.0.0.1/x", "http://169.254.169.254/latest", "http://[fd00::1]:81/x"}) {
    server.answers = {moved(place)};
    ask();
    STRCMP_CONTAINS("address, to which a server with a loopback address may not lead; not asked",
                    fault().c_str());
  }
}
TEST(UpstreamCall, ACircleOfRedirectsEnds) {
  server.answers = {moved(here("/live.mp3"))};
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " redirects in a circle").c_str(), fault().c_str());
  LONGS_EQUAL(1, server.requests.size());
}
TEST(UpstreamCall, TenRedirectsAreFollowedAndNoMore) {
  server.answers.clear();
  for (int i = 0; i < 10; ++i) server.answers.push_back(moved("/" + std::to_string(i)));
  server.answers.push_back("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n");
  ask();
  CHECK(result->has_value());
  LONGS_EQUAL(11, server.requests.size());
  server.requests.clear();
  server.answers.back() = moved("/more");
  ask();
  STRCMP_EQUAL((here("/9") + " redirects more than 10 times").c_str(), fault().c_str());
  LONGS_EQUAL(11, server.requests.size());
}
TEST(UpstreamCall, WaitsNoLongerThanItIsTold) {
  server.answers = {"HTTP/1.0 200 OK\r\n"};
  server.close_after = false;
  asked.head_deadline = 30ms;
  ask();
  STRCMP_EQUAL((here("/live.mp3") + " did not answer in time").c_str(), fault().c_str());
}
