// Standbys on a worker: SourceSet and StandbySource together, with a mount that has two encoders.
#include "stream/source/standby_source.h"

#include "stream/listener/server_counters.h"
#include "stream/source/source_set.h"
#include "stream/support.h"
#include "stream/test_plugins.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

constexpr std::string_view kUnitTypes[] = {"audio/units"};
constexpr FramerPlugin kRealUnits{"units", kUnitTypes, true, make_framer<UnitFramer>, nullptr};

}  // namespace

TEST_GROUP(StandbySource) {
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  std::vector<SourceEnd> ends;
  std::vector<std::string> told;
  SourceSet sources{
      loop, captured.log,
      SourceSet::Callbacks{[](Channel::Loops, const std::shared_ptr<Mount>&) {},
                           [this](SourceEnd end) { ends.push_back(std::move(end)); },
                           {},
                           {},
                           [this](const std::string& name, std::uint64_t id, bool flows) {
                             told.push_back(name + " " + std::to_string(id) +
                                            (flows ? " flows" : " silent"));
                           },
                           [this](const std::string& name, std::uint64_t id) {
                             told.push_back(name + " " + std::to_string(id) + " writes nothing");
                           }}};
  std::shared_ptr<Mount> mount;
  std::shared_ptr<SourceFacts> facts = std::make_shared<SourceFacts>();
  SocketPair first, second;

  void setup() override {
    MountSettings settings;
    settings.standby_sources = 1;
    settings.source_timeout = 10s;
    mount = std::make_shared<Mount>("/a", lb::test::mount_settings(settings), 1);
    facts->plugin = &kRealUnits;
    mount->set_facts(facts);
  }
  void add(SocketPair & pair, std::uint64_t id, bool writes, std::size_t metaint = 0) {
    WriterLease lease;
    lease.mount = mount;
    if (writes) lease.log = std::move(*StreamLog::create("test"));
    lease.id = id;
    SourceOffer offer;
    offer.transport = pair.transport();
    offer.metaint = metaint;
    offer.request = "SOURCE /a HTTP/1.0";
    sources.add(std::move(offer), std::move(lease), facts);
  }
  void turn() {
    for (int i = 0; i < 4; ++i) loop.run_once(false);
  }
  void send(SocketPair & pair, const std::string& text) {
    pair.send(text);
    turn();
  }
  std::string stream() const { return read_view(*mount->channel().newest(), 0); }
  static std::string unit(char c) { return std::string(100, c); }
};

TEST(StandbySource, IsReadAndReportsThatItFlows) {
  add(first, 1, true);
  add(second, 2, false);
  LONGS_EQUAL(1, sources.size());
  LONGS_EQUAL(1, sources.standbys());
  send(second, unit('b'));
  CHECK(told == std::vector<std::string>{"/a 2 flows"});
  STRCMP_EQUAL("", stream().c_str());
  LONGS_EQUAL(100, sources.bytes_read());
}
TEST(StandbySource, TakesOverWhereTheOtherOneEnded) {
  add(first, 1, true);
  add(second, 2, false);
  send(first, unit('1') + unit('2'));
  send(second, unit('a') + unit('b'));
  const SteadyTime last = clock.steady();
  clock.advance(100ms);
  send(second, unit('c') + "dddd");
  send(first, "333");
  first.close();
  turn();
  LONGS_EQUAL(1, ends.size());
  CHECK_FALSE(ends[0].stepped_back);
  WriterLease lease = std::move(ends[0].lease);
  lease.id = 2;
  sources.promote(std::move(lease), facts, last + 1ms);
  CHECK(unit('1') + unit('2') + unit('c') == stream());
  LONGS_EQUAL(0, sources.standbys());
  send(second, std::string(96, 'd') + unit('e'));
  CHECK(unit('1') + unit('2') + unit('c') + unit('d') + unit('e') == stream());
  second.close();
  turn();
  LONGS_EQUAL(2, ends.back().lease.id);
  LONGS_EQUAL(500, ends.back().bytes_read);  // from its first byte on
}
TEST(StandbySource, ASourceStepsBackAndStaysConnected) {
  add(first, 1, true);
  send(first, unit('1') + "22");
  clock.advance(1s);
  CHECK(sources.step_back(1, 0ms));
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].stepped_back);
  CHECK(ends[0].reason == EndReason::kReplaced);
  CHECK(ends[0].silent == 1000ms);
  LONGS_EQUAL(0, sources.size());
  LONGS_EQUAL(1, sources.standbys());
  send(first, std::string(98, '2') + unit('3'));
  CHECK(told == std::vector<std::string>{"/a 1 flows"});
  CHECK(unit('1') == stream());
  // And back again: within a unit, and its ring has it whole.
  sources.promote(std::move(ends[0].lease), facts, SteadyTime{});
  CHECK(unit('1') + unit('1') + unit('2') + unit('3') == stream());
  CHECK(captured.accesses().empty());
}
TEST(StandbySource, OnlyASilentSourceStepsBackForItsSilence) {
  add(first, 1, true);
  send(first, unit('1'));
  clock.advance(1499ms);
  CHECK_FALSE(sources.step_back(1, 1500ms));
  clock.advance(1ms);
  first.send("x");  // it has come in time, and was not read
  CHECK_FALSE(sources.step_back(1, 1500ms));
  clock.advance(1500ms);
  CHECK(sources.step_back(1, 1500ms));
  LONGS_EQUAL(1, sources.standbys());
}
TEST(StandbySource, ASourceWithoutARingIsEndedInstead) {
  mount->set_settings(lb::test::mount_settings());
  add(first, 1, true);
  CHECK(sources.step_back(1, 0ms));
  CHECK_FALSE(ends.at(0).stepped_back);
  LONGS_EQUAL(0, sources.standbys());
}
TEST(StandbySource, ALeaseForAStandbyThatHasGoneComesBack) {
  add(second, 2, false);
  second.close();
  turn();
  LONGS_EQUAL(1, ends.size());
  CHECK(ends[0].lease.log == nullptr);
  LONGS_EQUAL(2, ends[0].lease.id);
  WriterLease lease;
  lease.mount = mount;
  lease.log = std::move(*StreamLog::create("test"));
  lease.id = 2;
  sources.promote(std::move(lease), facts, SteadyTime{});
  LONGS_EQUAL(2, ends.size());
  CHECK(ends[1].lease.log != nullptr);
}
TEST(StandbySource, TheSilenceOfAWriterIsReportedOnce) {
  add(first, 1, true);
  send(first, unit('1'));
  sources.watch_silence(1, 1500ms);
  clock.advance(1499ms);
  sources.watch_silence(1, 1500ms);
  CHECK(told.empty());
  clock.advance(1ms);
  sources.watch_silence(1, 1500ms);
  CHECK(told == std::vector<std::string>{"/a 1 writes nothing"});
  sources.watch_silence(7, 1500ms);
  LONGS_EQUAL(1, told.size());
}
TEST(StandbySource, AStandbyThatFallsSilentIsReportedAndEndsInTheEnd) {
  auto state = std::make_unique<SourceState>();
  struct Ears final : StandbyHost {
    void standby_ended(StandbySource&, EndReason reason) override { ended = reason; }
    void standby_flows(StandbySource&, bool now) override { flows = now; }
    std::optional<EndReason> ended;
    bool flows = false;
  } ears;
  SourceOffer offer;
  offer.transport = second.transport();
  StandbySource standby(sources, ears, std::move(offer), 2, mount, *facts);
  standby.start();
  second.send(unit('b'));
  turn();
  CHECK(ears.flows);
  clock.advance(1499ms);
  standby.on_timeout();
  CHECK(ears.flows);
  clock.advance(1ms);
  standby.on_timeout();
  CHECK_FALSE(ears.flows);
  clock.advance(8499ms);
  standby.on_timeout();
  CHECK_FALSE(ears.ended.has_value());
  second.send(unit('b'));
  turn();
  CHECK(ears.flows);
  clock.advance(10s);
  standby.on_timeout();
  CHECK(ears.ended == EndReason::kTimeout);
}
TEST(StandbySource, KeepsItsOwnTitleForTheTimeWhenItWrites) {
  add(first, 1, true);
  send(first, unit('1'));
  sources.set_title(1, make_icy_metadata("Main", "", "", ""));
  add(second, 2, false, 50);
  const std::string block = make_icy_metadata("Backup", "", "", "").icy_block;
  send(second, std::string(50, 'a') + block + std::string(50, 'a') + std::string(1, '\0'));
  STRCMP_EQUAL("Main", mount->metadata()->title.c_str());
  sources.kill(1, EndReason::kClientGone);
  WriterLease lease = std::move(ends.at(0).lease);
  lease.id = 2;
  sources.promote(std::move(lease), facts, SteadyTime{});
  STRCMP_EQUAL("Backup", mount->metadata()->title.c_str());
  CHECK(unit('1') + unit('a') == stream());
  STRCMP_EQUAL("Backup", title_of(mount->channel().newest()->metadata_at(100)).c_str());
  // The phase of its own blocks goes on.
  send(second, std::string(50, 'b') + std::string(1, '\0') + std::string(50, 'b'));
  CHECK(unit('1') + unit('a') + unit('b') == stream());
}
TEST(StandbySource, EndsWithTheServer) {
  add(first, 1, true);
  add(second, 2, false);
  sources.end_all(EndReason::kShutdown);
  LONGS_EQUAL(2, ends.size());
  LONGS_EQUAL(0, sources.standbys());
}
