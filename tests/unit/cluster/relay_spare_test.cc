// A relay with <standby>hot: another upstream is read beside the one that writes.
#include "cluster/relay_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

std::string streams_from(unsigned position,
                         const std::string& id = "4f2a00000000000000000000000000c1") {
  return "HTTP/1.0 200 OK\r\nContent-Type: audio/x-test\r\nX-LB-Stream: " + id + "." +
         std::to_string(position) + "; m=0/0; n=1; g=1; c=6000; h=0\r\n\r\n";
}
const std::string kNotThere = "HTTP/1.0 404 Not Found\r\n\r\n";

}  // namespace

TEST_GROUP_BASE(RelaySpare, RelayFixture) {
  using RelayFixture::plan;

  void setup() override { host.lines = "X-LB-Relay: e1.a\r\n"; }
  RelayPlan plan(bool hot = true, std::chrono::milliseconds stall = 10s) {
    RelayPlan made = plan({at(first), at(second)});
    made.stall = stall;
    made.hot = hot;
    return made;
  }
  // The first upstream has sent "one ", the second this.
  void until_both_flow(const std::string& of_second) {
    host.until([&] { return relay->flows() && second.requests.size() == 1; });
    sends(first, "one ", "one ");
    second.send(of_second);
    host.until([&] { return relay->has_spare(); });
  }
};

TEST(RelaySpare, GoesOnAtTheByteWithoutARequest) {
  first.answers = {streams_from(100), kNotThere};
  second.answers = {streams_from(98)};
  start(plan());
  until_both_flow("..one two ");
  first.close_all();
  until_streams("one two ");
  sends(second, "three", "one two three");
  LONGS_EQUAL(1, second.requests.size());
  LONGS_EQUAL(1, host.begun.size());
  host.until([&] { return !host.switches.empty(); });
  CHECK(host.switches == std::vector<std::string>{"exact, end of a span"});
}
TEST(RelaySpare, AtTheEndOfASpanTheSameUpstreamIsAskedFirst) {
  first.answers = {streams_from(100), streams_from(104)};
  second.answers = {streams_from(100)};
  start(plan());
  until_both_flow("one two ");
  first.close_all();
  host.until([&] { return first.requests.size() == 2 && relay->flows(); });
  sends(first, "more", "one more");
  LONGS_EQUAL(1, second.requests.size());
}
TEST(RelaySpare, ASpareThatLacksTheByteIsAskedForIt) {
  first.answers = {streams_from(100), kNotThere};
  second.answers = {streams_from(100), streams_from(104)};
  start(plan());
  until_both_flow("on");
  first.close_all();
  host.until([&] { return second.requests.size() == 2 && relay->flows(); });
  sends(second, "two", "one two");
  LONGS_EQUAL(1, host.begun.size());
}
TEST(RelaySpare, ASpareOfAnotherStreamIsAskedToo) {
  first.answers = {streams_from(100), kNotThere};
  second.answers = {streams_from(100, "000000000000000000000000000000aa")};
  start(plan());
  until_both_flow("other");
  first.close_all();
  host.until([&] { return second.requests.size() == 2 && relay->flows(); });
}
TEST(RelaySpare, SilenceLetsItWriteAtOnce) {
  first.answers = {streams_from(100)};
  second.answers = {streams_from(100)};
  start(plan(true, 50ms));
  until_both_flow("one two");
  until_streams("one two");
  CHECK(host.captured.says("its standby 127.0.0.1:" + std::to_string(second.port) +
                           "/up takes over"));
  host.until([&] { return !host.switches.empty(); });
  CHECK(host.switches == std::vector<std::string>{"exact, silent"});
}
TEST(RelaySpare, ABetterOneTakesOverWhenItHasFlowed) {
  first.answers = {kNotThere, streams_from(100)};
  second.answers = {streams_from(100)};
  start(plan());
  host.until([&] { return relay->flows() && first.requests.size() == 2; });
  sends(second, "one ", "one ");
  sends(first, "one two", "one two");
  host.until([&] { return !host.switches.empty(); });
  CHECK(host.switches == std::vector<std::string>{"exact, a better upstream is back"});
  LONGS_EQUAL(1, host.begun.size());
}
TEST(RelaySpare, OneThatEndsIsAskedAgain) {
  first.answers = {streams_from(100)};
  second.answers = {streams_from(100)};
  start(plan());
  until_both_flow("one");
  second.close_all();
  host.until([&] { return second.requests.size() == 2; });
  CHECK(relay->flows());
  CHECK(host.stream("/local") == "one ");
}
TEST(RelaySpare, AnUpstreamThatWritesWhileItIsAskedIsNotWaitedForAsSpare) {
  first.answers = {kNotThere, "", streams_from(104)};  // the second request hangs
  second.answers = {streams_from(100), kNotThere, streams_from(104)};
  start(plan());
  host.until([&] { return relay->flows() && first.requests.size() == 2; });
  sends(second, "one ", "one ");
  second.close_all();
  host.until([&] { return first.requests.size() == 3 && relay->flows(); });
  sends(first, "two", "one two");
  host.until([&] { return second.requests.size() == 3; });
  second.send("two");
  host.until([&] { return relay->has_spare(); });
}
TEST(RelaySpare, AWarmRelayHasNone) {
  first.answers = {streams_from(100)};
  second.answers = {streams_from(100)};
  start_flowing(plan(false));
  host.pass(50ms);
  LONGS_EQUAL(0, second.requests.size());
  relay->update(plan(true));
  host.until([&] { return second.requests.size() == 1; });
  second.send("one");
  host.until([&] { return relay->has_spare(); });
  LONGS_EQUAL(1, host.mount("/local")->standbys.load());
  relay->update(plan(false));
  host.until([&] { return host.sources.standbys() == 0; });
  LONGS_EQUAL(0, host.mount("/local")->standbys.load());
}
