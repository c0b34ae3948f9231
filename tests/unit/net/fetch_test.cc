#include "net/fetch/fetch.h"

#include <curl/curl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/cat.h"
#include "base/temporary_directory.h"
#include "base/unique_fd.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string echo_path(const std::string& request) {
  return StubHttp::ok("X-One: 1\r\n", request.substr(0, request.find("\r\n")));
}

}  // namespace

TEST_GROUP(Fetcher) {
  Loop loop{0, system_clock()};
  std::unique_ptr<Fetcher> fetcher = std::make_unique<Fetcher>(loop);
  std::vector<std::unique_ptr<Result<FetchAnswer>>> answers;

  void start(FetchRequest request) {
    fetcher->start(std::move(request), [this](Result<FetchAnswer> answer) {
      answers.push_back(std::make_unique<Result<FetchAnswer>>(std::move(answer)));
    });
  }
  static FetchRequest get(const std::string& url) {
    FetchRequest request;
    request.url = url;
    request.timeout = std::chrono::seconds(5);
    return request;
  }
  void run_until(std::size_t n) {
    Timer limit(loop, [] { FAIL("no answer within 120 s"); });
    limit.after(std::chrono::seconds(120));
    while (answers.size() < n) loop.run_once(true);
  }
};

TEST(Fetcher, GetsAnAnswerWithItsHeadAndBody) {
  StubHttp stub(echo_path);
  start(get(stub.url("/a?b=c")));
  LONGS_EQUAL(0, answers.size());
  run_until(1);
  CHECK(answers[0]->has_value());
  const FetchAnswer& answer = answers[0]->value();
  LONGS_EQUAL(200, answer.status);
  STRCMP_EQUAL("GET /a?b=c HTTP/1.1", answer.body.c_str());
  STRCMP_EQUAL("X-One: 1", answer.headers.at(0).c_str());
}
TEST(Fetcher, PostsAFormWithLoginAndAgentAndWithoutExpect) {
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  FetchRequest request = get(stub.url("/auth"));
  request.form = std::string(3000, 'a');
  request.user = "be";
  request.password = "b:p";
  request.user_agent = "Icecast 2.4.4";
  start(std::move(request));
  run_until(1);
  const std::string got = stub.requests().at(0);
  CHECK(got.starts_with("POST /auth HTTP/1.1\r\n"));
  CHECK(got.find("Content-Type: application/x-www-form-urlencoded\r\n") != std::string::npos);
  CHECK(got.find("Authorization: Basic YmU6Yjpw\r\n") != std::string::npos);
  CHECK(got.find("User-Agent: Icecast 2.4.4\r\n") != std::string::npos);
  CHECK(got.find("Expect") == std::string::npos);
  CHECK(got.ends_with(std::string("\r\n\r\n") + std::string(3000, 'a')));
}
TEST(Fetcher, AnEmptyFormIsAPostToo) {
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  FetchRequest request = get(stub.url("/"));
  request.form = "";
  start(std::move(request));
  run_until(1);
  CHECK(stub.requests().at(0).starts_with("POST / "));
}
TEST(Fetcher, PostsJsonWithHeadersOfItsOwn) {
  StubHttp stub([](const std::string&) { return StubHttp::ok(); });
  FetchRequest request = get(stub.url("/v3/kv/range"));
  request.json = "{\"key\":\"YQ==\"}";
  request.headers = {"Authorization: token.1"};
  start(std::move(request));
  run_until(1);
  const std::string got = stub.requests().at(0);
  CHECK(got.starts_with("POST /v3/kv/range HTTP/1.1\r\n"));
  CHECK(got.find("Content-Type: application/json\r\n") != std::string::npos);
  CHECK(got.find("x-www-form-urlencoded") == std::string::npos);
  CHECK(got.find("Authorization: token.1\r\n") != std::string::npos);
  CHECK(got.find("Expect") == std::string::npos);
  CHECK(got.ends_with("\r\n\r\n{\"key\":\"YQ==\"}"));
}
TEST(Fetcher, JsonMayBeOfAnotherType) {
  std::string got;
  StubHttp stub([&got](const std::string& request) {
    got = request;
    return StubHttp::ok();
  });
  FetchRequest request = get(stub.url("/acme"));
  request.json = "{}";
  request.json_type = "application/jose+json";
  start(request);
  run_until(1);
  CHECK(got.find("Content-Type: application/jose+json\r\n") != std::string::npos);
}
TEST(Fetcher, AHeaderIsFoundByItsWholeNameInAnyCase) {
  const FetchAnswer answer{
      200, {"X-Replay-Nonce: no", "replay-nonce:  one ", "Replay-Nonce: two"}, ""};
  STRCMP_EQUAL("one", std::string(answer.header("Replay-Nonce")).c_str());
  STRCMP_EQUAL("", std::string(answer.header("Replay")).c_str());
  STRCMP_EQUAL("", std::string(answer.header("Location")).c_str());
}
TEST(Fetcher, AnAddressThatAServerElsewhereHasNamedIsNotOneOfThisHost) {
  StubHttp stub(echo_path);
  for (const Reach from : {Reach::kPublic, Reach::kNetwork, Reach::kLink}) {
    FetchRequest request = get(stub.url("/named"));
    request.named_by = from;
    start(std::move(request));
    run_until(answers.size() + 1);
    CHECK(!answers.back()->has_value());
    LONGS_EQUAL(static_cast<int>(Error::Code::kClosed),
                static_cast<int>(answers.back()->error().code));
  }
  LONGS_EQUAL(0, stub.requests().size());
  FetchRequest request = get(stub.url("/named"));
  request.named_by = Reach::kHost;
  start(std::move(request));
  run_until(4);
  CHECK(answers.back()->has_value());
}
TEST(Fetcher, AnAuthorityThatIsNoFileIsAnError) {
  FetchRequest request = get("https://127.0.0.1:9/");
  request.tls.ca_file = "/nonexistent/ca.pem";
  start(std::move(request));
  run_until(1);
  CHECK(!answers[0]->has_value());
}
TEST(Fetcher, AFifoOrADiskInPlaceOfAFileForTlsIsAnErrorAtOnce) {
  TemporaryDirectory directory;
  const std::string fifo = directory.file("fifo"), huge = directory.put("huge", "");
  LONGS_EQUAL(0, ::mkfifo(fifo.c_str(), 0600));
  LONGS_EQUAL(0, ::truncate(huge.c_str(), 1L << 30));
  for (std::string FetchTls::*const file :
       {&FetchTls::ca_file, &FetchTls::certificate, &FetchTls::key_file})
    for (const std::string& path : {fifo, huge}) {
      FetchRequest request = get("https://127.0.0.1:9/");
      request.tls.*file = path;
      start(std::move(request));
      run_until(answers.size() + 1);
      STRCMP_CONTAINS((path + ": is ").c_str(), answers.back()->error().what.c_str());
    }
}
TEST(Fetcher, AFailingStatusIsAnAnswer) {
  StubHttp stub([](const std::string&) { return "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"; });
  start(get(stub.url("/")));
  run_until(1);
  CHECK(answers[0]->has_value());
  LONGS_EQUAL(503, answers[0]->value().status);
}
TEST(Fetcher, ABackendThatIsNotThereIsAnErrorThatNamesIt) {
  std::string url;
  {
    StubHttp gone(echo_path);
    url = gone.url("/x");
  }
  start(get(url));
  run_until(1);
  CHECK(!answers[0]->has_value());
  CHECK(answers[0]->error().code == Error::Code::kClosed);
  CHECK(answers[0]->error().what.find(url) != std::string::npos);
}
TEST(Fetcher, ASilentBackendEndsByItsTimeout) {
  StubHttp stub([](const std::string&) { return std::string(); });
  FetchRequest request = get(stub.url("/"));
  request.timeout = std::chrono::milliseconds(150);
  start(std::move(request));
  run_until(1);
  CHECK(!answers[0]->has_value());
  CHECK(answers[0]->error().code == Error::Code::kTimeout);
  LONGS_EQUAL(1, fetcher->counted(FetchPurpose::kOther).failed);
}
TEST(Fetcher, OnlyHttpIsSpoken) {
  for (const char* url :
       {"file:///etc/passwd", "gopher://x/", "", "http://a b/", "http://a\n/", "httpx://a"}) {
    CHECK(!is_fetchable(url));
    start(get(url));
  }
  LONGS_EQUAL(0, answers.size());
  run_until(6);
  for (const auto& answer : answers) {
    CHECK(!answer->has_value());
    CHECK(answer->error().code == Error::Code::kInvalid);
    LONGS_EQUAL(6, fetcher->counted(FetchPurpose::kOther).failed);
  }
  CHECK(is_fetchable("HTTPS://x.example/y?z"));
}
TEST(Fetcher, KeepsNoMoreBodyThanAsked) {
  StubHttp stub([](const std::string&) { return StubHttp::ok({}, std::string(100'000, 'x')); });
  FetchRequest request = get(stub.url("/"));
  request.body_bytes = 10;
  start(std::move(request));
  run_until(1);
  CHECK(answers[0]->has_value());
  LONGS_EQUAL(10, answers[0]->value().body.size());
}
TEST(Fetcher, AnEndlessHeadIsAnError) {
  StubHttp stub([](const std::string&) {
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "X-Long: " + std::string(90, 'y') + "\r\n";
    return StubHttp::ok(lines);
  });
  start(get(stub.url("/")));
  run_until(1);
  CHECK(!answers[0]->has_value());
}
TEST(Fetcher, FollowsRedirectsOnlyWhereAllowed) {
  StubHttp stub([](const std::string& request) {
    if (request.starts_with("GET /first"))
      return std::string(
          "HTTP/1.1 302 Found\r\nLocation: /second\r\nX-First: 1\r\nContent-Length: 0\r\n\r\n");
    return StubHttp::ok("X-Second: 1\r\n", "there");
  });
  start(get(stub.url("/first")));
  run_until(1);
  LONGS_EQUAL(302, answers[0]->value().status);
  STRCMP_EQUAL("Location: /second", answers[0]->value().headers.at(0).c_str());
  FetchRequest follow = get(stub.url("/first"));
  follow.redirects = 1;
  start(std::move(follow));
  run_until(2);
  LONGS_EQUAL(200, answers[1]->value().status);
  STRCMP_EQUAL("there", answers[1]->value().body.c_str());
  STRCMP_EQUAL("X-Second: 1", answers[1]->value().headers.at(0).c_str());
}
TEST(Fetcher, AFormIsSentAgainWhereItsServerMoved) {
  int status = 0;
  StubHttp stub([&status](const std::string& request) {
    if (request.find(" /first ") != std::string::npos)
      return cat({"HTTP/1.1 ", status, " Moved\r\nLocation: /second\r\nContent-Length: 0\r\n\r\n"});
    return StubHttp::ok();
  });
  for (const int moved : {301, 302, 303, 307, 308}) {
    status = moved;
    FetchRequest request = get(stub.url("/first"));
    request.form = "action=add";
    request.redirects = 1;
    start(std::move(request));
    run_until(answers.size() + 1);
    LONGS_EQUAL(200, answers.back()->value().status);
    const std::string got = stub.requests().back();
    if (moved == 303) {  // its answer is elsewhere
      CHECK(got.starts_with("GET /second "));
    } else {
      CHECK(got.starts_with("POST /second "));
      CHECK(got.ends_with("\r\n\r\naction=add"));
    }
  }
}
TEST(Fetcher, AForeignServerRedirectsToItsOwnKindOfAddressOnly) {
  std::string to;
  StubHttp stub([&to](const std::string& request) {
    if (request.starts_with("GET /first"))
      return cat({"HTTP/1.1 302 Found\r\nLocation: ", to, "\r\nContent-Length: 0\r\n\r\n"});
    return StubHttp::ok("", "there");
  });
  FetchRequest request = get(stub.url("/first"));
  request.redirects = 1;
  request.is_foreign = true;
  to = stub.url("/second");
  start(request);
  run_until(1);
  STRCMP_EQUAL("there", answers[0]->value().body.c_str());
  to = "http://192.168.77.77:9/";
  request.timeout = std::chrono::milliseconds(500);
  start(request);
  run_until(2);
  CHECK(!answers[1]->has_value());
  LONGS_EQUAL(static_cast<int>(Error::Code::kClosed), static_cast<int>(answers[1]->error().code));
}
TEST(Fetcher, ManyAtOnceAndTheOthersWait) {
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{3, 100, 3});
  StubHttp stub(echo_path);
  for (int i = 0; i < 20; ++i) start(get(stub.url("/" + std::to_string(i))));
  LONGS_EQUAL(3, fetcher->in_flight());
  LONGS_EQUAL(17, fetcher->waiting());
  run_until(20);
  for (const auto& answer : answers) CHECK(answer->has_value());
  LONGS_EQUAL(0, fetcher->in_flight());
  LONGS_EQUAL(20, fetcher->counted(FetchPurpose::kOther).answered);
  LONGS_EQUAL(0, fetcher->counted(FetchPurpose::kOther).failed);
}
TEST(Fetcher, ASilentServerLeavesPlacesForOthers) {
  for (const std::size_t places : {std::size_t{2}, std::size_t{8}, std::size_t{256}}) {
    fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{.in_flight = places});
    answers.clear();
    StubHttp silent([](const std::string&) { return std::string(); });
    StubHttp stub(echo_path);
    bool called = false;
    for (std::size_t i = 0; i < 2 * places; ++i)
      fetcher->start(get(silent.url("/")), [&](const Result<FetchAnswer>&) { called = true; });
    LONGS_EQUAL(Fetcher::Limits::default_of_server(places), fetcher->in_flight());
    for (int i = 0; i < 20; ++i) start(get(stub.url("/")));
    run_until(20);
    for (const auto& answer : answers) CHECK(answer->has_value());
    CHECK(!called);
  }
}
TEST(Fetcher, ALoginWaitsNoLongerThanItsTimeoutBehindOthers) {
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{.in_flight = 1});
  StubHttp silent([](const std::string&) { return std::string(); });
  FetchRequest event = get(silent.url("/event")), login = get(silent.url("/login?key=1"));
  event.timeout = std::chrono::seconds(100);
  login.timeout = std::chrono::milliseconds(100);
  start(event);
  start(event);
  login.purpose = FetchPurpose::kLogin;
  start(login);
  run_until(1);
  CHECK(answers[0]->error().code == Error::Code::kTimeout);
  STRCMP_CONTAINS("/login: busy, a request waited 0 s", answers[0]->error().what.c_str());
  LONGS_EQUAL(1, fetcher->waiting());
}
TEST(Fetcher, OneServersWaitingRequestsLeaveRoomForOthers) {
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{.in_flight = 2, .waiting = 4});
  StubHttp silent([](const std::string&) { return std::string(); });
  StubHttp other([](const std::string&) { return std::string(); });
  for (int i = 0; i < 5; ++i) start(get(silent.url("/")));
  LONGS_EQUAL(2, fetcher->waiting());
  for (int i = 0; i < 3; ++i) start(get(other.url("/")));
  LONGS_EQUAL(4, fetcher->waiting());
  run_until(2);
  for (const auto& answer : answers) CHECK(answer->error().code == Error::Code::kLimit);
}
TEST(Fetcher, CountsRequestsByTheirPurpose) {
  StubHttp stub(echo_path);
  for (const FetchPurpose purpose :
       {FetchPurpose::kLogin, FetchPurpose::kWebhook, FetchPurpose::kWebhook})
    for (const std::string& url : {stub.url("/"), std::string("gopher://x/")}) {
      FetchRequest request = get(url);
      request.purpose = purpose;
      start(std::move(request));
    }
  run_until(6);
  LONGS_EQUAL(1, fetcher->counted(FetchPurpose::kLogin).answered);
  LONGS_EQUAL(1, fetcher->counted(FetchPurpose::kLogin).failed);
  LONGS_EQUAL(2, fetcher->counted(FetchPurpose::kWebhook).answered);
  LONGS_EQUAL(2, fetcher->counted(FetchPurpose::kWebhook).failed);
  LONGS_EQUAL(0, fetcher->counted(FetchPurpose::kOther).answered);
}
TEST(Fetcher, RefusesWhatDoesNotFitIntoTheQueue) {
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{1, 1});
  StubHttp stub([](const std::string&) { return std::string(); });
  for (int i = 0; i < 3; ++i) start(get(stub.url("/")));
  run_until(1);
  CHECK(!answers[0]->has_value());
  CHECK(answers[0]->error().code == Error::Code::kLimit);
}
TEST(Fetcher, ACancelledRequestIsNeverAnswered) {
  StubHttp silent([](const std::string&) { return std::string(); });
  fetcher = std::make_unique<Fetcher>(loop, Fetcher::Limits{1, 10});
  bool called = false;
  const auto never = [&called](const Result<FetchAnswer>&) { called = true; };
  const auto running = fetcher->start(get(silent.url("/a")), never);
  const auto waiting = fetcher->start(get(silent.url("/b")), never);
  const auto wrong = fetcher->start(get("no url"), never);
  fetcher->cancel(wrong);
  fetcher->cancel(waiting);
  fetcher->cancel(running);
  fetcher->cancel(running);
  LONGS_EQUAL(0, fetcher->in_flight());
  StubHttp stub(echo_path);
  start(get(stub.url("/")));
  run_until(1);
  CHECK(answers[0]->has_value());
  CHECK(!called);
}
TEST(Fetcher, ItsEndDropsWhatIsUnderWay) {
  StubHttp stub([](const std::string&) { return std::string(); });
  auto owned = std::make_shared<int>(1);
  fetcher->start(get(stub.url("/")),
                 [owned](const Result<FetchAnswer>&) { FAIL("called after the end"); });
  loop.run_once(false);
  fetcher.reset();
  LONGS_EQUAL(1, owned.use_count());
}
TEST(Fetcher, AnAnswerMayAskAgain) {
  StubHttp stub(echo_path);
  fetcher->start(get(stub.url("/one")),
                 [&](const Result<FetchAnswer>&) { start(get(stub.url("/two"))); });
  run_until(1);
  STRCMP_EQUAL("GET /two HTTP/1.1", answers[0]->value().body.c_str());
}
TEST(Fetcher, WhatStandsInALogHasNoLoginAndNoQuery) {
  STRCMP_EQUAL("http://host/add", shown_url("http://bob:hunter2@host/add").c_str());
  STRCMP_EQUAL("https://host:81/", shown_url("https://bob:p@ss@host:81/?key=1").c_str());
  STRCMP_EQUAL("http://host/a@b", shown_url("http://host/a@b?key=secret#x").c_str());
  STRCMP_EQUAL("http://host", shown_url("http://bob@host?x=/@").c_str());
  STRCMP_EQUAL("no url", shown_url("no url").c_str());
}
TEST(Fetcher, AnErrorNamesNoPassword) {
  start(get("http://bob:hunter2@127.0.0.1:9/?key=hunter2"));
  run_until(1);
  STRCMP_CONTAINS("http://127.0.0.1:9/: ", answers[0]->error().what.c_str());
  CHECK(answers[0]->error().what.find("hunter2") == std::string::npos);
}
// Each load of them takes 50 ms of the loop.
TEST(Fetcher, ReadsTheSystemsTrustedRootsOnceForAllConnections) {
  const char* const roots = curl_version_info(CURLVERSION_NOW)->cainfo;
  const UniqueFd watch(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  // Equal events in a row would be one.
  constexpr std::uint32_t kEvents = IN_OPEN | IN_CLOSE_NOWRITE;
  if (roots == nullptr || ::inotify_add_watch(watch.get(), roots, kEvents) < 0) return;
  StubHttp silent([](const std::string&) { return std::string(); });
  for (int i = 0; i < 3; ++i) {
    FetchRequest request = get("https" + silent.url("/").substr(4));
    request.timeout = std::chrono::seconds(1);
    start(std::move(request));
  }
  run_until(3);
  int loaded = 0;
  inotify_event event{};
  while (::read(watch.get(), &event, sizeof event) > 0)
    if ((event.mask & IN_OPEN) != 0) ++loaded;
  CHECK(loaded <= 1);
}
