// Mounts without a source: closed for their wait-time, lingering, or reserved for a relay.
#include "stream/source/end_reason.h"
#include "stream/source_admission_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(SourcelessMounts, SourceAdmissionFixture){};

// --- wait-time
TEST(SourcelessMounts, AMountWithAWaitTimeIsClosedToSourcesWhenOneHasEnded) {
  settings.wait_time = 10s;
  give_back(granted(ask("/a")));
  CHECK(captured.says("mount /a: its source has ended, closed to sources for 10s (wait-time)"));
  refused(ask("/a"));
  CHECK(captured.says(
      "mount /a: closed to sources for a while after the last one (wait-time), 192.0.2.1 "
      "was refused"));
  granted(ask("/b"));
  clock.advance(9s);
  turn();
  refused(ask("/a"));
  clock.advance(1s);
  turn();
  granted(ask("/a"));
}
TEST(SourcelessMounts, ARelayComesIntoAClosedMountAndOpensIt) {
  settings.wait_time = 10s;
  give_back(granted(ask("/a")));
  WriterLease lease = granted(relay("/a"));
  give_back(std::move(lease));
  granted(ask("/a"));
}
TEST(SourcelessMounts, WithHijackTheSameUserComesBackToAClosedMount) {
  settings.wait_time = 10s;
  settings.hijack = true;
  give_back(granted(ask("/a")));
  WriterAsk other = ask("/a");
  other.user = "dj";
  refused(std::move(other));
  granted(ask("/a"));
}
TEST(SourcelessMounts, AReloadWithoutTheWaitTimeOpensTheMount) {
  settings.wait_time = 10s;
  give_back(granted(ask("/a")));
  settings.wait_time = 0s;
  granted(ask("/a"));
}
TEST(SourcelessMounts, AMountThatLingersIsClosedWhenItHasEndedAndNotBefore) {
  settings.wait_time = 10s;
  linger = 5s;
  give_back(granted(ask("/a")));
  WriterLease back = granted(ask("/a"));
  linger = 1ms;
  give_back(std::move(back));
  while (mounts.find("/a") != nullptr) loop.run_once(true);
  refused(ask("/a"));
  linger = 0ms;
}
TEST(SourcelessMounts, ANewTypeOnALingeringMountIsNotRefused) {
  settings.wait_time = 10s;
  linger = 5s;
  give_back(granted(ask("/a")));
  WriterLease other = granted(ask("/a", 0, "application/ogg"));
  linger = 0ms;
  give_back(std::move(other));
  refused(ask("/a"));
}

// --- lingering
TEST(SourcelessMounts, AMountThatLingersKeepsItsStreamForTheNextSource) {
  linger = 10s;
  WriterLease first = granted(ask("/a"));
  write(first, "0123456789");
  const auto mount = first.mount;
  const StreamLog* log = first.log.get();
  give_back(std::move(first));
  CHECK(mount->phase() == MountPhase::kLingering);
  CHECK(mounts.find("/a") == mount);
  CHECK(!mount->channel().newest()->ended);
  CHECK(admission->writer_of("/a") == nullptr);
  CHECK(captured.says("mount /a: no source, 0 listeners wait up to 10000ms for one"));
  mount->set_fed(false);  // as the worker has done
  const WriterLease second = granted(ask("/a", 1));
  CHECK(second.mount == mount);
  POINTERS_EQUAL(log, second.log.get());
  LONGS_EQUAL(10, second.log->head());
  CHECK(mount->phase() == MountPhase::kRunning);
  CHECK(mount->is_fed());
  CHECK(told ==
        (std::vector<std::string>{"begun /a +", "linger source client gone", "begun /a +"}));
  linger = 0ms;
}
TEST(SourcelessMounts, ARelayThatGoesOnAtOnceIsToldToNoneThatHearsOfNewSources) {
  linger = 10s;
  WriterLease first = granted(relay("/a"));
  const auto mount = first.mount;
  const SteadyTime started = mount->facts()->started;
  CHECK(!first.goes_on);
  give_back(std::move(first), EndReason::kSpan);
  CHECK(!captured.says("listeners wait"));
  clock.advance(1900ms);
  turn();
  WriterAsk again = relay("/a");
  auto facts = std::make_shared<SourceFacts>(*again.facts);
  facts->started = clock.steady();
  again.facts = facts;
  const WriterLease second = granted(std::move(again));
  CHECK(second.goes_on);
  CHECK(mount->facts()->started == started);
  CHECK(told ==
        (std::vector<std::string>{"begun /a +", "linger relay end of a span", "went on /a"}));
  const std::string log = captured.errors();
  CHECK(log.find("logging in") == log.rfind("logging in"));
}
TEST(SourcelessMounts, ARelayThatComesBackLaterIsANewSource) {
  linger = 10s;
  give_back(granted(relay("/a")), EndReason::kClientGone);
  clock.advance(2100ms);
  turn();
  const WriterLease second = granted(relay("/a"));
  CHECK(!second.goes_on);
  CHECK(told == (std::vector<std::string>{"begun /a +", "linger relay client gone", "begun /a +"}));
}
TEST(SourcelessMounts, ASourceInPlaceOfARelayIsANewSource) {
  linger = 10s;
  elsewhere = false;
  give_back(granted(relay("/a")), EndReason::kClientGone);
  CHECK(!granted(ask("/a")).goes_on);
  STRCMP_EQUAL("begun /a +", told.back().c_str());
}
TEST(SourcelessMounts, ALingeringMountEndsWhenNoSourceComes) {
  linger = 1ms;
  WriterLease lease = granted(ask("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  while (!mount->channel().newest()->ended) loop.run_once(true);
  CHECK(mounts.find("/a") == nullptr);
  CHECK(mount->phase() == MountPhase::kEnded);
  STRCMP_EQUAL("ended /a -", told.back().c_str());
}
TEST(SourcelessMounts, AMountThatGoesOnIsNotEndedByItsOldTimer) {
  linger = 1ms;
  WriterLease lease = granted(ask("/a"));
  give_back(std::move(lease));
  const WriterLease next = granted(ask("/a"));
  Timer later(loop, [] {});
  later.after(5ms);
  while (later.armed()) loop.run_once(true);
  turn();
  CHECK(next.mount->phase() == MountPhase::kRunning);
}
TEST(SourcelessMounts, AnotherFormatEndsTheStreamThatLingers) {
  linger = 10s;
  WriterLease lease = granted(ask("/a"));
  const auto before = lease.mount;
  give_back(std::move(lease));
  const WriterLease next = granted(ask("/a", 0, "audio/aac"));
  CHECK(before->channel().newest()->ended);
  CHECK(next.mount != before);
  CHECK(mounts.find("/a") == next.mount);
  LONGS_EQUAL(0, next.log->head());
}
TEST(SourcelessMounts, AListenerWhoComesWhileARelaysMountLingersIsGivenAsLongAgain) {
  linger = 1ms;
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  mount->gate().enter();
  while (!mount->channel().newest()->ended) loop.run_once(true);
  CHECK(captured.says("mount /a: no source, 1 listeners wait up to 1ms for one"));
  CHECK(captured.says("mount /a: no source has come, the stream ends for 1 listeners"));
}
TEST(SourcelessMounts, WithoutAListenerItLingersOnce) {
  linger = 1ms;
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  while (!mount->channel().newest()->ended) loop.run_once(true);
  CHECK(!captured.says("mount /a: no source, 0 listeners wait up to 1ms for one"));
}
TEST(SourcelessMounts, ARelaysMountThatLingersMayBeForgotten) {
  linger = 10s;
  WriterLease lease = granted(relay("/a"));
  admission->forget_relay("/a");  // still runs
  CHECK(mounts.find("/a") != nullptr);
  give_back(std::move(lease));
  admission->forget_relay("/a");
  CHECK(mounts.find("/a") == nullptr);
  give_back(granted(ask("/b")));
  admission->forget_relay("/b");  // that was no relay
  CHECK(mounts.find("/b") != nullptr);
  admission->forget_relay("/c");
}
TEST(SourcelessMounts, ASourceMayTakeOverTheMountOfALostRelay) {
  linger = 10s;
  WriterLease lease = granted(relay("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  CHECK(granted(ask("/a")).mount == mount);
  refused(relay("/a"));
}

TEST(SourcelessMounts, ASourceTakesTheReservedMountThatNoServerFeedsAndItsListeners) {
  linger = 10s;
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  const auto mount = lease.mount;
  write(lease, "relayed ");
  give_back(std::move(lease));
  elsewhere = true;
  refused(ask("/a"));
  elsewhere = false;
  lease = granted(ask("/a"));
  CHECK(lease.mount == mount);
  LONGS_EQUAL(8, lease.log->head());  // the same log goes on
}
TEST(SourcelessMounts, AnIdleMountIsASourcesWhenNoServerFeedsIt) {
  admission->reserve("/a");
  elsewhere = true;
  refused(ask("/a"));
  elsewhere = false;
  granted(ask("/a"));
}
TEST(SourcelessMounts, ARelayThatNoServerFeedsGivesWayWhenItIsSilent) {
  WriterLease lease = granted(relay("/a"));
  elsewhere = false;
  const Answer answer = put(ask("/a"));
  CHECK(!answer->has_value());
  LONGS_EQUAL(1, revoked.size());
  CHECK(revoked[0].silence == 500ms);
  revoked[0].then(false);  // its last bytes are younger than that
  CHECK(!answer->has_value());
  while (revoked.size() < 2) loop.run_once(true);
  revoked[1].then(true);
  give_back(std::move(lease));
  CHECK((*answer)->has_value());
}
TEST(SourcelessMounts, ARelayThatFlowsAfterAllKeepsItsMount) {
  const WriterLease lease = granted(relay("/a"));
  elsewhere = false;
  const Answer answer = put(ask("/a"));
  revoked[0].then(false);
  while (revoked.size() < 2) loop.run_once(true);
  revoked[1].then(false);
  CHECK(!(*answer)->has_value());
  STRCMP_EQUAL("Mountpoint in use", (*answer)->error().what.c_str());
  turn();
  LONGS_EQUAL(2, revoked.size());
}

// --- reserved for a relay
TEST(SourcelessMounts, AReservedMountIsListedIdle) {
  admission->reserve("/a");
  const auto mount = mounts.find("/a");
  CHECK(mount->phase() == MountPhase::kIdle);
  STRCMP_EQUAL("", mount->facts()->content_type.c_str());
  CHECK(mount->facts()->plugin != nullptr);
  CHECK(admission->writer_of("/a") == nullptr);
  refused(ask("/a"));
  const WriterLease lease = granted(relay("/a"));
  CHECK(lease.mount == mount);
  CHECK(mount->phase() == MountPhase::kRunning);
}
TEST(SourcelessMounts, AReservedMountIsIdleAgainAfterItsStream) {
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  const auto before = lease.mount;
  admission->reserve("/a");  // again; nothing changes
  give_back(std::move(lease));
  CHECK(before->channel().newest()->ended);
  CHECK(mounts.find("/a") != before);
  CHECK(mounts.find("/a")->phase() == MountPhase::kIdle);
}
TEST(SourcelessMounts, AReleasedMountIsGone) {
  admission->reserve("/a");
  const auto mount = mounts.find("/a");
  admission->release("/a");
  CHECK(mounts.find("/a") == nullptr);
  CHECK(mount->channel().newest()->ended);
  admission->release("/b");
}
TEST(SourcelessMounts, AReleasedMountThatRunsGoesOnUntilItEnds) {
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  admission->release("/a");
  CHECK(mounts.find("/a") == lease.mount);
  give_back(std::move(lease));
  CHECK(mounts.find("/a") == nullptr);
}
TEST(SourcelessMounts, ListenersThatWaitInAnIdleMountCanBeEnded) {
  admission->end_waiting("/a");
  admission->reserve("/a");
  const auto mount = mounts.find("/a");
  admission->end_waiting("/a");  // there is none
  CHECK(mounts.find("/a") == mount);
  mount->gate().enter();
  admission->end_waiting("/a");
  CHECK(mount->channel().newest()->ended);
  CHECK(mounts.find("/a") != mount);
  CHECK(mounts.find("/a")->phase() == MountPhase::kIdle);
}
