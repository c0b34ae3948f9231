#include "net/socket/resolver.h"

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

// Answers on command; outlives the resolver, whose threads may still be asking.
struct Oracle {
  std::mutex mutex;
  std::condition_variable changed;
  bool open = true, silent = false;
  unsigned asked = 0, inside = 0, most_inside = 0;
  std::vector<std::string> names;

  Resolver::Answer ask(const std::string& name) {
    std::unique_lock<std::mutex> lock(mutex);
    ++asked;
    names.push_back(name);
    most_inside = std::max(most_inside, ++inside);
    changed.notify_all();
    changed.wait(lock, [this] { return open; });
    --inside;
    if (silent) return Error::timeout("no name server answers");
    if (name == "nowhere") return Error::not_found("host nowhere: no address");
    return Resolver::Addresses{*Address::parse("192.0.2.1", 0), *Address::parse("2001:db8::1", 0)};
  }
  void set_open(bool now) {
    std::lock_guard<std::mutex> guard(mutex);
    open = now;
    changed.notify_all();
  }
  void wait_for_inside(unsigned n) {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return inside >= n; });
  }
};

struct Asked {
  int answers = 0;
  std::string text;
  Resolver::Lookup lookup{[this](Resolver::Answer answer) {
    ++answers;
    text = answer ? answer->front().ip() + " of " + std::to_string(answer->size())
                  : answer.error().what;
  }};
};

}  // namespace

TEST_GROUP(Resolver) {
  FakeClock clock;
  Loop loop{0, clock};
  std::shared_ptr<Oracle> oracle = std::make_shared<Oracle>();
  std::unique_ptr<Resolver> resolver = std::make_unique<Resolver>(
      loop, [oracle = oracle](const std::string& name) { return oracle->ask(name); });

  void teardown() override { oracle->set_open(true); }
  void wait(const Asked& asked) {
    while (asked.answers == 0) loop.run_once(true);
  }
};

TEST(Resolver, AnswersLaterOnTheLoop) {
  Asked asked;
  resolver->look_up("radio.example", asked.lookup);
  LONGS_EQUAL(0, asked.answers);
  wait(asked);
  STRCMP_EQUAL("192.0.2.1 of 2", asked.text.c_str());
  LONGS_EQUAL(1, asked.answers);
}
TEST(Resolver, WhatIsKnownOfBeforeServesWhileTheNextAnswerIsLate) {
  Asked first, second, third;
  resolver->look_up("radio.example", first.lookup);
  wait(first);
  clock.advance(6s);
  oracle->set_open(false);
  resolver->look_up("radio.example", second.lookup);
  oracle->wait_for_inside(1);
  clock.advance(2s);
  wait(second);
  STRCMP_EQUAL("192.0.2.1 of 2", second.text.c_str());
  resolver->look_up("radio.example", third.lookup);
  clock.advance(2s);
  wait(third);
  STRCMP_EQUAL("192.0.2.1 of 2", third.text.c_str());
  LONGS_EQUAL(2, oracle->asked);
}
TEST(Resolver, WhatIsKnownOfBeforeServesWhereNoServerAnswersForADay) {
  Asked first, second, third;
  resolver->look_up("radio.example", first.lookup);
  wait(first);
  clock.advance(23h);
  oracle->silent = true;
  resolver->look_up("radio.example", second.lookup);
  wait(second);
  STRCMP_EQUAL("192.0.2.1 of 2", second.text.c_str());
  clock.advance(2h);
  resolver->look_up("radio.example", third.lookup);
  wait(third);
  STRCMP_EQUAL("no name server answers", third.text.c_str());
}
TEST(Resolver, WhatTheFormerProcessKnewServesWhereNoServerAnswers) {
  Asked before, after, unknown;
  resolver->look_up("radio.example", before.lookup);
  wait(before);
  const KnownNamesRecord saved = resolver->save();
  LONGS_EQUAL(1, saved.names.size());
  oracle->silent = true;
  Resolver next(loop, [oracle = oracle](const std::string& name) { return oracle->ask(name); });
  next.restore(saved);
  next.look_up("radio.example", after.lookup);
  wait(after);
  STRCMP_EQUAL("192.0.2.1 of 2", after.text.c_str());
  LONGS_EQUAL(1, oracle->asked);
  clock.advance(6s);
  Asked later;
  next.look_up("radio.example", later.lookup);
  wait(later);
  STRCMP_EQUAL("192.0.2.1 of 2", later.text.c_str());
  LONGS_EQUAL(2, oracle->asked);
  next.look_up("other.example", unknown.lookup);
  wait(unknown);
  STRCMP_EQUAL("no name server answers", unknown.text.c_str());
}
TEST(Resolver, PassesAFailureOnAndDoesNotKeepIt) {
  Asked first, second;
  resolver->look_up("nowhere", first.lookup);
  wait(first);
  STRCMP_EQUAL("host nowhere: no address", first.text.c_str());
  resolver->look_up("nowhere", second.lookup);
  wait(second);
  LONGS_EQUAL(2, oracle->asked);
}
TEST(Resolver, AnAnswerIsGoodForFiveSeconds) {
  Asked first, second, third;
  resolver->look_up("a", first.lookup);
  wait(first);
  clock.advance(4999ms);
  resolver->look_up("a", second.lookup);
  LONGS_EQUAL(0, second.answers);  // never from inside the call
  wait(second);
  STRCMP_EQUAL("192.0.2.1 of 2", second.text.c_str());
  LONGS_EQUAL(1, oracle->asked);
  clock.advance(1ms);
  resolver->look_up("a", third.lookup);
  wait(third);
  LONGS_EQUAL(2, oracle->asked);
}
TEST(Resolver, EqualNamesShareALookup) {
  oracle->set_open(false);
  Asked asked[3];
  for (Asked& one : asked) resolver->look_up("a", one.lookup);
  oracle->set_open(true);
  for (Asked& one : asked) wait(one);
  LONGS_EQUAL(1, oracle->asked);
}
TEST(Resolver, ANameThatHangsDoesNotHoldUpAnother) {
  oracle->set_open(false);
  Asked slow, other;
  resolver->look_up("slow", slow.lookup);
  oracle->wait_for_inside(1);
  resolver->look_up("other", other.lookup);
  oracle->wait_for_inside(2);
  oracle->set_open(true);
  wait(slow);
  wait(other);
}
// Names whose servers do not answer hold each thread for ten seconds.
TEST(Resolver, HasSixtyFourThreadsAtMost) {
  oracle->set_open(false);
  Asked asked[70];
  for (int i = 0; i < 70; ++i) resolver->look_up("name" + std::to_string(i), asked[i].lookup);
  oracle->wait_for_inside(64);
  oracle->set_open(true);
  for (Asked& one : asked) wait(one);
  LONGS_EQUAL(64, oracle->most_inside);
  LONGS_EQUAL(70, oracle->asked);
}
TEST(Resolver, AQuestionThatIsTakenBackIsNotAnswered) {
  oracle->set_open(false);
  auto gone = std::make_unique<Asked>();
  Asked stays;
  resolver->look_up("a", gone->lookup);
  resolver->look_up("a", stays.lookup);
  gone.reset();
  oracle->set_open(true);
  wait(stays);
}
TEST(Resolver, ACallbackMayAskAgainAndCancelOtherLookups) {
  oracle->set_open(false);
  auto other = std::make_unique<Asked>();
  Asked again;
  bool answered = false;
  Resolver::Lookup first([&](Resolver::Answer) {
    answered = true;
    other.reset();
    resolver->look_up("a", again.lookup);
  });
  resolver->look_up("a", first);
  resolver->look_up("a", other->lookup);
  oracle->set_open(true);
  wait(again);
  CHECK(answered);
}
TEST(Resolver, TheStopDoesNotWaitForALookup) {
  oracle->set_open(false);
  Asked asked;
  resolver->look_up("a", asked.lookup);
  oracle->wait_for_inside(1);
  resolver.reset();
  oracle->set_open(true);
  loop.run_once(false);
  LONGS_EQUAL(0, asked.answers);
}
TEST(Resolver, ForgetsNamesThatAreOld) {
  for (int i = 0; i < 300; ++i) {
    Asked asked;
    resolver->look_up("name" + std::to_string(i), asked.lookup);
    wait(asked);
    clock.advance(6s);
  }
  LONGS_EQUAL(300, oracle->asked);
}
TEST(Resolver, AsksTheSystem) {
  const auto here = Resolver::ask_system("localhost");
  CHECK(here.has_value());
  CHECK(here->front().ip() == "127.0.0.1" || here->front().ip() == "::1");
  LONGS_EQUAL(0, here->front().port());
  const auto nowhere = Resolver::ask_system("nowhere.invalid");
  CHECK(!nowhere.has_value());
  CHECK(nowhere.error().code == Error::Code::kNotFound);
  CHECK(nowhere.error().what.starts_with("host nowhere.invalid: no address ("));
}
