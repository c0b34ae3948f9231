#include "stream/source_admission.h"

#include <sys/resource.h>

#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(SourceAdmission) {
  FakeClock clock;
  Loop loop{0, clock};
  LogBook book{clock};
  MountTable mounts;
  MountSettings settings;
  std::chrono::milliseconds linger = 0ms;
  std::vector<std::string> told;
  // What was asked of a home: lease and silence; the answer.
  struct Revoked {
    unsigned home;
    std::uint64_t lease;
    std::chrono::milliseconds silence;
    UniqueFunction<void(bool)> then;
  };
  std::vector<Revoked> revoked;
  // Whom a home was asked to look at; while `slow_look`, the answers wait here.
  struct Looked {
    unsigned home;
    std::uint64_t lease;
    UniqueFunction<void(bool)> then;
  };
  std::vector<Looked> looked;
  bool slow_look = false;
  Channel::Loops woken = 0;
  std::unique_ptr<SourceAdmission> admission =
      std::make_unique<SourceAdmission>(loop, mounts, book.log, 2, doors(), Rng(1));

  SourceAdmission::Doors doors() {
    SourceAdmission::Doors made;
    made.settings = [this](std::string_view name) {
      settings.name = name;
      return lb::test::mount_settings(settings);
    };
    made.linger = [this](const Mount&, WriterKind kind, EndReason reason) {
      told.push_back(std::string("linger ") + (kind == WriterKind::kRelay ? "relay " : "source ") +
                     std::string(end_reason_text(reason)));
      return linger;
    };
    made.wake = [this](Channel::Loops loops, const std::shared_ptr<Mount>&) { woken |= loops; };
    made.revoke = [this](unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                         UniqueFunction<void(bool)> then) {
      revoked.push_back({home, lease, silence, std::move(then)});
    };
    made.look = [this](unsigned home, std::uint64_t lease, UniqueFunction<void(bool)> then) {
      looked.push_back({home, lease, std::move(then)});
      if (!slow_look) looked.back().then(false);
    };
    made.begun = [this](const std::shared_ptr<Mount>& mount) {
      told.push_back("begun " + mount->name() +
                     (mounts.find(mount->name()) == mount ? " +" : " -"));
    };
    made.ended = [this](const std::shared_ptr<Mount>& mount) {
      told.push_back("ended " + mount->name() +
                     (mounts.find(mount->name()) == mount ? " +" : " -"));
    };
    return made;
  }
  static WriterAsk ask(std::string mount, unsigned home = 0, std::string type = "audio/mpeg") {
    auto facts = std::make_shared<SourceFacts>();
    facts->source_ip = "192.0.2.1";
    facts->content_type = std::move(type);
    facts->plugin = &framer_for("");
    WriterAsk made;
    made.mount = std::move(mount);
    made.facts = std::move(facts);
    made.home = home;
    made.user = "source";
    return made;
  }
  static WriterAsk relay(std::string mount, std::uint64_t replaces = 0) {
    WriterAsk made = ask(std::move(mount), 1);
    made.kind = WriterKind::kRelay;
    made.user.clear();
    made.replaces = replaces;
    return made;
  }
  // Where the answer to a question goes.
  using Answer = std::shared_ptr<std::optional<Result<WriterLease>>>;
  Answer put(WriterAsk asked) {
    auto answer = std::make_shared<std::optional<Result<WriterLease>>>();
    admission->admit(std::move(asked),
                     [answer](Result<WriterLease> lease) { answer->emplace(std::move(lease)); });
    return answer;
  }
  WriterLease granted(WriterAsk asked) {
    const Answer answer = put(std::move(asked));
    CHECK(answer->has_value());
    CHECK((*answer)->has_value());
    return std::move((*answer)->value());
  }
  void refused(WriterAsk asked) {
    const Answer answer = put(std::move(asked));
    CHECK(answer->has_value());
    CHECK(!(*answer)->has_value());
    CHECK((*answer)->error().code == Error::Code::kDenied);
    STRCMP_EQUAL("Mountpoint in use", (*answer)->error().what.c_str());
  }
  void give_back(WriterLease lease, EndReason reason = EndReason::kClientGone) {
    SourceEnd end;
    end.lease = std::move(lease);
    end.reason = reason;
    end.bytes_read = 7;
    end.lasted = 5ms;
    admission->give_back(std::move(end));
  }
  // What a source does.
  static void write(WriterLease & lease, std::string_view text) {
    CHECK(lease.log->append(std::as_bytes(std::span(text.data(), text.size())), SteadyTime{})
              .has_value());
    lease.mount->channel().publish(
        lease.log->publish(lease.log->head(), LogWindow{}, Channel::kNobody, false));
  }
  void turn() {
    for (int i = 0; i < 4; ++i) loop.run_once(false);
  }
};

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
      book.says("INFO source/admission source logging in at mountpoint \"/a\" from 192.0.2.1 "
                "(audio/mpeg)"));
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
TEST(SourceAdmission, TellsWhoeverAskedHowTheLeaseWasUsed) {
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
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  rlimit none = limit;
  none.rlim_cur = 0;
  ::setrlimit(RLIMIT_NOFILE, &none);
  const Answer answer = put(ask("/a"));
  ::setrlimit(RLIMIT_NOFILE, &limit);
  CHECK(!(*answer)->has_value());
  STRCMP_EQUAL("internal format allocation problem", (*answer)->error().what.c_str());
  CHECK(book.says("EROR source/admission mount /a: log of icecast-lb:/a: memfd_create failed"));
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

// --- lingering
TEST(SourceAdmission, AMountThatLingersKeepsItsStreamForTheNextSource) {
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
  CHECK(book.says("mount /a: no source, 0 listeners wait up to 10000ms for one"));
  const WriterLease second = granted(ask("/a", 1));
  CHECK(second.mount == mount);
  POINTERS_EQUAL(log, second.log.get());
  LONGS_EQUAL(10, second.log->head());
  CHECK(mount->phase() == MountPhase::kRunning);
  CHECK(told ==
        (std::vector<std::string>{"begun /a +", "linger source client gone", "begun /a +"}));
  linger = 0ms;
}
TEST(SourceAdmission, ALingeringMountEndsWhenNobodyComes) {
  linger = 1ms;
  WriterLease lease = granted(ask("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  while (!mount->channel().newest()->ended) loop.run_once(true);
  CHECK(mounts.find("/a") == nullptr);
  CHECK(mount->phase() == MountPhase::kEnded);
  STRCMP_EQUAL("ended /a -", told.back().c_str());
}
TEST(SourceAdmission, AMountThatGoesOnIsNotEndedByItsOldTimer) {
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
TEST(SourceAdmission, AnotherFormatEndsTheStreamThatLingers) {
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
TEST(SourceAdmission, ARelaysMountThatLingersMayBeForgotten) {
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
TEST(SourceAdmission, ASourceMayTakeOverTheMountOfALostRelay) {
  linger = 10s;
  WriterLease lease = granted(relay("/a"));
  const auto mount = lease.mount;
  give_back(std::move(lease));
  CHECK(granted(ask("/a")).mount == mount);
  refused(relay("/a"));
}

// --- a source that comes back before the end of its last connection was noticed
TEST(SourceAdmission, LooksAtTheOldSourceBeforeItRefusesANewOne) {
  slow_look = true;
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
  slow_look = true;
  const WriterLease first = granted(ask("/a", 1));
  const Answer second = put(ask("/a"));
  looked[0].then(false);
  CHECK(!(*second)->has_value());
  STRCMP_EQUAL("Mountpoint in use", (*second)->error().what.c_str());
  LONGS_EQUAL(first.id, admission->writer_of("/a")->lease);
}
TEST(SourceAdmission, LooksOnceForEachAndTheFirstOfTwoWins) {
  slow_look = true;
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
TEST(SourceAdmission, DoesNotLookForRelaysNorAtThem) {
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
TEST(SourceAdmission, ALateRefusalHurtsNobody) {
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
  CHECK(told == (std::vector<std::string>{"begun /a +", "begun /a +"}));
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

// --- reserved for a relay
TEST(SourceAdmission, AReservedMountIsListedIdle) {
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
TEST(SourceAdmission, AReservedMountIsIdleAgainAfterItsStream) {
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  const auto before = lease.mount;
  admission->reserve("/a");  // again; nothing changes
  give_back(std::move(lease));
  CHECK(before->channel().newest()->ended);
  CHECK(mounts.find("/a") != before);
  CHECK(mounts.find("/a")->phase() == MountPhase::kIdle);
}
TEST(SourceAdmission, AReleasedMountIsGone) {
  admission->reserve("/a");
  const auto mount = mounts.find("/a");
  admission->release("/a");
  CHECK(mounts.find("/a") == nullptr);
  CHECK(mount->channel().newest()->ended);
  admission->release("/b");
}
TEST(SourceAdmission, AReleasedMountThatRunsGoesOnUntilItEnds) {
  admission->reserve("/a");
  WriterLease lease = granted(relay("/a"));
  admission->release("/a");
  CHECK(mounts.find("/a") == lease.mount);
  give_back(std::move(lease));
  CHECK(mounts.find("/a") == nullptr);
}
TEST(SourceAdmission, WhoeverWaitsInsideAnIdleMountCanBeLetGo) {
  admission->disappoint("/a");
  admission->reserve("/a");
  const auto mount = mounts.find("/a");
  admission->disappoint("/a");  // nobody is there
  CHECK(mounts.find("/a") == mount);
  mount->gate().enter();
  admission->disappoint("/a");
  CHECK(mount->channel().newest()->ended);
  CHECK(mounts.find("/a") != mount);
  CHECK(mounts.find("/a")->phase() == MountPhase::kIdle);
}
