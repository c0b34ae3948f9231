#include <memory>
#include <string>
#include <vector>

#include "auth/listener/ask_lane.h"
#include "auth/listener/authenticator.h"
#include "auth/listener/event_sender.h"
#include "base/log_book.h"
#include "stub_http.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string gone_url() {
  StubHttp gone([](const std::string&) { return std::string(); });
  return gone.url("/");
}

// The machine's clock, which a test moves on.
class MovedClock final : public Clock {
 public:
  SteadyTime steady() const noexcept override { return system_clock().steady() + by_; }
  WallTime wall() const noexcept override { return system_clock().wall() + by_; }
  std::chrono::nanoseconds thread_work() const noexcept override {
    return system_clock().thread_work();
  }
  void advance(std::chrono::seconds by) { by_ += by; }

 private:
  std::chrono::seconds by_{0};
};

}  // namespace

TEST_GROUP(UrlAuth) {
  using Kind = AuthVerdict::Kind;

  MovedClock clock;
  Loop loop{0, clock};
  lb::test::CapturedLog captured{system_clock()};
  Log& log = captured.log;
  Fetcher fetcher{loop};
  HashQueue hashes{loop};
  EventSender events{loop, fetcher, log, EventSender::Limits{}};
  AuthContext context{loop, loop, log, fetcher, hashes, events, [] {
                        return std::make_shared<const AuthServer>(
                            AuthServer{"radio.example", 8000, "Icecast 2.4.4"});
                      }};
  StubHttp stub{StubHttp::ok("icecast-auth-user: 1\r\n")};
  std::unique_ptr<Authenticator> authenticator;

  void make(AuthOptions options) {
    auto made = make_authenticator("url", options, context);
    CHECK(made.has_value());
    authenticator = std::move(*made);
  }
  void make_add(AuthOptions more = {}) {
    more.emplace_back("listener_add", stub.url("/auth"));
    make(std::move(more));
  }
  static ListenerAsk ask_of(const std::optional<Credentials>& given = Credentials{"jo", "pw"}) {
    ListenerAsk ask;
    ask.client_id = 9;
    ask.mount = ask.target = "/m";
    ask.ip = "192.0.2.1";
    ask.given = given;
    return ask;
  }
  AuthVerdict ask(const std::optional<Credentials>& given = Credentials{"jo", "pw"}) {
    return ask_as(ask_of(given));
  }
  AuthVerdict ask_as(ListenerAsk question) {
    std::unique_ptr<AuthVerdict> verdict;
    authenticator->ask_listener(std::move(question), [&](AuthVerdict v) {
      verdict = std::make_unique<AuthVerdict>(std::move(v));
    });
    while (!verdict) loop.run_once(true);
    return *verdict;
  }
  AuthVerdict ask_source(const Credentials& given, bool admin = false) {
    std::unique_ptr<AuthVerdict> verdict;
    authenticator->ask_source({"/m", "192.0.2.1", given, admin}, [&](AuthVerdict v) {
      verdict = std::make_unique<AuthVerdict>(std::move(v));
    });
    while (!verdict) loop.run_once(true);
    return *verdict;
  }
};

TEST(UrlAuth, TheBackendDecides) {
  make_add();
  CHECK(ask().kind == Kind::kAllow);
  CHECK(stub.requests()[0].starts_with("POST /auth HTTP/1.1\r\n"));
  CHECK(stub.requests()[0].find("User-Agent: Icecast 2.4.4\r\n") != std::string::npos);
  CHECK(stub.forms()[0].starts_with(
      "action=listener_add&server=radio%2eexample&port=8000&client=9&mount=%2fm&user=jo"));
  stub.answer_with(StubHttp::ok("icecast-auth-message: no\r\n"));
  AuthVerdict verdict = ask();
  CHECK(verdict.kind == Kind::kRefuse);
  CHECK(verdict.wrong_password);
  verdict = ask(std::nullopt);
  CHECK(verdict.kind == Kind::kRefuse);
  CHECK(!verdict.wrong_password);
  CHECK(authenticator->idle());
}
TEST(UrlAuth, AZeroAndAForbiddenStatusAreRefusalsAsInIcecast) {
  make_add({{"presume_innocent", "1"}});
  for (const std::string& answer :
       {StubHttp::ok("icecast-auth-user: 0\r\n"), StubHttp::ok(""),
        std::string("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")}) {
    stub.answer_with(answer);
    AuthVerdict verdict = ask();
    CHECK(verdict.kind == Kind::kRefuse);
    CHECK(verdict.wrong_password);
    verdict = ask(std::nullopt);
    CHECK(verdict.kind == Kind::kRefuse);
    CHECK(!verdict.wrong_password);
  }
}
TEST(UrlAuth, ABackendThatCannotJudgeSaysNothingOfThePassword) {
  make_add();
  for (const char* status : {"500 Oops", "503 Busy", "404 Gone", "429 Slowly"}) {
    stub.answer_with("HTTP/1.1 " + std::string(status) +
                     "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    const AuthVerdict verdict = ask();
    CHECK(verdict.kind == Kind::kRefuse);
    CHECK(!verdict.wrong_password);
  }
}
TEST(UrlAuth, AnIntroThatIsNotPlayedIsReportedOnce) {
  make_add();
  CHECK(ask().kind == Kind::kAllow);
  CHECK(!captured.says("withintro"));
  stub.answer_with(StubHttp::ok("icecast-auth-user: withintro\r\n"));
  for (int i = 0; i < 3; ++i) CHECK(ask().kind == Kind::kAllow);
  const std::string said = captured.errors();
  CHECK(said.find("is not played") != std::string::npos);
  LONGS_EQUAL(said.find("is not played"), said.rfind("is not played"));
}
TEST(UrlAuth, ABackendIsNotAskedForAGuesser) {
  make_add();
  ListenerAsk question = ask_of();
  question.throttled = true;
  CHECK(ask_as(std::move(question)).kind == Kind::kThrottled);
  LONGS_EQUAL(0, stub.requests().size());
  CHECK(ask().right_password);
  CHECK(!ask(std::nullopt).right_password);
}
TEST(UrlAuth, WithoutListenerAddEveryListenerIsAllowedUnasked) {
  make({{"stream_auth", stub.url("/")}});
  const AuthVerdict verdict = ask();
  CHECK(verdict.kind == Kind::kAllow);
  CHECK(!verdict.counts);
  CHECK(!verdict.removal.has_value());
  LONGS_EQUAL(0, stub.requests().size());
}
TEST(UrlAuth, TheListenersCredentialsGoAlong) {
  make_add();
  ask();
  CHECK(stub.requests()[0].find("Authorization: Basic am86cHc=\r\n") != std::string::npos);
  // Without a login an empty one.
  ask(std::nullopt);
  CHECK(stub.requests()[1].find("Authorization: Basic Og==\r\n") != std::string::npos);
}
TEST(UrlAuth, ConfiguredCredentialsWinOverTheListeners) {
  make_add({{"username", "be"}, {"password", "bp"}});
  ask();
  CHECK(stub.requests()[0].find("Authorization: Basic YmU6YnA=\r\n") != std::string::npos);
}
TEST(UrlAuth, CredentialsInTheAddressWinOverBoth) {
  make({{"listener_add", "http://a:b@127.0.0.1:" + std::to_string(stub.port()) + "/"},
        {"username", "be"},
        {"password", "bp"}});
  ask();
  CHECK(stub.requests()[0].find("Authorization: Basic YTpi\r\n") != std::string::npos);
}
TEST(UrlAuth, PassesOnTheTextOfTheBackend) {
  make_add({{"listener_remove", stub.url("/remove")}});
  stub.answer_with(StubHttp::ok(
      "icecast-auth-user: 1\r\nicecast-auth-timelimit: 60\r\nicecast-slave: 1\r\nMountpoint: "
      "/x\r\nice-username: jane\r\n"));
  const AuthVerdict verdict = ask();
  CHECK(verdict.kind == Kind::kAllow);
  LONGS_EQUAL(60, verdict.time_limit->count());
  CHECK(verdict.is_relay);
  STRCMP_EQUAL("/x", verdict.mount.c_str());
  STRCMP_EQUAL("jane", verdict.user.c_str());
  CHECK(verdict.removal.has_value());
  STRCMP_EQUAL(stub.url("/remove").c_str(), verdict.removal->url.c_str());
  STRCMP_EQUAL("jo", verdict.removal->user.c_str());
}
TEST(UrlAuth, TheUserThatTheBackendNamesIsTheOneThatLeaves) {
  make_add({{"listener_remove", stub.url("/remove")}});
  CHECK(ask().removal->before.ends_with("&user=jo&pass=pw"));
  stub.answer_with(StubHttp::ok("icecast-auth-user: 1\r\nice-username: bob\r\n"));
  const AuthVerdict verdict = ask();
  STRCMP_EQUAL("bob", verdict.user.c_str());
  CHECK(verdict.removal->before.ends_with("&user=bob&pass=pw"));
  STRCMP_EQUAL("jo", verdict.removal->user.c_str());
}
TEST(UrlAuth, AnOptionWithoutAValueAllowsNothingAsInIcecast) {
  const AuthOptions options = {{"listener_add", ""}, {"stream_auth", ""}};
  make(options);
  CHECK(ask().kind == Kind::kRefuse);
  CHECK(authenticator_decides_sources("url", options));
  LONGS_EQUAL(2, authenticator_complaints("url", options).size());
  LONGS_EQUAL(0, authenticator_complaints("url", {{"mount_add", ""}}).size());
}
TEST(UrlAuth, ALocationSendsTheListenerThere) {
  make_add();
  stub.answer_with("HTTP/1.1 302 Found\r\nLocation: http://other/m\r\nContent-Length: 0\r\n\r\n");
  const AuthVerdict verdict = ask();
  CHECK(verdict.kind == Kind::kRedirect);
  STRCMP_EQUAL("http://other/m", verdict.location.c_str());
}
TEST(UrlAuth, ARedirectOfTheRequestItselfIsNotTheListeners) {
  make_add();
  for (const std::string to : {"https://127.0.0.1/auth", "/auth/"}) {
    const std::string head = "HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n";
    stub.answer_with(head + "\r\n");
    CHECK(ask().kind == Kind::kRefuse);
    stub.answer_with(head + "icecast-auth-user: 1\r\n\r\n");
    CHECK(ask().kind == Kind::kAllow);
  }
}
TEST(UrlAuth, ARedirectToAnotherPathOrPortOfTheSameHostIsTheListeners) {
  make_add();
  for (const std::string to : {"/auth2.mp3", "/auth/x.mp3", "http://127.0.0.1:1/auth"}) {
    stub.answer_with("HTTP/1.1 302 Found\r\nLocation: " + to + "\r\nContent-Length: 0\r\n\r\n");
    CHECK(ask().kind == Kind::kRedirect);
  }
}
TEST(UrlAuth, ABackendThatIsNotThereRefusesWithoutBlame) {
  make({{"listener_add", gone_url()}});
  const AuthVerdict verdict = ask();
  CHECK(verdict.kind == Kind::kRefuse);
  CHECK(!verdict.wrong_password);
}
TEST(UrlAuth, WithPresumeInnocentListenersAreAllowedWhenTheBackendFails) {
  make({{"listener_add", gone_url()}, {"presume_innocent", "yes"}});
  CHECK(ask().kind == Kind::kAllow);
  make_add({{"presume_innocent", "1"}});
  stub.answer_with("HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n");
  CHECK(ask().kind == Kind::kAllow);
  stub.answer_with(StubHttp::ok());
  CHECK(ask().kind == Kind::kRefuse);
}
TEST(UrlAuth, AFailedBackendIsLeftAloneAsLongAsConfigured) {
  make_add({{"on_error_wait", "60"}, {"timeout", "1"}});
  stub.answer_with("");
  CHECK(ask().kind == Kind::kRefuse);
  LONGS_EQUAL(1, stub.requests().size());
  CHECK(ask().kind == Kind::kRefuse);
  LONGS_EQUAL(1, stub.requests().size());
}
TEST(UrlAuth, MoreThanAHundredWaitingAreTooMany) {
  make_add({{"handlers", "2"}});
  stub.answer_with("");
  std::vector<Kind> kinds;
  for (int i = 0; i < 110; ++i)
    authenticator->ask_listener(ask_of(), [&](const AuthVerdict& v) { kinds.push_back(v.kind); });
  LONGS_EQUAL(110 - 2 - 101, kinds.size());
  for (const Kind kind : kinds) CHECK(kind == Kind::kBusy);
  CHECK(!authenticator->idle());
}
TEST(UrlAuth, NoListenerWaitsLongerInTheQueueThanARequestMayTake) {
  make_add({{"handlers", "1"}, {"timeout", "1"}});
  stub.answer_with("");
  std::vector<Kind> kinds;
  for (int i = 0; i < 20; ++i)
    authenticator->ask_listener(ask_of(), [&](const AuthVerdict& v) { kinds.push_back(v.kind); });
  const auto began = std::chrono::steady_clock::now();
  while (kinds.size() < 20) loop.run_once(true);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
}
TEST(UrlAuth, StreamAuthDecidesAboutSources) {
  make({{"stream_auth", stub.url("/s")}});
  CHECK(authenticator_decides_sources("url", {{"stream_auth", "http://a/"}}));
  CHECK(!authenticator_decides_sources("url", {{"listener_add", "http://a/"}}));
  CHECK(ask_source({"good", "pw"}).kind == Kind::kAllow);
  CHECK(stub.forms()[0].ends_with("&user=good&pass=pw"));
  ask_source({"good", "pw"}, true);
  CHECK(stub.forms()[1].ends_with("&user=good&pass=pw&admin=1"));
  // The source's password is in the form, and only there.
  CHECK(stub.requests()[0].find("Authorization: Basic Og==\r\n") != std::string::npos);
  stub.answer_with(StubHttp::ok());
  AuthVerdict verdict = ask_source({"bad", "pw"});
  CHECK(verdict.kind == Kind::kRefuse);
  CHECK(verdict.wrong_password);
  verdict = ask_source({});
  CHECK(!verdict.wrong_password);
}
TEST(UrlAuth, ASourceIsRefusedWhenTheBackendIsNotThere) {
  make({{"stream_auth", gone_url()}});
  const AuthVerdict verdict = ask_source({"good", "pw"});
  CHECK(verdict.kind == Kind::kRefuse);
  CHECK(!verdict.wrong_password);
}
TEST(UrlAuth, MountsAreToldInTheBackground) {
  make({{"mount_add", stub.url("/add")}, {"mount_remove", stub.url("/remove")}});
  authenticator->mount_begun("/m");
  CHECK(!authenticator->idle());
  while (!authenticator->idle()) loop.run_once(true);
  authenticator->mount_ended("/m");
  while (!authenticator->idle()) loop.run_once(true);
  STRCMP_EQUAL("action=mount_add&mount=%2fm&server=radio%2eexample&port=8000",
               stub.forms()[0].c_str());
  STRCMP_EQUAL("action=mount_remove&mount=%2fm&server=radio%2eexample&port=8000",
               stub.forms()[1].c_str());
  make_add();
  authenticator->mount_begun("/m");
  CHECK(authenticator->idle());
}
TEST(UrlAuth, HasNoListOfUsers) {
  make_add();
  bool none = false;
  authenticator->edit_users(
      {}, [&](const UserEditResult& r) { none = r.outcome == UserEditResult::Outcome::kNoList; });
  CHECK(none);
}

namespace {

const std::string kKeptYes =
    "icecast-auth-user: 1\r\nMountpoint: /x\r\nCache-Control: max-age=60\r\n";

}  // namespace

TEST(UrlAuth, AnswersAreNotKeptWithoutTheOption) {
  make_add();
  stub.answer_with(StubHttp::ok(kKeptYes));
  for (int i = 0; i < 3; ++i) CHECK(ask().kind == Kind::kAllow);
  LONGS_EQUAL(3, stub.requests().size());
}
TEST(UrlAuth, ManyLoginsAreOneQuestionWhileTheBackendsYesHolds) {
  make_add({{"cache", "1"}, {"listener_remove", stub.url("/remove")}});
  stub.answer_with(StubHttp::ok(kKeptYes));
  for (std::uint64_t i = 1; i <= 20; ++i) {
    ListenerAsk question = ask_of();
    question.client_id = i;
    question.listeners = static_cast<std::int64_t>(i);
    const AuthVerdict verdict = ask_as(std::move(question));
    CHECK(verdict.kind == Kind::kAllow);
    STRCMP_EQUAL("/x", verdict.mount.c_str());
    // The end of each is told by its own number.
    CHECK(verdict.removal->before.find("&client=" + std::to_string(i) + "&") != std::string::npos);
  }
  LONGS_EQUAL(1, stub.requests().size());
  clock.advance(std::chrono::seconds(61));
  CHECK(ask().kind == Kind::kAllow);
  LONGS_EQUAL(2, stub.requests().size());
  authenticator->forget();
  CHECK(ask().kind == Kind::kAllow);
  LONGS_EQUAL(3, stub.requests().size());
}
TEST(UrlAuth, ANoIsNeverKept) {
  make_add({{"cache", "1"}, {"presume_innocent", "1"}});
  stub.answer_with(StubHttp::ok("Cache-Control: max-age=60\r\n"));
  for (int i = 0; i < 3; ++i) CHECK(ask().kind == Kind::kRefuse);
  stub.answer_with("HTTP/1.1 500 Oops\r\nCache-Control: max-age=60\r\nContent-Length: 0\r\n\r\n");
  for (int i = 0; i < 3; ++i) CHECK(ask().kind == Kind::kAllow);  // presumed, and not kept
  LONGS_EQUAL(6, stub.requests().size());
  stub.answer_with(StubHttp::ok(kKeptYes));
  ask();
  stub.answer_with(StubHttp::ok());
  CHECK(ask().kind == Kind::kAllow);
  CHECK(ask(Credentials{"jo", "wrong"}).kind == Kind::kRefuse);
}
TEST(UrlAuth, WhatTheBackendMayJudgeByIsAskedForAlone) {
  make_add({{"cache", "1"}, {"headers", "x-key"}});
  stub.answer_with(StubHttp::ok(kKeptYes));
  std::vector<ListenerAsk> asks(9, ask_of());
  asks[1].target = "/m?token=2";
  asks[2].ip = "192.0.2.2";
  asks[3].given = Credentials{"jo", "other"};
  asks[4].given = std::nullopt;
  asks[5].headers.add("user-agent", "a player");
  asks[6].headers.add("referer", "http://a/");
  asks[7].headers.add("x-key", "1");
  asks[8].headers.add("x-other", "1");  // is not sent
  for (int round = 0; round < 2; ++round)
    for (const ListenerAsk& one : asks) CHECK(ask_as(one).kind == Kind::kAllow);
  LONGS_EQUAL(8, stub.requests().size());
}
TEST(UrlAuth, SourcesAreKeptTooAndApartFromListeners) {
  make({{"stream_auth", stub.url("/s")}, {"listener_add", stub.url("/l")}, {"cache", "yes"}});
  stub.answer_with(StubHttp::ok(kKeptYes));
  for (int i = 0; i < 5; ++i) CHECK(ask_source({"jo", "pw"}).kind == Kind::kAllow);
  LONGS_EQUAL(1, stub.requests().size());
  ask_source({"jo", "pw"}, true);
  LONGS_EQUAL(2, stub.requests().size());
  ask();
  LONGS_EQUAL(3, stub.requests().size());
  stub.answer_with(StubHttp::ok("Cache-Control: max-age=60\r\n"));
  for (int i = 0; i < 3; ++i) CHECK(ask_source({"jo", "no"}).kind == Kind::kRefuse);
  LONGS_EQUAL(6, stub.requests().size());
  clock.advance(std::chrono::seconds(61));
  CHECK(ask_source({"jo", "pw"}).kind == Kind::kRefuse);
}
TEST(UrlAuth, AnAnswerThatWasUnderWayWhenRightsChangedIsNotKept) {
  make_add({{"cache", "1"}});
  stub.answer_with(StubHttp::ok(kKeptYes));
  bool answered = false;
  authenticator->ask_listener(ask_of(), [&](const AuthVerdict&) { answered = true; });
  authenticator->forget();
  while (!answered) loop.run_once(true);
  ask();
  LONGS_EQUAL(2, stub.requests().size());
}
