// A relay whose upstream is a program (<exec>): the test holds the other end of its output.
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "cluster/relay_fixture.h"
#include "net/socket/pipe_transport.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(ProgramRelay, RelayFixture) {
  std::vector<UniqueFd> outputs;  // the newest last
  std::vector<std::string> started;
  int readers_gone = 0;

  void setup() override {
    host.quick.longest_program_rest = 80ms;
    host.quick.program_flowed = 100s;
    host.program = [this](const std::string& mount,
                          const Upstream& upstream) -> Result<std::unique_ptr<Transport>> {
      started.push_back(mount + " " + upstream.program.front());
      int ends[2];
      if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return Error::io("no pipe");
      outputs.emplace_back(ends[1]);
      return std::unique_ptr<Transport>(
          std::make_unique<PipeTransport>(UniqueFd(ends[0]), [this](bool) { ++readers_gone; }));
    };
  }
  void teardown() override { relay.reset(); }
  static RelayPlan plan(std::string type = "audio/x-test") {
    RelayPlan made;
    made.local_mount = "/local";
    Upstream upstream;
    upstream.program = {"encoder", "-"};
    upstream.content_type = std::move(type);
    made.upstreams.push_back(std::move(upstream));
    return made;
  }
  void write(const std::string& text) {
    CHECK_EQUAL(static_cast<ssize_t>(text.size()),
                ::write(outputs.back().get(), text.data(), text.size()));
  }
};

TEST(ProgramRelay, ItsOutputIsTheStream) {
  start(plan());
  CHECK_EQUAL(1U, started.size());
  CHECK_EQUAL(std::string("/local encoder"), started[0]);
  write("one ");
  host.until([&] { return relay->flows(); });
  write("two");
  until_streams("one two");
  const auto mount = host.mount("/local");
  CHECK_EQUAL(std::string("audio/x-test"), mount->facts()->content_type);
  CHECK(mount->facts()->relayed);
  CHECK(host.captured.says("relay /local: streams audio/x-test from program encoder"));
}
TEST(ProgramRelay, BeforeItsFirstByteThereIsNoStream) {
  start(plan());
  host.pass(20ms);
  CHECK(!relay->flows());
  CHECK(host.mount("/local") == nullptr);
  outputs.clear();
  host.until([&] {
    return host.captured.says(
        "the program has ended before it wrote anything; asked again in 20ms");
  });
  CHECK_EQUAL(1, readers_gone);
}
TEST(ProgramRelay, OneThatWritesNothingIsGivenUp) {
  start(plan());
  host.until([&] { return host.captured.says("the program has written nothing in time"); });
  CHECK_EQUAL(1, readers_gone);
}
TEST(ProgramRelay, RestsTwiceAsLongEachTimeUpToItsBound) {
  host.program = [this](const std::string&, const Upstream&) -> Result<std::unique_ptr<Transport>> {
    started.emplace_back();
    return Error::not_found("program encoder is nowhere in PATH");
  };
  start(plan());
  host.until([&] { return started.size() == 5; });
  CHECK(host.captured.says("is nowhere in PATH; asked again in 20ms"));
  CHECK(host.captured.says("asked again in 40ms"));
  CHECK(host.captured.says("asked again in 80ms"));
  CHECK(!host.captured.says("asked again in 160ms"));
}
TEST(ProgramRelay, ListenersStayWhileItRestsAndAShortRunDoesNotShortenTheRest) {
  start(plan());
  write("one ");
  until_streams("one ");
  const auto mount = host.mount("/local");
  host.pass(40ms);  // longer than what would be flow from a server
  outputs.clear();
  host.until([&] { return host.captured.says("asked again in 20ms"); });
  CHECK(mount->phase() == MountPhase::kLingering);
  host.until([&] { return started.size() == 2; });
  write("two");
  until_streams("one two");
  CHECK(host.mount("/local") == mount);
  host.pass(40ms);
  outputs.clear();
  host.until([&] { return host.captured.says("asked again in 40ms"); });
}
TEST(ProgramRelay, AfterALongFlowItRestsAsAtFirst) {
  host.quick.program_flowed = 30ms;
  start(plan());
  for (std::size_t run = 1; run <= 3; ++run) {
    host.until([&] { return started.size() == run; });
    write("x");
    host.until([&] { return relay->flows(); });
    host.pass(40ms);
    outputs.clear();
    host.until([&] { return !relay->flows(); });
  }
  CHECK(!host.captured.says("asked again in 40ms"));
}
TEST(ProgramRelay, AnotherCommandIsAnotherUpstream) {
  start(plan());
  write("one ");
  until_streams("one ");
  RelayPlan other = plan();
  other.upstreams[0].program = {"other"};
  relay->update(std::move(other));
  host.until([&] { return started.size() == 2; });
  CHECK_EQUAL(std::string("/local other"), started[1]);
  write("two");
  until_streams("one two");
  host.until([&] { return readers_gone == 1; });
}
TEST(ProgramRelay, ARelayThatIsRemovedEndsIt) {
  start(plan());
  write("one ");
  until_streams("one ");
  relay.reset();
  host.until([&] { return readers_gone == 1; });
}
// Another process has handed over a program, its source and its lease: all that is there but the
// relay.
TEST(ProgramRelay, OneThatWasHandedOverGoesOn) {
  start(plan());
  write("one ");
  until_streams("one ");
  const auto* const writer = host.admission().writer_of("/local");
  const HandedWriter handed{0, "audio/x-test", relay->save()};
  CHECK_EQUAL(writer->lease, handed.relay.lease);
  // The first relay is left as it is: destroyed it would end its source.
  const auto before = std::move(relay);
  host.handed = handed;
  relay = std::make_unique<Relay>(host, 2, plan());
  relay->start();
  CHECK(relay->flows());
  CHECK_EQUAL(1U, started.size());
  CHECK(relay->upstream() != nullptr && relay->upstream()->program.front() == "encoder");
  write("two");
  until_streams("one two");
  // Its end is heard of by the relay that has claimed it.
  outputs.clear();
  host.until([&] { return !relay->flows(); });
  host.until([&] { return started.size() == 2; });
}
TEST(ProgramRelay, OneThatIsNotConfiguredAnyMoreIsReplaced) {
  start(plan());
  write("one ");
  until_streams("one ");
  host.handed = HandedWriter{0, "audio/x-test", relay->save()};
  const auto before = std::move(relay);
  RelayPlan other = plan();
  other.upstreams[0].program = {"other"};
  relay = std::make_unique<Relay>(host, 2, std::move(other));
  relay->start();
  host.until([&] { return started.size() == 2; });
  CHECK_EQUAL(std::string("/local other"), started[1]);
  write("two");
  until_streams("one two");
  host.until([&] { return readers_gone == 1; });
}
