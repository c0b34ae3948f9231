#include "stream/mount/mount.h"

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "stream/mount/mount_table.h"
#include "stream/source/end_reason.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;

TEST_GROUP(Mount) { Mount mount{"/a", lb::test::mount_settings(), 2}; };

TEST(Mount, IsAnEmptyStreamAtFirst) {
  STRCMP_EQUAL("/a", mount.name().c_str());
  const auto view = mount.channel().newest();
  LONGS_EQUAL(0, view->end);
  CHECK(!view->ended);
  CHECK(view->segments->empty());
  CHECK(mount.facts() != nullptr);
  STRCMP_EQUAL("", mount.metadata()->song().c_str());
  STRCMP_EQUAL("", mount.codec()->subtype.c_str());
  LONGS_EQUAL(0, mount.listeners());
}
TEST(Mount, ShowsTheNewestFacts) {
  MountSettings settings;
  settings.charset = "UTF-8";
  mount.set_settings(lb::test::mount_settings(settings));
  STRCMP_EQUAL("UTF-8", mount.settings()->charset.c_str());
  SourceFacts facts;
  facts.metaint = 5;
  mount.set_facts(std::make_shared<const SourceFacts>(facts));
  LONGS_EQUAL(5, mount.facts()->metaint);
  mount.set_metadata(std::make_shared<const Metadata>(make_icy_metadata("T", "", "", "")));
  STRCMP_EQUAL("T", mount.metadata()->title.c_str());
  CodecFacts codec;
  codec.subtype = "Opus";
  mount.set_codec(std::make_shared<const CodecFacts>(codec));
  STRCMP_EQUAL("Opus", mount.codec()->subtype.c_str());
  mount.gate().enter();
  LONGS_EQUAL(1, mount.listeners());
}
TEST(Mount, RemembersTheMostListeners) {
  for (const std::int64_t listeners : {3, 1, 7, 5}) mount.note_peak(listeners);
  LONGS_EQUAL(7, mount.listener_peak.load());
}
TEST(Mount, RemembersTheMostListenersOfManyThreads) {
  std::vector<std::thread> threads;
  for (std::int64_t t = 0; t < 4; ++t)
    threads.emplace_back([this, t] {
      for (std::int64_t i = 0; i < 5000; ++i) mount.note_peak(i * 4 + t);
    });
  for (std::thread& thread : threads) thread.join();
  LONGS_EQUAL(4999 * 4 + 3, mount.listener_peak.load());
}
TEST(Mount, AnUnusedLeaseIsVoid) {
  const WriterLease lease;
  LONGS_EQUAL(0, lease.id);
  CHECK(lease.mount == nullptr);
}
TEST(Mount, EveryEndHasItsOwnWords) {
  std::vector<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(EndReason::kShutdown); ++i) {
    const std::string_view text = end_reason_text(static_cast<EndReason>(i));
    CHECK(!text.empty());
    CHECK(std::find(seen.begin(), seen.end(), text) == seen.end());
    seen.push_back(text);
  }
  CHECK(end_reason_text(static_cast<EndReason>(99)).empty());
}

TEST_GROUP(MountTable) {
  MountTable table;
  static std::shared_ptr<Mount> make(const char* name) {
    return std::make_shared<Mount>(name, lb::test::mount_settings(), 1);
  }
};

TEST(MountTable, FindsWhatIsInIt) {
  CHECK(table.find("/a") == nullptr);
  const auto a = make("/a"), b = make("/b");
  table.put(a);
  table.put(b);
  CHECK(table.find("/a") == a);
  CHECK(table.find("/b") == b);
  CHECK(table.find("/A") == nullptr);
  LONGS_EQUAL(2, table.all()->size());
}
TEST(MountTable, TheLaterMountOfANameReplacesTheEarlier) {
  table.put(make("/a"));
  const auto again = make("/a");
  table.put(again);
  CHECK(table.find("/a") == again);
  LONGS_EQUAL(1, table.all()->size());
}
TEST(MountTable, ForgetsOneMountAndNoOther) {
  table.put(make("/a"));
  table.put(make("/b"));
  const auto before = table.all();
  table.erase("/a");
  table.erase("/nothing");
  CHECK(table.find("/a") == nullptr);
  CHECK(table.find("/b") != nullptr);
  LONGS_EQUAL(2, before->size());  // what was read stays as it was
}

namespace {

std::string names_of(const MountTable::Rows& rows) {
  std::string names;
  for (const auto& [name, mount] : rows) names += name + ' ';
  return names;
}

std::shared_ptr<Mount> idle(const std::string& name) {
  auto mount = std::make_shared<Mount>(name, lb::test::mount_settings(), 1);
  mount->set_phase(MountPhase::kIdle);
  return mount;
}

}  // namespace

TEST(MountTable, AReaderKeepsTheTableOfItsMoment) {
  table.put(idle("/a"));
  const auto before = table.all();
  table.put(idle("/b"));
  table.erase("/a");
  STRCMP_EQUAL("/a ", names_of(*before).c_str());
  STRCMP_EQUAL("/b ", names_of(*table.all()).c_str());
  CHECK(table.find("/a") == nullptr);
  CHECK(table.find("/b") != nullptr);
}
TEST(MountTable, KnowsWhichAreInUse) {
  table.put(idle("/a"));
  table.put(idle("/b"));
  table.put(std::make_shared<Mount>("/c", lb::test::mount_settings(), 1));
  STRCMP_EQUAL("/c ", names_of(table.in_use()).c_str());
  table.find("/b")->gate().enter();
  CHECK(table.find("/a")->gate().try_enter(1));
  STRCMP_EQUAL("/a /b /c ", names_of(table.in_use()).c_str());
  table.find("/b")->gate().leave();
  STRCMP_EQUAL("/a /c ", names_of(table.in_use()).c_str());
  table.find("/b")->gate().enter();
  table.find("/c")->set_phase(MountPhase::kLingering);
  STRCMP_EQUAL("/a /b /c ", names_of(table.in_use()).c_str());
  table.find("/c")->set_phase(MountPhase::kIdle);
  table.erase("/a");
  STRCMP_EQUAL("/b ", names_of(table.in_use()).c_str());
  table.find("/c")->set_phase(MountPhase::kRunning);
  table.put(idle("/b"));  // another object
  STRCMP_EQUAL("/c ", names_of(table.in_use()).c_str());
}
// 10,000 announced at once stood still for 16 s, as the table was copied for each.
TEST(MountTable, ManyComeWithoutACopyOfAllForEach) {
  constexpr int kMany = 4000;
  std::vector<std::shared_ptr<const MountTable::Rows>> kept;
  for (int i = 0; i < kMany; ++i) {
    table.put(idle("/m" + std::to_string(i)));
    kept.push_back(table.all());
  }
  LONGS_EQUAL(kMany, table.all()->size());
  // All of these tables are there at once: as copies they would have eight million rows.
  LONGS_EQUAL(kMany / 2, kept[kMany / 2 - 1]->size());
  long differ = 0;
  MountTable::Rows::for_each_change(*kept[kMany - 11], *kept.back(),
                                    [&](const auto*, const auto*) { ++differ; });
  LONGS_EQUAL(10, differ);
}
TEST(MountTable, NoListenerIsOverlookedBetweenThreads) {
  table.put(idle("/a"));
  const auto mount = table.find("/a");
  std::atomic<bool> stop{false};
  std::thread control([&] {
    while (!stop) table.in_use();
  });
  for (int i = 0; i < 20'000; ++i) {
    mount->gate().enter();
    if (i % 2 == 0) mount->gate().leave();
    if (i % 2 != 0) {
      mount->gate().leave();
      mount->gate().enter();
      mount->gate().leave();
    }
  }
  mount->gate().enter();
  stop = true;
  control.join();
  STRCMP_EQUAL("/a ", names_of(table.in_use()).c_str());
}
TEST(Mount, ARateForPeopleIsAUsualNumberAndDoesNotSwing) {
  LONGS_EQUAL(0, mount.shown_kbps());
  const auto shows = [this](unsigned kbps) {
    mount.set_usual_rate(kbps * 125);
    return mount.shown_kbps();
  };
  LONGS_EQUAL(117, shows(117));  // of its first seconds
  LONGS_EQUAL(128, shows(126));
  LONGS_EQUAL(128, shows(120));
  LONGS_EQUAL(128, shows(142));
  LONGS_EQUAL(147, shows(147));
  LONGS_EQUAL(147, shows(140));
  LONGS_EQUAL(320, shows(318));
  LONGS_EQUAL(2000, shows(2000));
}
