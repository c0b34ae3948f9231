#include "stream/source/source_admission.h"

#include <optional>

#include "base/resource_limit.h"
#include "stream/source/end_reason.h"
#include "stream/source_admission_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(SourceAdmission, SourceAdmissionFixture){};

TEST(SourceAdmission, GrantsAMountToItsFirstSource) {
  settings.max_listeners = 5;
  const WriterLease lease = granted(ask("/a", 1));
  STRCMP_EQUAL("/a", lease.mount->name().c_str());
  CHECK(lease.log != nullptr);
  CHECK(lease.id != 0);
  CHECK((lease.identity != StreamIdentity{}));
  CHECK(mounts.find("/a") == lease.mount);
  CHECK(lease.mount->phase() == MountPhase::kRunning);
  STRCMP_EQUAL("192.0.2.1", lease.mount->facts()->source_ip.c_str());
  LONGS_EQUAL(5, lease.mount->settings()->max_listeners);
  const auto* writer = admission->writer_of("/a");
  CHECK(writer->mount == lease.mount);
  LONGS_EQUAL(lease.id, writer->lease);
  LONGS_EQUAL(1, writer->home);
  CHECK(told == std::vector<std::string>{"begun /a +"});
  CHECK(
      captured.says("INFO source/admission Source logging in at mountpoint \"/a\" from 192.0.2.1 "
                    "(audio/mpeg)"));
}
// Each login wrote its lines, so that one login filled the disk.
TEST(SourceAdmission, OfASourceThatComesAgainAndAgainTheLogHasALineASecond) {
  const auto lines = [&] {
    std::size_t n = 0;
    const std::string all = captured.errors();
    for (std::size_t at = 0; (at = all.find("Source logging in", at)) != all.npos; ++at) ++n;
    return n;
  };
  for (int i = 0; i < 100; ++i) {
    WriterLease lease = granted(ask("/a"));
    CHECK_EQUAL(i < 20, lease.is_logged);
    give_back(std::move(lease));
  }
  LONGS_EQUAL(20, lines());
  CHECK(granted(ask("/b")).is_logged);
  clock.advance(1s);
  WriterLease lease = granted(ask("/a"));
  CHECK(lease.is_logged);
  CHECK(captured.says("(80 logins before it are not in this log)"));
  give_back(std::move(lease));
  lease = granted(ask("/a"));
  CHECK_FALSE(lease.is_logged);
  give_back(std::move(lease));
  LogSettings everything;
  everything.level = LogLevel::kDebug;
  everything.error_path = "/dev/null";
  CHECK(captured.log.open(everything).has_value());
  CHECK(granted(ask("/a")).is_logged);
}
TEST(SourceAdmission, RefusesASecondSourceInIcecastsWords) {
  const WriterLease first = granted(ask("/a"));
  refused(ask("/a", 1));
  refused(relay("/a"));
  LONGS_EQUAL(0, admission->writer_of("/a")->home);
  granted(ask("/b"));
}
TEST(SourceAdmission, AMountIsFreeWhenItsLeaseIsGivenBack) {
  WriterLease lease = granted(ask("/a"));
  const auto mount = lease.mount;
  const StreamIdentity identity = lease.identity;
  const std::uint64_t id = lease.id;
  mount->channel().take_and_arm(1);
  give_back(std::move(lease));
  CHECK(mounts.find("/a") == nullptr);
  CHECK(admission->writer_of("/a") == nullptr);
  CHECK(mount->channel().newest()->ended);
  CHECK(mount->phase() == MountPhase::kEnded);
  LONGS_EQUAL(2, woken);
  CHECK(told ==
        (std::vector<std::string>{"begun /a +", "linger source client gone", "ended /a -"}));
  const WriterLease next = granted(ask("/a"));
  CHECK(next.identity != identity);
  CHECK(next.id != id);
  CHECK(next.mount != mount);
}
TEST(SourceAdmission, ReportsHowTheLeaseWasUsed) {
  WriterAsk asked = ask("/a");
  std::vector<WriterLeft> left;
  asked.left = [&left](const WriterLeft& how) { left.push_back(how); };
  WriterLease lease = granted(std::move(asked));
  const std::uint64_t id = lease.id;
  give_back(std::move(lease), EndReason::kTimeout);
  LONGS_EQUAL(1, left.size());
  LONGS_EQUAL(id, left[0].lease);
  CHECK(left[0].reason == EndReason::kTimeout);
  LONGS_EQUAL(7, left[0].bytes_read);
  CHECK(left[0].lasted == 5ms);
}
TEST(SourceAdmission, AnOldLeaseDoesNotFreeTheMountOfItsSuccessor) {
  WriterLease lease = granted(ask("/a"));
  WriterLease copy;
  copy.mount = lease.mount;
  copy.id = lease.id;
  give_back(std::move(lease));
  const WriterLease next = granted(ask("/a"));
  told.clear();
  give_back(std::move(copy));
  CHECK(mounts.find("/a") == next.mount);
  CHECK(told.empty());
}
TEST(SourceAdmission, ALeaseOfAMountThatIsFreeChangesNothing) {
  WriterLease lease;
  lease.mount = std::make_shared<Mount>("/a", lb::test::mount_settings(), 1);
  lease.id = 7;
  give_back(std::move(lease));
  CHECK(told.empty());
}
TEST(SourceAdmission, RefusesWhenThereIsNoMemoryForALog) {
  std::optional<ResourceLimit> none(std::in_place, RLIMIT_NOFILE, 0);
  const Answer answer = put(ask("/a"));
  none.reset();
  CHECK(!(*answer)->has_value());
  STRCMP_EQUAL("internal format allocation problem", (*answer)->error().what.c_str());
  CHECK(captured.says("EROR source/admission mount /a: log of icecast-lb:/a: memfd_create failed"));
  CHECK(mounts.find("/a") == nullptr);
  granted(ask("/a"));
}
TEST(SourceAdmission, NewSettingsReachEveryMount) {
  const WriterLease a = granted(ask("/a")), b = granted(ask("/b"));
  admission->reserve("/c");
  settings.max_listeners = 9;
  CHECK(a.mount->settings()->max_listeners == -1);
  admission->settings_changed();
  LONGS_EQUAL(9, a.mount->settings()->max_listeners);
  LONGS_EQUAL(9, b.mount->settings()->max_listeners);
  STRCMP_EQUAL("/b", b.mount->settings()->name.c_str());
  LONGS_EQUAL(9, mounts.find("/c")->settings()->max_listeners);
}
TEST(SourceAdmission, KnowsTheWorkerThatFeedsTheFewest) {
  LONGS_EQUAL(0, admission->quietest_home());
  WriterLease a = granted(ask("/a", 0));
  LONGS_EQUAL(1, admission->quietest_home());
  const WriterLease b = granted(ask("/b", 1)), c = granted(ask("/c", 1));
  LONGS_EQUAL(0, admission->quietest_home());
  give_back(std::move(a));
  LONGS_EQUAL(0, admission->quietest_home());
}

// --- a source that comes back before the end of its last connection was noticed
TEST(SourceAdmission, ChecksTheOldSourceBeforeItRefusesANewOne) {
  slow_check = true;
  WriterLease first = granted(ask("/a", 1));
  const Answer second = put(ask("/a"));
  CHECK(!second->has_value());
  LONGS_EQUAL(1, looked.size());
  LONGS_EQUAL(1, looked[0].home);
  LONGS_EQUAL(first.id, looked[0].lease);
  give_back(std::move(first));
  looked[0].then(true);
  CHECK(second->has_value());
  LONGS_EQUAL((*second)->value().id, admission->writer_of("/a")->lease);
}
TEST(SourceAdmission, RefusesWhenTheOldSourceIsStillThere) {
  slow_check = true;
  const WriterLease first = granted(ask("/a", 1));
  const Answer second = put(ask("/a"));
  looked[0].then(false);
  CHECK(!(*second)->has_value());
  STRCMP_EQUAL("Mountpoint in use", (*second)->error().what.c_str());
  LONGS_EQUAL(first.id, admission->writer_of("/a")->lease);
}
TEST(SourceAdmission, ChecksOnceForEachAndTheFirstOfTwoWins) {
  slow_check = true;
  WriterLease first = granted(ask("/a", 1));
  const Answer second = put(ask("/a"));
  const Answer third = put(ask("/a"));
  give_back(std::move(first));
  looked[0].then(true);
  looked[1].then(true);
  CHECK((*second)->has_value());
  CHECK(!(*third)->has_value());
  LONGS_EQUAL(2, looked.size());
}
TEST(SourceAdmission, DoesNotCheckForRelaysNorCheckThem) {
  const WriterLease first = granted(ask("/a"));
  refused(relay("/a"));
  const WriterLease pulled = granted(relay("/b"));
  refused(ask("/b"));
  admission->reserve("/c");
  refused(ask("/c"));
  CHECK(looked.empty());
}

// --- one writer for another
TEST(SourceAdmission, WithoutHijackASilentSourceIsNotReplaced) {
  const WriterLease first = granted(ask("/a"));
  refused(ask("/a"));
  CHECK(revoked.empty());
}
TEST(SourceAdmission, HijackReplacesASilentSourceOfTheSameUser) {
  settings.hijack = true;
  WriterLease first = granted(ask("/a", 1));
  write(first, "bytes");
  const auto mount = first.mount;
  const Answer second = put(ask("/a", 0));
  CHECK(!second->has_value());
  LONGS_EQUAL(1, revoked.size());
  LONGS_EQUAL(1, revoked[0].home);
  LONGS_EQUAL(first.id, revoked[0].lease);
  CHECK(revoked[0].silence == 2s);
  refused(ask("/a"));  // one is waiting already
  give_back(std::move(first), EndReason::kReplaced);
  revoked[0].then(true);
  CHECK(second->has_value());
  CHECK((*second)->value().mount == mount);
  LONGS_EQUAL(5, (*second)->value().log->head());
  LONGS_EQUAL(0, admission->writer_of("/a")->home);
  CHECK(!mount->channel().newest()->ended);
}
TEST(SourceAdmission, HijackRefusesWhenTheSourceIsNotSilent) {
  settings.hijack = true;
  const WriterLease first = granted(ask("/a"));
  const Answer second = put(ask("/a"));
  revoked[0].then(false);
  CHECK(!(*second)->has_value());
  LONGS_EQUAL(first.id, admission->writer_of("/a")->lease);
  put(ask("/a"));
  LONGS_EQUAL(2, revoked.size());  // and may be tried again
}
TEST(SourceAdmission, HijackIsForTheSameUserOnlyAndNotForRelays) {
  settings.hijack = true;
  const WriterLease first = granted(ask("/a"));
  WriterAsk other = ask("/a");
  other.user = "dj";
  refused(std::move(other));
  refused(relay("/a"));
  const WriterLease pulled = granted(relay("/b"));
  refused(ask("/b"));
  CHECK(revoked.empty());
}
TEST(SourceAdmission, ALoginWhoseHoursAreOverGivesWayAtOnce) {
  WriterLease first = granted(ask("/a", 1));
  write(first, "bytes");
  WriterAsk next = ask("/a");
  next.user = "eva";
  refused(next);
  outlived = "source";
  settings.standby_sources = 2;  // it writes, and does not stand by
  const Answer second = put(std::move(next));
  LONGS_EQUAL(1, revoked.size());
  CHECK(revoked[0].silence == 0ms);
  give_back(std::move(first), EndReason::kReplaced);
  revoked[0].then(true);
  CHECK(second->has_value());
  LONGS_EQUAL(5, (*second)->value().log->head());
  LONGS_EQUAL(0, admission->encoders_of("/a").size() - 1);
}
TEST(SourceAdmission, AMountThatHasMovedWhileALoginWasJudgedTakesNoSource) {
  closed = "its home is e2";
  const Answer first = put(ask("/a"));
  CHECK(!(*first)->has_value());
  STRCMP_EQUAL("its home is e2", (*first)->error().what.c_str());
  CHECK(mounts.find("/a") == nullptr);
  CHECK(captured.says("the source from 192.0.2.1 was refused: its home is e2"));
  granted(relay("/a"));  // what it is pulled from is not asked about
}
TEST(SourceAdmission, ASuccessorWhoseMountHasMovedMeanwhileIsRefused) {
  settings.hijack = true;
  WriterLease first = granted(ask("/a", 1));
  write(first, "bytes");
  const Answer second = put(ask("/a", 0));
  closed = "suspended";
  give_back(std::move(first), EndReason::kReplaced);
  CHECK(!(*second)->has_value());
  CHECK(mounts.find("/a") == nullptr);
}
TEST(SourceAdmission, ALateRefusalHasNoEffect) {
  settings.hijack = true;
  WriterLease first = granted(ask("/a"));
  const Answer second = put(ask("/a"));
  give_back(std::move(first), EndReason::kClientGone);
  CHECK((*second)->has_value());
  revoked[0].then(false);
  LONGS_EQUAL((*second)->value().id, admission->writer_of("/a")->lease);
}
TEST(SourceAdmission, ARelayTakesItsOwnMountOver) {
  WriterLease first = granted(relay("/a"));
  write(first, "bytes");
  const std::uint64_t id = first.id;
  refused(relay("/a", id + 1));
  const Answer second = put(relay("/a", id));
  LONGS_EQUAL(1, revoked.size());
  CHECK(revoked[0].silence == 0ms);
  give_back(std::move(first), EndReason::kReplaced);
  CHECK((*second)->has_value());
  CHECK(told == (std::vector<std::string>{"begun /a +", "went on /a"}));
}
TEST(SourceAdmission, AtItsHomeASourceTakesTheMountOfARelayThatFlows) {
  expected_here = true;
  WriterLease first = granted(relay("/a"));
  write(first, "bytes");
  const auto mount = first.mount;
  const Answer second = put(ask("/a"));
  CHECK(!second->has_value());
  LONGS_EQUAL(1, revoked.size());
  CHECK(revoked[0].silence == 0ms);
  give_back(std::move(first), EndReason::kReplaced);
  CHECK((*second)->has_value());
  CHECK((*second)->value().mount == mount);
  CHECK(!mount->channel().newest()->ended);
  // A mount that is reserved for its relay is the source's as well; another source is not replaced.
  admission->reserve("/b");
  const WriterLease own = granted(ask("/b"));
  refused(ask("/b"));
}
TEST(SourceAdmission, ASuccessorWithAnotherFormatEndsTheOldStream) {
  settings.hijack = true;
  WriterLease first = granted(ask("/a"));
  const auto before = first.mount;
  const Answer second = put(ask("/a", 0, "audio/aac"));
  give_back(std::move(first), EndReason::kReplaced);
  CHECK((*second)->has_value());
  CHECK(before->channel().newest()->ended);
  CHECK((*second)->value().mount != before);
}

// -- a mount that rests ---------------------------------------------------------------------------

TEST(SourceAdmission, TheNextSourceGoesOnInTheLogOfAMountThatRests) {
  rest = 10s;
  WriterLease lease = granted(ask("/m"));
  const auto first = lease.mount;
  write(lease, "one");
  give_back(std::move(lease));
  CHECK(mounts.find("/m") == nullptr);
  CHECK(first->phase() == MountPhase::kEnded);
  CHECK(first->channel().newest()->ended);
  CHECK(admission->rests(*first));
  WriterLease next = granted(ask("/m"));
  CHECK(next.mount != first);
  CHECK(!admission->rests(*first));
  LONGS_EQUAL(3, next.log->head());
  // Nothing of the new source is there yet.
  const auto view = next.mount->channel().newest();
  CHECK(!view->ended);
  LONGS_EQUAL(3, view->end);
  LONGS_EQUAL(3, view->seam);
  CHECK_EQUAL(std::string("rest over /m, goes on"), told[told.size() - 2]);
  give_back(std::move(next));
}
TEST(SourceAdmission, ARestThatIsForgottenIsNoBeginOfTheNextSource) {
  rest = 10s;
  WriterLease lease = granted(ask("/m"));
  const auto first = lease.mount;
  write(lease, "one");
  give_back(std::move(lease));
  admission->forget_rest("/other");
  CHECK(admission->rests(*first));
  admission->forget_rest("/m");
  CHECK(!admission->rests(*first));
  CHECK_EQUAL(std::string("rest over /m"), told.back());
  WriterLease next = granted(ask("/m"));
  LONGS_EQUAL(0, next.log->head());
  give_back(std::move(next));
}
TEST(SourceAdmission, ARestEndsByItself) {
  rest = 20ms;
  WriterLease lease = granted(ask("/m"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  for (int i = 0; i < 2000 && admission->rests(*mount); ++i) loop.run_once(true);
  CHECK_EQUAL(std::string("rest over /m"), told.back());
  WriterLease next = granted(ask("/m"));
  LONGS_EQUAL(0, next.log->head());
  give_back(std::move(next));
}
TEST(SourceAdmission, ARelayEndsARest) {
  rest = 10s;
  WriterLease lease = granted(ask("/m"));
  write(lease, "one");
  give_back(std::move(lease));
  WriterLease next = granted(relay("/m"));
  LONGS_EQUAL(0, next.log->head());
  CHECK(std::find(told.begin(), told.end(), "rest over /m") != told.end());
  give_back(std::move(next));
}
TEST(SourceAdmission, ASourceOfAnotherTypeEndsARest) {
  rest = 10s;
  WriterLease lease = granted(ask("/m"));
  write(lease, "one");
  give_back(std::move(lease));
  WriterLease next = granted(ask("/m", 0, "audio/ogg"));
  LONGS_EQUAL(0, next.log->head());
  CHECK(std::find(told.begin(), told.end(), "rest over /m") != told.end());
  give_back(std::move(next));
}
