// Which encoder of a mount writes, and when another one does.
#include "stream/source/end_reason.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"
#include "stream/source_admission_fixture.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(StandbyAdmission, SourceAdmissionFixture) {
  struct Promoted {
    unsigned home;
    WriterLease lease;
    SteadyTime since;
  };
  std::vector<Promoted> promoted;
  struct SteppedBack {
    std::uint64_t lease;
    std::chrono::milliseconds silence;
    UniqueFunction<void(bool)> then;
  };
  std::vector<SteppedBack> asked_back;
  std::vector<std::string> changes;
  std::vector<std::uint64_t> watched, killed;

  void setup() override {
    auto made = callbacks();
    made.promote = [this](unsigned home, WriterLease lease, std::shared_ptr<const SourceFacts>,
                          SteadyTime since) {
      promoted.push_back({home, std::move(lease), since});
    };
    made.step_back = [this](unsigned, std::uint64_t lease, std::chrono::milliseconds silence,
                            UniqueFunction<void(bool)> then) {
      asked_back.push_back({lease, silence, std::move(then)});
    };
    made.watch_silence = [this](unsigned, std::uint64_t lease, std::chrono::milliseconds) {
      watched.push_back(lease);
    };
    made.kill = [this](unsigned, std::uint64_t id, EndReason) { killed.push_back(id); };
    made.changed_over = [this](const std::shared_ptr<Mount>& mount, const EncoderChange& change) {
      changes.push_back((change.is_return ? "return " : "takeover ") + mount->name());
    };
    admission =
        std::make_unique<SourceAdmission>(loop, mounts, captured.log, 2, std::move(made), Rng(1));
    settings.standby_sources = 2;
  }
  static WriterAsk encoder(int priority, std::string user = "source", unsigned home = 0) {
    WriterAsk made = ask("/a", home);
    made.priority = priority;
    made.user = std::move(user);
    return made;
  }
  std::uint64_t standby(WriterAsk asked) {
    const WriterLease place = granted(std::move(asked));
    CHECK(place.log == nullptr);
    admission->standby_flows("/a", place.id, true);
    return place.id;
  }
  void ends(WriterLease lease, EndReason reason = EndReason::kClientGone) {
    SourceEnd end;
    end.lease = std::move(lease);
    end.reason = reason;
    end.last_data = clock.steady() - 100ms;
    admission->give_back(std::move(end));
  }
  void steps_back(WriterLease lease, std::chrono::milliseconds silent) {
    SourceEnd end;
    end.lease = std::move(lease);
    end.reason = EndReason::kReplaced;
    end.stepped_back = true;
    end.silent = silent;
    end.last_data = clock.steady() - silent;
    admission->give_back(std::move(end));
  }
  void leaves(std::uint64_t id) {
    SourceEnd end;
    end.lease.mount = mounts.find("/a");
    end.lease.id = id;
    admission->give_back(std::move(end));
  }
  std::uint64_t writer() const { return admission->writer_of("/a")->lease; }
};

TEST(StandbyAdmission, WithoutPlacesTheSecondSourceIsRefused) {
  settings.standby_sources = 0;
  const WriterLease lease = granted(encoder(0));
  refused(encoder(0));
}
TEST(StandbyAdmission, RowsMakePlacesForAllButOne) {
  settings.standby_sources = 0;
  settings.encoders.resize(2);
  const WriterLease lease = granted(encoder(0));
  standby(encoder(0));
  refused(encoder(0));
  LONGS_EQUAL(1, lease.mount->standbys.load());
}
TEST(StandbyAdmission, AnotherContentTypeCannotStandByAndTheLogSaysWhy) {
  const WriterLease lease = granted(encoder(0));
  refused(ask("/a", 0, "audio/aac"));
  CHECK(
      captured.says("mount /a: the source from 192.0.2.1 sends audio/aac, and the mount has "
                    "audio/mpeg; it cannot stand by, and was refused"));
}
TEST(StandbyAdmission, AnotherNameOfTheFormatStandsByAndTakesOver) {
  WriterLease lease = granted(ask("/a", 0, "audio/aac"));
  const std::uint64_t id = standby(ask("/a", 0, "audio/aacp"));
  ends(std::move(lease));
  LONGS_EQUAL(1, promoted.size());
  LONGS_EQUAL(id, promoted[0].lease.id);
  CHECK_EQUAL(std::string("audio/aacp"), mounts.find("/a")->facts()->content_type);
}
TEST(StandbyAdmission, TheBestOneThatFlowsTakesOver) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t old = lease.id;
  standby(encoder(3));
  const std::uint64_t best = standby(encoder(2, "source", 1));
  write(lease, "text");
  ends(std::move(lease));
  LONGS_EQUAL(1, promoted.size());
  LONGS_EQUAL(1, promoted[0].home);
  LONGS_EQUAL(best, promoted[0].lease.id);
  LONGS_EQUAL(best, writer());
  CHECK(promoted[0].lease.log != nullptr);
  LONGS_EQUAL(4, promoted[0].lease.log->head());
  CHECK(promoted[0].since == clock.steady() - 350ms);
  CHECK(changes == std::vector<std::string>{"takeover /a"});
  CHECK(told == std::vector<std::string>{"begun /a +"});  // and nothing else
  CHECK(mounts.find("/a")->phase() == MountPhase::kRunning);
  LONGS_EQUAL(1, mounts.find("/a")->standbys.load());
  CHECK(old != best);
}
TEST(StandbyAdmission, OneThatFlowsGoesBeforeABetterOneThatIsSilent) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t silent = standby(encoder(1));
  const std::uint64_t flows = standby(encoder(2));
  admission->standby_flows("/a", silent, false);
  ends(std::move(lease));
  LONGS_EQUAL(flows, writer());
  ends(std::move(promoted.back().lease));
  LONGS_EQUAL(silent, writer());
  linger = 0ms;
  ends(std::move(promoted.back().lease));
  CHECK(mounts.find("/a") == nullptr);
}
TEST(StandbyAdmission, AStandbyThatHasLeftIsNotAsked) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t id = standby(encoder(1));
  leaves(id);
  LONGS_EQUAL(0, mounts.find("/a")->standbys.load());
  ends(std::move(lease));
  CHECK(promoted.empty());
  CHECK(mounts.find("/a") == nullptr);
}
TEST(StandbyAdmission, ASilentWriterStepsBackWhereAnotherOneFlows) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t main = lease.id;
  admission->writer_is_silent("/a", main);
  CHECK(asked_back.empty());
  const std::uint64_t backup = standby(encoder(1));
  CHECK(watched == std::vector<std::uint64_t>{main});
  admission->writer_is_silent("/a", main);
  LONGS_EQUAL(1, asked_back.size());
  CHECK(asked_back[0].silence == 1500ms);
  admission->writer_is_silent("/a", main);
  LONGS_EQUAL(1, asked_back.size());  // it has been asked
  asked_back[0].then(false);          // data had come
  LONGS_EQUAL(2, watched.size());
  admission->writer_is_silent("/a", main);
  steps_back(std::move(lease), 1500ms);
  asked_back[1].then(true);
  LONGS_EQUAL(backup, writer());
  CHECK(changes == std::vector<std::string>{"takeover /a"});
  LONGS_EQUAL(1, mounts.find("/a")->standbys.load());
  CHECK(captured.says("takes over from 192.0.2.1 (silent for 1500ms)"));
}
TEST(StandbyAdmission, ABetterOneReturnsWhenItHasFlowedForAWhile) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t main = lease.id;
  const std::uint64_t backup = standby(encoder(1));
  steps_back(std::move(lease), 1500ms);
  LONGS_EQUAL(backup, writer());
  asked_back.clear();
  admission->standby_flows("/a", main, true);
  settings.return_after = 0s;
  admission->settings_changed();
  admission->standby_flows("/a", main, true);
  for (int i = 0; i < 20 && asked_back.empty(); ++i) loop.run_once(false);
  LONGS_EQUAL(1, asked_back.size());
  LONGS_EQUAL(backup, asked_back[0].lease);
  CHECK(asked_back[0].silence == 0ms);
  steps_back(std::move(promoted.back().lease), 10ms);
  LONGS_EQUAL(main, writer());
  CHECK(changes.back() == "return /a");
  // The worse one stays where it is.
  asked_back.clear();
  admission->standby_flows("/a", backup, true);
  for (int i = 0; i < 4; ++i) loop.run_once(false);
  CHECK(asked_back.empty());
}
TEST(StandbyAdmission, NeverReturnsWhereThatIsConfigured) {
  settings.return_after = -1s;
  WriterLease lease = granted(encoder(5));
  standby(encoder(1));
  for (int i = 0; i < 4; ++i) loop.run_once(false);
  CHECK(asked_back.empty());
}
TEST(StandbyAdmission, AnEncoderThatComesBackFindsItsSilentConnectionReplaced) {
  settings.standby_sources = 1;
  WriterLease lease = granted(encoder(0, "main"));
  const std::uint64_t old = lease.id;
  standby(encoder(1, "backup"));
  steps_back(std::move(lease), 1500ms);
  refused(encoder(1, "backup"));
  const WriterLease place = granted(encoder(0, "main"));
  CHECK(place.log == nullptr);
  CHECK(killed == std::vector<std::uint64_t>{old});
  LONGS_EQUAL(1, mounts.find("/a")->standbys.load());
  leaves(old);  // known already
  LONGS_EQUAL(1, mounts.find("/a")->standbys.load());
}
TEST(StandbyAdmission, TheEncodersOfAMountAreListedTheWriterFirst) {
  const WriterLease lease = granted(encoder(5, "main"));
  standby(encoder(3, "b"));
  standby(encoder(2, "c"));
  const auto all = admission->encoders_of("/a");
  LONGS_EQUAL(3, all.size());
  CHECK(all[0].writes && all[0].user == "main");
  CHECK(all[1].user == "c" && all[2].user == "b");
  CHECK(admission->encoders_of("/b").empty());
}
TEST(StandbyAdmission, NothingTakesOverWhenTheServerStops) {
  WriterLease lease = granted(encoder(0));
  standby(encoder(1));
  ends(std::move(lease), EndReason::kShutdown);
  CHECK(promoted.empty());
}
TEST(StandbyAdmission, AWriterWhoseSoundIsSilentStepsBackUntilItsSoundIsBack) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t main = lease.id;
  settings.return_after = 0s;
  admission->settings_changed();
  admission->sound("/a", main, false);
  turn();
  CHECK(asked_back.empty());  // there is no other one
  const std::uint64_t backup = standby(encoder(1));
  turn();
  LONGS_EQUAL(1, asked_back.size());
  CHECK(asked_back[0].silence == 0ms);
  steps_back(std::move(lease), 10ms);
  asked_back.clear();
  LONGS_EQUAL(backup, writer());
  CHECK(changes == std::vector<std::string>{"takeover /a"});
  CHECK(captured.says("takes over from 192.0.2.1 (dead air)"));
  CHECK(admission->encoders_of("/a")[1].dead_air);
  // It sends, and is not asked.
  admission->standby_flows("/a", main, true);
  turn();
  CHECK(asked_back.empty());
  admission->sound("/a", main, true);
  turn();
  LONGS_EQUAL(1, asked_back.size());
  LONGS_EQUAL(backup, asked_back[0].lease);
  steps_back(std::move(promoted.back().lease), 10ms);
  LONGS_EQUAL(main, writer());
  CHECK(changes.back() == "return /a");
}
TEST(StandbyAdmission, WhereAllSoundIsSilentTheWriterStaysUntilOneHasSound) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t main = lease.id;
  const std::uint64_t backup = standby(encoder(1));
  admission->sound("/a", main, false);
  turn();
  steps_back(std::move(lease), 10ms);
  admission->standby_flows("/a", main, true);
  asked_back.clear();
  admission->sound("/a", backup, false);
  turn();
  CHECK(asked_back.empty());
  // The first that has sound writes, at once: there is nothing to wait for.
  admission->sound("/a", main, true);
  turn();
  LONGS_EQUAL(1, asked_back.size());
  LONGS_EQUAL(backup, asked_back[0].lease);
}
TEST(StandbyAdmission, OneThatSendsSilenceWritesOnlyWhereNoOtherOneFlows) {
  WriterLease lease = granted(encoder(0));
  const std::uint64_t silent = standby(encoder(1));
  const std::uint64_t sounds = standby(encoder(2));
  admission->sound("/a", silent, false);
  ends(std::move(lease));
  LONGS_EQUAL(sounds, writer());
  // Silence that is sent keeps players better than nothing at all.
  admission->writer_is_silent("/a", sounds);
  LONGS_EQUAL(1, asked_back.size());
  ends(std::move(promoted.back().lease));
  LONGS_EQUAL(silent, writer());
}
TEST(StandbyAdmission, TheSoundOfAnEncoderThatHasLeftChangesNothing) {
  const WriterLease lease = granted(encoder(0));
  standby(encoder(1));
  admission->sound("/a", 77, false);
  admission->sound("/b", lease.id, false);
  turn();
  CHECK(asked_back.empty());
}
