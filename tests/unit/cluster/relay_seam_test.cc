// A relay that keeps addresses, and one whose upstream falls silent.
#include <optional>

#include "cluster/relay_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

const std::string kId = "4f2a00000000000000000000000000c1";
std::string plays_from(unsigned position) {
  return "HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\nX-LB-Stream: " + kId + "." +
         std::to_string(position) + "; m=0/0; n=1; g=1; c=6000; h=0\r\n\r\n";
}
const std::string kPlaysSomething = "HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\n\r\n";

std::string asked_for(const std::string& request) {
  const std::string name = "X-LB-Stream: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) return "";
  return request.substr(at + name.size(), request.find("\r\n", at) - at - name.size());
}

}  // namespace

TEST_GROUP_BASE(RelaySeam, RelayFixture) {
  using RelayFixture::start;

  void setup() override {
    host.lines = "X-LB-Relay: e1.a\r\n";
    first.answers = second.answers = {kPlaysSomething};
  }
  void start(std::chrono::milliseconds stall = 10s, std::size_t upstreams = 2) {
    RelayPlan made = plan({at(first), at(second)});
    made.upstreams.resize(upstreams);
    made.stall = stall;
    start(std::move(made));
  }
  void start_flowing(std::chrono::milliseconds stall = 10s, std::size_t upstreams = 2) {
    start(stall, upstreams);
    host.until([&] { return relay->flows(); });
  }
};

TEST(RelaySeam, OfAnotherUpstreamItWantsTheNextByte) {
  first.answers = {plays_from(100), "HTTP/1.0 404 Not Found\r\n\r\n"};
  second.answers = {plays_from(104)};
  start_flowing();
  CHECK_EQUAL(std::string("any"), asked_for(first.requests[0]));
  sends(first, "one ", "one ");
  first.close_all();
  host.until([&] { return second.requests.size() == 1 && relay->flows(); });
  CHECK_EQUAL(kId + ".104", asked_for(second.requests[0]));
  sends(second, "two", "one two");
}
TEST(RelaySeam, TheEndOfASpanIsASeamThatIsNotHeardOf) {
  first.answers = {plays_from(100), plays_from(103)};
  start_flowing();
  sends(first, "one", "one");
  first.close_all();
  host.until([&] { return host.writers() == 2 && relay->flows(); });
  sends(first, "two", "onetwo");
  LONGS_EQUAL(1, host.begun.size());
  LONGS_EQUAL(0, second.requests.size());
  CHECK(host.captured.says(
      "DBUG source/source_shutdown Source from 127.0.0.1 at \"/local\" exiting (end of a span"));
  CHECK(!host.captured.says("listeners wait"));
}
TEST(RelaySeam, OneOfACrowdAsksAMomentLater) {
  std::string crowd = plays_from(100);
  crowd.insert(crowd.find("; h=0"), "; r=800");
  first.answers = {crowd, plays_from(103)};
  host.quick.crowd_spread = 1000s;
  start_flowing();
  sends(first, "one", "one");
  first.close_all();
  host.until([&] { return !relay->flows(); });
  host.pass(50ms);
  LONGS_EQUAL(1, first.requests.size());
  LONGS_EQUAL(0, second.requests.size());
}
TEST(RelaySeam, OneOfACrowdAsksTheSameUpstream) {
  std::string crowd = plays_from(100);
  crowd.insert(crowd.find("; h=0"), "; r=800");
  first.answers = {crowd, plays_from(103)};
  host.quick.crowd_spread = 20ms;
  start_flowing();
  sends(first, "one", "one");
  first.close_all();
  host.until([&] { return host.writers() == 2; });
  LONGS_EQUAL(2, first.requests.size());
  LONGS_EQUAL(0, second.requests.size());
}
TEST(RelaySeam, AServerOfNoClusterThatLooksLikeIcecastAsksLikeIt) {
  host.lines.clear();
  start_flowing();
  CHECK_EQUAL(std::string(), asked_for(first.requests[0]));
}
TEST(RelaySeam, SilenceLetsItAskTheNextOneAndTheFirstThatSendsWrites) {
  start_flowing(50ms);
  sends(first, "one ", "one ");
  host.until([&] { return second.requests.size() == 1 && host.writers() == 2; });
  CHECK(host.captured.says("silent for 50ms"));
  sends(second, "two", "one two");
}
TEST(RelaySeam, InSilenceItAsksItsOnlyUpstreamOnceMore) {
  first.answers = {plays_from(100), plays_from(104)};
  start_flowing(50ms, 1);
  sends(first, "one ", "one ");
  const SteadyTime said = host.loop().now();
  host.until([&] { return first.requests.size() == 2 && host.writers() == 2; });
  CHECK(host.loop().now() - said >= 145ms);
  CHECK_EQUAL(kId + ".104", asked_for(first.requests[1]));
  host.pass(400ms);  // the encoder is silent
  LONGS_EQUAL(2, first.requests.size());
  sends(first, "two", "one two");
  host.until([&] { return first.requests.size() == 3; });
}
TEST(RelaySeam, InSilenceItAsksAtOnceWhereTheWayIsOpenAgain) {
  first.answers = {plays_from(100), plays_from(104)};
  start_flowing(50ms, 1);
  sends(first, "one ", "one ");
  relay->path_opened(relay->upstream()->target);
  LONGS_EQUAL(1, first.requests.size());
  host.pass(60ms);
  relay->path_opened(relay->upstream()->target);
  host.until([&] { return first.requests.size() == 2 && host.writers() == 2; });
  sends(first, "two", "one two");
}
// Of the old connection every byte may yet come; what the new one lacks would be lost.
TEST(RelaySeam, InSilenceWhatDoesNotGoOnAtTheNextByteIsNotTaken) {
  first.answers = {plays_from(100), plays_from(150)};
  start_flowing(50ms, 1);
  sends(first, "one ", "one ");
  host.until([&] { return first.requests.size() == 3; });
  LONGS_EQUAL(1, host.writers());
}
// Its host was cut off without a word, and another one has its address by now.
TEST(RelaySeam, InSilenceAnotherStreamOfItsOnlyUpstreamIsTaken) {
  std::string other = plays_from(150);
  other.replace(other.find(kId), kId.size(), "4f2a00000000000000000000000000c2");
  first.answers = {plays_from(100), other};
  start_flowing(50ms, 1);
  sends(first, "one ", "one ");
  host.until([&] { return first.requests.size() == 2 && host.writers() == 2; });
  sends(first, "two", "one two");
}
TEST(RelaySeam, InSilenceOneWithoutAddressesIsLeftAlone) {
  start_flowing(50ms, 1);
  first.send("one ");
  host.pass(400ms);
  LONGS_EQUAL(1, first.requests.size());
}
TEST(RelaySeam, InSilenceItWantsWhatWasNotSentMeanwhile) {
  start_flowing(300ms);
  sends(first, "one ", "one ");
  host.until([&] {
    host.mount("/local")->set_usual_rate(16000);  // a few bytes are no rate
    return second.requests.size() == 1;
  });
  const std::size_t at = second.requests[0].find("\r\nX-LB-Burst: ");
  CHECK(at != std::string::npos);
  // Of 300 ms, and of the half second that one may be behind the other.
  CHECK(std::atoi(second.requests[0].c_str() + at + 14) >= 16 * (300 + 500));
}
TEST(RelaySeam, OneThatEndsAgainAndAgainRests) {
  // Each stream lasts long enough to be a span, and none of them flows.
  first.answers = second.answers = {plays_from(100)};
  host.quick.flowed = 100s;
  host.quick.first_delay = 100s;
  start();
  for (std::size_t streams = 1; streams <= 4; ++streams) {
    host.until([&] { return relay->flows() && host.writers() == streams; });
    (first.requests.size() + second.requests.size() == streams ? first : second).send("x");
    first.send("x");
    second.send("x");
    host.pass(20ms);
    first.close_all();
    second.close_all();
    host.until([&] { return !relay->flows() || host.writers() > streams; });
  }
  host.until([&] { return host.captured.says("the stream ended after "); });
}
TEST(RelaySeam, ABetterUpstreamWhoseStreamHasBegunJustNowIsAskedAgainLater) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", plays_from(0), plays_from(500)};
  start_flowing();
  sends(second, "worse ", "worse ");
  host.until([&] { return first.requests.size() == 2; });
  host.until([&] { return host.captured.says("its stream has begun just now at 127.0.0.1:"); });
  sends(second, "still ", "worse still ");
  host.until([&] { return first.requests.size() == 3 && host.writers() == 2; });
  sends(first, "better", "worse still better");
}
TEST(RelaySeam, OneThatAlwaysBeginsWithItsFirstByteIsTakenInTheEnd) {
  first.answers = {"HTTP/1.0 404 Not Found\r\n\r\n", plays_from(0)};
  start_flowing();
  second.send("worse ");
  host.until([&] { return first.requests.size() == 5 && host.writers() == 2; });
  sends(first, "better", "worse better");
}

// -- nothing to hear ------------------------------------------------------------------------------

const std::string kNotThere = "HTTP/1.0 404 Not Found\r\n\r\n";

TEST(RelaySeam, OneThatRestsIsAskedWhenTheStreamIsLost) {
  host.quick.first_delay = 100s;
  host.quick.dry_rest = 20ms;
  first.answers = {kNotThere, kPlaysSomething};
  second.answers = {kPlaysSomething, kNotThere};
  start_flowing();
  sends(second, "worse ", "worse ");
  host.pass(100ms);
  LONGS_EQUAL(1, first.requests.size());  // there is something to hear
  second.close_all();
  host.until([&] { return first.requests.size() == 2 && relay->flows(); });
  sends(first, "better", "worse better");
}
TEST(RelaySeam, OneThatRestsIsAskedWhenTheStreamIsSilent) {
  host.quick.first_delay = 100s;
  host.quick.dry_rest = 20ms;
  first.answers = {kNotThere, kPlaysSomething};
  start_flowing(150ms);
  second.send("worse ");
  host.until([&] { return first.requests.size() == 2 && host.writers() == 2; });
  CHECK(host.captured.says("silent for 150ms"));
  sends(first, "better", "worse better");
}
TEST(RelaySeam, WhileThereIsNothingToHearEachIsAskedAfterAShortRest) {
  host.quick.first_delay = 100s;
  host.quick.dry_rest = 40ms;
  first.answers = {kPlaysSomething, kNotThere};
  second.answers = {kNotThere};
  start_flowing();
  sends(first, "one", "one");
  first.close_all();
  const SteadyTime lost = host.loop().now();
  host.until([&] { return first.requests.size() >= 8 && second.requests.size() >= 8; });
  CHECK(host.loop().now() - lost > 40ms * 3 / 4 * 6);
  // One line of each for each length of a rest, not for each question.
  const std::string log = host.captured.errors(), line = "404 Not Found; asked again in 40ms";
  std::size_t lines = 0;
  for (std::size_t at = 0; (at = log.find("WARN", at)) != std::string::npos; ++at)
    lines += log.substr(at, log.find('\n', at) - at).find(line) != std::string::npos ? 1 : 0;
  LONGS_EQUAL(2, lines);
}
// What it sends is no end of the silence: else it would be asked at this pace for ever.
TEST(RelaySeam, OneThatHangsUpAtOnceIsAskedMoreAndMoreSeldom) {
  host.quick.first_delay = 100s;
  host.quick.dry_rest = 10ms;
  first.answers = {kPlaysSomething + "some"};
  first.close_after = true;
  second.answers = {kNotThere};
  start();
  host.until([&] { return first.requests.size() >= 10; });
  host.pass(640ms);  // 16 rests of 10, 8 of 20, 8 of 40 ms
  CHECK(first.requests.size() < 45);
  // What flows ends it.
  first.close_after = false;
  host.until([&] { return relay->flows(); });
}
TEST(RelaySeam, OneThatDoesNotAnswerIsPassedOver) {
  host.quick.slow = 50ms;
  first.answers = {plays_from(100), ""};
  start_flowing();
  sends(first, "one ", "one ");
  first.close_all();
  host.until([&] { return second.requests.size() == 1 && relay->flows(); });
  LONGS_EQUAL(2, first.requests.size());
  CHECK(host.captured.says("has not answered for 50ms"));
  sends(second, "two", "one two");
}
TEST(RelaySeam, OneThatWasLeftByItsAdministratorRestsAllTheSame) {
  host.quick.first_delay = 200ms;
  host.quick.dry_rest = 10ms;
  start_flowing();
  host.end_source(0, host.admission().writer_of("/local")->lease, EndReason::kKilled);
  host.until([&] { return second.requests.size() == 1 && relay->flows(); });
  host.pass(50ms);
  LONGS_EQUAL(1, first.requests.size());
}
