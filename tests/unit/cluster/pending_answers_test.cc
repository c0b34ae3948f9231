#include "cluster/link/pending_answers.h"

#include <string>

#include "cluster/link/frame.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(PendingAnswers) {
  FakeClock clock;
  Loop loop{0, clock};
  PendingAnswers<ResultFrame> asked{loop, 5s};
  std::string heard;

  std::uint64_t ask(const std::string& node) {
    return asked.add(node, [this](const Result<ResultFrame>& result) {
      heard += (result ? "answer " + result->why : result.error().what) + ";";
    });
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    asked.expire(loop.awake());
  }
};

TEST(PendingAnswers, EachQuestionHasItsNumberAndItsAnswer) {
  const std::uint64_t first = ask("a"), second = ask("a");
  CHECK(first != second && first != 0);
  asked.answered("a", {second, true, "two"});
  asked.answered("a", {first, true, "one"});
  STRCMP_EQUAL("answer two;answer one;", heard.c_str());
}
TEST(PendingAnswers, AnAnswerOfAnotherPeerOrToNoQuestionIsNone) {
  const std::uint64_t number = ask("a");
  asked.answered("b", {number, true, "not mine"});
  asked.answered("a", {number + 1, true, "not asked"});
  STRCMP_EQUAL("", heard.c_str());
  asked.answered("a", {number, true, "mine"});
  asked.answered("a", {number, true, "again"});
  STRCMP_EQUAL("answer mine;", heard.c_str());
}
TEST(PendingAnswers, WhatIsOverdueEndsInTheOrderInWhichItWasAsked) {
  const std::uint64_t first = ask("a");
  pass(3s);
  ask("b");
  pass(1999ms);
  STRCMP_EQUAL("", heard.c_str());
  pass(1ms);
  STRCMP_EQUAL("no answer in time;", heard.c_str());
  asked.answered("a", {first, true, "late"});
  pass(3s);
  STRCMP_EQUAL("no answer in time;no answer in time;", heard.c_str());
}
TEST(PendingAnswers, APeerThatIsGoneAnswersNothingMore) {
  const std::uint64_t gone = ask("a");
  const std::uint64_t there = ask("b");
  ask("a");
  asked.end_of("a");
  STRCMP_EQUAL("the link to the node has ended;the link to the node has ended;", heard.c_str());
  heard.clear();
  asked.answered("a", {gone, true, "late"});
  asked.answered("b", {there, true, "here"});
  STRCMP_EQUAL("answer here;", heard.c_str());
}
TEST(PendingAnswers, AnEndMayLeadToTheNextQuestion) {
  asked.add("a", [this](const Result<ResultFrame>&) { ask("a"); });
  asked.end_of("a");
  STRCMP_EQUAL("", heard.c_str());
  asked.end_of("a");
  STRCMP_EQUAL("the link to the node has ended;", heard.c_str());
}
TEST(PendingAnswers, NothingIsHeardOfWhatIsStopped) {
  const std::uint64_t number = ask("a");
  asked.stop();
  asked.answered("a", {number, true, ""});
  asked.end_of("a");
  pass(1h);
  STRCMP_EQUAL("", heard.c_str());
}
