#include "net/fetch/line_stream.h"

#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof size, "%zx", text.size());
  return std::string(size) + "\r\n" + text + "\r\n";
}
const std::string kChunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

}  // namespace

TEST_GROUP(LineStream) {
  Loop loop{0, system_clock()};
  std::unique_ptr<LineStream> stream;
  std::vector<std::string> lines;
  std::optional<Result<FetchAnswer>> end;

  static FetchRequest request(const std::string& url) {
    FetchRequest made;
    made.url = url;
    made.json = "{}";
    made.timeout = std::chrono::seconds(5);
    return made;
  }
  void open(FetchRequest made) {
    stream = std::make_unique<LineStream>(
        loop, std::move(made),
        LineStream::Callbacks{
            [this](std::string_view line) { lines.emplace_back(line); },
            [this](Result<FetchAnswer> answer) { end.emplace(std::move(answer)); }});
  }
  template <class Fact>
  void run_until(Fact fact) {
    bool late = false;
    Timer limit(loop, [&late] { late = true; });
    limit.after(std::chrono::seconds(120));
    while (!fact() && !late) loop.run_once(true);
    CHECK(!late);
  }
};

TEST(LineStream, LinesComeWhileTheAnswerGoesOn) {
  StubHttp stub([](const std::string&) {
    return kChunkedHead + chunk("{\"a\":1}\n{\"b\"") + chunk(":2}\n\nend");
  });
  open(request(stub.url("/v3/watch")));
  LONGS_EQUAL(0, lines.size());
  run_until([this] { return lines.size() == 2; });
  STRCMP_EQUAL("{\"a\":1}", lines[0].c_str());
  STRCMP_EQUAL("{\"b\":2}", lines[1].c_str());
  CHECK(!end);
  const std::string got = stub.requests().at(0);
  CHECK(got.starts_with("POST /v3/watch HTTP/1.1\r\n"));
  CHECK(got.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(got.ends_with("\r\n\r\n{}"));
}
TEST(LineStream, AnAnswerThatEndsIsToldOnce) {
  StubHttp stub([](const std::string&) { return StubHttp::ok({}, "one\ntwo"); });
  open(request(stub.url("/")));
  run_until([this] { return end.has_value(); });
  LONGS_EQUAL(1, lines.size());
  CHECK(end->has_value());
  LONGS_EQUAL(200, end->value().status);
}
TEST(LineStream, AnotherStatusIsAnAnswerWithItsBody) {
  StubHttp stub(
      [](const std::string&) { return "HTTP/1.1 401 No\r\nContent-Length: 9\r\n\r\nno\ntoken\n"; });
  open(request(stub.url("/")));
  run_until([this] { return end.has_value(); });
  CHECK(end->has_value());
  LONGS_EQUAL(401, end->value().status);
  STRCMP_EQUAL("no\ntoken\n", end->value().body.c_str());
  LONGS_EQUAL(0, lines.size());
}
TEST(LineStream, ALineThatIsTooLongEndsIt) {
  StubHttp stub([](const std::string&) {
    return kChunkedHead + chunk("ok\n") + chunk(std::string(2000, 'x'));
  });
  FetchRequest made = request(stub.url("/"));
  made.body_bytes = 1000;
  open(std::move(made));
  run_until([this] { return end.has_value(); });
  CHECK(!end->has_value());
  CHECK(end->error().code == Error::Code::kLimit);
  LONGS_EQUAL(1, lines.size());
}
TEST(LineStream, AServerThatAnswersNothingIsATimeout) {
  StubHttp stub([](const std::string&) { return std::string(); });
  FetchRequest made = request(stub.url("/"));
  made.timeout = std::chrono::milliseconds(150);
  open(std::move(made));
  run_until([this] { return end.has_value(); });
  CHECK(!end->has_value());
  CHECK(end->error().code == Error::Code::kTimeout);
}
TEST(LineStream, AServerThatIsNotThereIsAnError) {
  std::string url;
  {
    StubHttp gone(std::string{});
    url = gone.url("/");
  }
  open(request(url));
  run_until([this] { return end.has_value(); });
  CHECK(end->error().code == Error::Code::kClosed);
  end.reset();
  open(request("file:///etc/passwd"));
  run_until([this] { return end.has_value(); });
  CHECK(end->error().code == Error::Code::kInvalid);
}
TEST(LineStream, ItMayBeEndedByALine) {
  StubHttp stub([](const std::string&) { return kChunkedHead + chunk("a\nb\nc\n"); });
  unsigned told = 0;
  stream = std::make_unique<LineStream>(
      loop, request(stub.url("/")),
      LineStream::Callbacks{[&](std::string_view) {
                              ++told;
                              stream.reset();
                            },
                            [](const Result<FetchAnswer>&) { FAIL("told after its end"); }});
  run_until([&] { return told > 0; });
  for (int i = 0; i < 20; ++i) loop.run_once(false);
  LONGS_EQUAL(1, told);
}
