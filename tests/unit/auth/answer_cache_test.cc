#include "auth/listener/answer_cache.h"

#include <set>
#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;
using std::chrono::seconds;

namespace {

FetchAnswer answer_of(std::vector<std::string> headers, int status = 200) {
  FetchAnswer answer;
  answer.status = status;
  answer.headers = std::move(headers);
  return answer;
}

}  // namespace

TEST_GROUP(AnswerCache) {
  using Kind = AuthVerdict::Kind;

  FakeClock clock;
  AnswerCache cache{"a key", 3};

  static AuthVerdict yes() { return AuthVerdict::of(Kind::kAllow); }
  void keep(const std::string& digest, const AuthVerdict& verdict, seconds time = seconds(10)) {
    cache.keep(digest, cache.age(), verdict, time, clock.steady());
  }
  bool has(const std::string& digest) { return cache.find(digest, clock.steady()) != nullptr; }
};

TEST(AnswerCache, AYesIsKeptForItsTimeAndAtMostForAnHour) {
  keep("a", yes());
  keep("b", yes(), seconds(1'000'000));
  clock.advance(seconds(9));
  CHECK(has("a"));
  clock.advance(seconds(1));
  CHECK(!has("a"));
  CHECK(has("b"));
  clock.advance(seconds(3589));
  CHECK(has("b"));
  clock.advance(seconds(1));
  CHECK(!has("b"));
  LONGS_EQUAL(0, cache.size());
}

TEST(AnswerCache, NothingButAYesIsKept) {
  for (const Kind kind : {Kind::kRefuse, Kind::kForbid, Kind::kBusy, Kind::kLater, Kind::kRedirect})
    keep("a", AuthVerdict::of(kind));
  CHECK(!has("a"));
  keep("a", yes(), seconds(0));
  CHECK(!has("a"));
  AuthVerdict limited = yes();
  limited.time_limit = seconds(60);
  keep("a", limited);
  CHECK(!has("a"));
  AuthVerdict long_one = yes();
  long_one.user = std::string(AnswerCache::kMaxText + 1, 'x');
  keep("a", long_one);
  CHECK(!has("a"));
}

TEST(AnswerCache, WhatTheBackendSaidIsKeptButNotTheListenersOwn) {
  AuthVerdict verdict = yes();
  verdict.mount = "/other";
  verdict.user = "jane";
  verdict.is_relay = true;
  verdict.removal = RemovalNotice{"http://b/", "", "", "before", "after"};
  keep("a", verdict);
  const AuthVerdict* kept = cache.find("a", clock.steady());
  CHECK(kept != nullptr);
  STRCMP_EQUAL("/other", kept->mount.c_str());
  STRCMP_EQUAL("jane", kept->user.c_str());
  CHECK(kept->is_relay);
  CHECK(!kept->removal.has_value());
}

TEST(AnswerCache, OfTooManyThoseThatEndFirstGo) {
  keep("late", yes(), seconds(50));
  keep("soon", yes(), seconds(5));
  keep("later", yes(), seconds(60));
  keep("new", yes(), seconds(20));
  LONGS_EQUAL(3, cache.size());
  CHECK(!has("soon"));
  CHECK(has("late") && has("later") && has("new"));
  keep("new", yes(), seconds(70));  // the same question
  LONGS_EQUAL(3, cache.size());
  clock.advance(seconds(55));
  keep("more", yes());  // one that has ended makes room
  CHECK(!has("late"));
  CHECK(has("later") && has("new") && has("more"));
}

TEST(AnswerCache, WhatWasAskedBeforeItForgotIsNotKept) {
  keep("a", yes());
  const std::uint64_t asked_at = cache.age();
  cache.forget();
  CHECK(!has("a"));
  cache.keep("b", asked_at, yes(), seconds(10), clock.steady());
  CHECK(!has("b"));
  keep("b", yes());
  CHECK(has("b"));
}

TEST(AnswerCache, EachQuestionHasADigestOfItsOwn) {
  std::set<std::string> digests;
  for (const std::vector<std::string_view>& fields :
       std::vector<std::vector<std::string_view>>{{"/m", "jo", "pw"},
                                                  {"/m", "jop", "w"},
                                                  {"/mjo", "", "pw"},
                                                  {"/m", "jo", "pw", ""},
                                                  {"/m", "jo", "", "pw"},
                                                  {"/m2:jo", "pw"},
                                                  {"/m", "2:jo2:pw"}})
    digests.insert(cache.digest_of(fields));
  LONGS_EQUAL(7, digests.size());
  for (const std::string& digest : digests) {
    LONGS_EQUAL(32, digest.size());
    CHECK(digest.find("pw") == std::string::npos);
  }
  CHECK(AnswerCache("another key").digest_of({"/m", "jo", "pw"}) !=
        cache.digest_of({"/m", "jo", "pw"}));
}

TEST(AnswerCache, CacheControlSaysHowLong) {
  LONGS_EQUAL(0, kept_for(answer_of({"HTTP/1.1 200 OK", "icecast-auth-user: 1"})).count());
  LONGS_EQUAL(60, kept_for(answer_of({"Cache-Control: max-age=60"})).count());
  LONGS_EQUAL(60, kept_for(answer_of({"cache-control: private, Max-Age=\"60\""})).count());
  LONGS_EQUAL(3600, kept_for(answer_of({"Cache-Control: max-age=999999999999999999999"})).count());
  LONGS_EQUAL(0, kept_for(answer_of({"Cache-Control: max-age=60, no-store"})).count());
  LONGS_EQUAL(
      0, kept_for(answer_of({"Cache-Control: max-age=60", "Cache-Control: no-cache"})).count());
  for (const char* bad : {"max-age=", "max-age=-5", "max-age=1.5", "max-age", "s-maxage=60", "6"})
    LONGS_EQUAL_TEXT(0, kept_for(answer_of({"Cache-Control: " + std::string(bad)})).count(), bad);
  LONGS_EQUAL(0, kept_for(answer_of({"Cache-Control: max-age=60"}, 500)).count());
}
