#include "hls/sessions.h"

#include <array>

#include "hls/session_names.h"
#include "stream/support.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

struct NoticedEnd final : EndNotice {
  explicit NoticedEnd(std::uint64_t& bytes) : bytes_(bytes) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override { bytes_ = bytes; }
  std::uint64_t& bytes_;
};

}  // namespace

TEST_GROUP(HlsSessions) {
  HlsSessions sessions;
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", mount_settings(), 1);
  std::shared_ptr<Mount> other = std::make_shared<Mount>("/o", mount_settings(), 1);
  SteadyTime now{1000s};
  Gate total;

  HlsSessionPtr made(std::string name, std::uint64_t id, std::string crowd = "c") {
    auto session = std::make_unique<HlsSession>();
    session->id = id;
    session->name = std::move(name);
    session->crowd = std::move(crowd);
    session->mount = mount;
    session->ip = "192.0.2.1";
    session->facts = RequestFacts("GET /m/live.m3u8 HTTP/1.1", "", "player", "");
    session->began = now;
    session->earned = true;
    mount->gate().enter();
    session->place = GatePass(&mount->gate());
    total.enter();
    session->total = GatePass(&total);
    return session;
  }
};

TEST(HlsSessions, APageHasTheLeastIdsBehindAPlace) {
  for (std::uint64_t id = 1; id <= 40; ++id)
    CHECK(sessions.add(made("n" + std::to_string(id), id), now) == nullptr);
  const auto ids = [this](std::uint64_t after, std::size_t most) {
    std::vector<std::uint64_t> found;
    for (const auto& row : sessions.page(*mount, now, after, most)) found.push_back(row.id);
    std::sort(found.begin(), found.end());
    return found;
  };
  CHECK(ids(0, 3) == (std::vector<std::uint64_t>{1, 2, 3}));
  CHECK(ids(38, 3) == (std::vector<std::uint64_t>{39, 40}));
  CHECK(ids(40, 3).empty());
  CHECK(ids(0, 0).empty());
  LONGS_EQUAL(40, ids(0, 100).size());
  CHECK(sessions.page(*other, now, 0, 9).empty());
}
TEST(HlsSessions, IsOneListenerUntilItIsSilent) {
  CHECK(!sessions.touch("a", "/m", now));
  CHECK(sessions.add(made("a", 1), now) == nullptr);
  CHECK(sessions.add(made("b", 2), now) == nullptr);
  LONGS_EQUAL(2, mount->listeners());
  now += 19s;
  CHECK(sessions.touch("a", "/m", now));
  CHECK(!sessions.touch("a", "/o", now));  // of another mount
  now += 2s;
  auto ended = sessions.take_silent(now);
  LONGS_EQUAL(1, ended.size());
  CHECK(ended[0]->name == "b");
  LONGS_EQUAL(2, mount->listeners());
  ended.clear();
  LONGS_EQUAL(1, mount->listeners());
  LONGS_EQUAL(1, total.inside());
  LONGS_EQUAL(1, sessions.size());
  CHECK(sessions.knows("a", "/m") && !sessions.knows("b", "/m"));
}
TEST(HlsSessions, OfTwoThatBeginAtOnceOneIsGivenBack) {
  CHECK(sessions.add(made("a", 1), now) == nullptr);
  CHECK(sessions.add(made("a", 2), now) != nullptr);
  LONGS_EQUAL(1, mount->listeners());
}
TEST(HlsSessions, NewcomersOfAnIpv6NetworkHaveThePlacesOfOneAddress) {
  for (std::uint64_t id = 1; id <= HlsSessions::kMaxNewcomers; ++id) {
    auto newcomer = made("n" + std::to_string(id), id);
    newcomer->ip = "2001:db8::" + std::to_string(id);
    newcomer->earned = false;
    CHECK(sessions.has_room(newcomer->ip, "/m"));
    CHECK(sessions.add(std::move(newcomer), now) == nullptr);
  }
  CHECK(!sessions.has_room("2001:db8::99", "/m"));
  CHECK(!sessions.has_room("2001:db8:0:0:1:2:3:4", "/m"));
  CHECK(sessions.has_room("2001:db8:0:1::1", "/m"));
  CHECK(sessions.has_room("2001:db8::99", "/o"));
}
TEST(HlsSessions, OneThatIsGivenBackLeavesNothingBehind) {
  const auto add = [&](const std::string& name, std::uint64_t id) {
    auto newcomer = made(name, id);
    newcomer->earned = false;
    return sessions.add(std::move(newcomer), now);
  };
  CHECK(add("a", 1) == nullptr);
  sessions.count_segment("c", 100, "192.0.2.2", "/m");
  for (std::uint64_t id = 2; id <= 20; ++id) CHECK(add("a", id) != nullptr);
  CHECK(sessions.has_room("192.0.2.1", "/m"));
  LONGS_EQUAL(100, sessions.take(nullptr, 1)->bytes);
  CHECK(add("b", 21) == nullptr);
  sessions.count_segment("c", 10, "192.0.2.1", "/m");  // for the oldest newcomer
  const auto taken = sessions.take(nullptr, 21);
  CHECK(taken->earned);
  LONGS_EQUAL(10, taken->bytes);
}
TEST(HlsSessions, EndsWhenItsTimeIsOver) {
  auto session = made("a", 1);
  session->until = now + 5s;
  CHECK(sessions.add(std::move(session), now) == nullptr);
  now += 5s;
  sessions.touch("a", "/m", now);
  LONGS_EQUAL(1, sessions.take_silent(now).size());
}
TEST(HlsSessions, APauseOfTheServerCountsForNoPlayer) {
  auto newcomer = made("n", 1), timed = made("t", 2);
  newcomer->earned = false;
  timed->until = now + 10s;
  sessions.add(std::move(newcomer), now);
  sessions.add(std::move(timed), now);
  sessions.add(made("a", 3), now);
  now += 1h;
  const SteadyTime woke = now;
  const auto over = sessions.take_silent(now, woke);
  LONGS_EQUAL(1, over.size());  // whose time has passed nevertheless
  LONGS_EQUAL(2, over.front()->id);
  now += 5s;
  CHECK(sessions.take_silent(now, woke).empty());
  now += 1s;
  LONGS_EQUAL(1, sessions.take_silent(now, woke).size());
  now += 13s;
  CHECK(sessions.take_silent(now, woke).empty());
  now += 1s;
  LONGS_EQUAL(1, sessions.take_silent(now, woke).size());
}
TEST(HlsSessions, WhatACrowdFetchesIsSharedAmongItsSessions) {
  sessions.add(made("a", 1), now);
  sessions.add(made("b", 2), now);
  sessions.add(made("c", 3, "alone"), now);
  sessions.touch("a", "/m", now, 100);
  sessions.count_segment("c", 1001, "192.0.2.1", "/m");
  sessions.count_segment("nobody", 5, "192.0.2.1", "/m");
  sessions.count_segment("alone", 7, "192.0.2.1", "/m");
  std::array<std::uint64_t, 4> bytes{};
  for (const auto& session : sessions.take_all_of(*mount)) bytes[session->id] = session->bytes;
  LONGS_EQUAL(1101, bytes[1] + bytes[2]);
  CHECK(bytes[1] >= 600 && bytes[2] >= 500);
  LONGS_EQUAL(7, bytes[3]);
}
TEST(HlsSessions, AListHasWhatTheyHaveGotByNow) {
  sessions.add(made("a", 1), now);
  sessions.add(made("b", 2), now);
  sessions.touch("a", "/m", now, 100);
  sessions.count_segment("c", 1000, "192.0.2.1", "/m");
  for (int twice = 0; twice < 2; ++twice) {
    std::array<std::uint64_t, 3> bytes{};
    for (const auto& row : sessions.list(*mount, now)) bytes[row.id] = row.bytes_sent;
    LONGS_EQUAL(600, bytes[1]);
    LONGS_EQUAL(500, bytes[2]);
  }
}
TEST(HlsSessions, TheTimeOfAListeningEndsWithItsLastSegment) {
  auto session = made("a", 1);
  session->began = session->seen = now;
  session->segment = 6s;
  session->earned = false;
  LONGS_EQUAL(0, session->listened(now + 30s).count());
  session->earned = true;
  CHECK(session->listened(now + 30s) == 6s);
  CHECK(session->listened(now + 2s) == 2s);
  session->seen = now + 12'345ms;
  CHECK(session->listened(now + 32s) == 18'345ms);
}
TEST(HlsSessions, CanBeTakenByTheirMountTheirAgeAndTheirNumber) {
  for (std::uint64_t i = 1; i <= 5; ++i) {
    sessions.add(made("s" + std::to_string(i), i), now);
    now += 1s;
  }
  CHECK(sessions.take_all_of(*other).empty());
  const auto oldest = sessions.take_oldest(2);
  LONGS_EQUAL(2, oldest.size());
  CHECK(oldest[0]->id <= 2 && oldest[1]->id <= 2);
  CHECK(sessions.take(mount.get(), 4) != nullptr);
  CHECK(sessions.take(mount.get(), 4) == nullptr);
  const auto rows = sessions.list(*mount, now);
  LONGS_EQUAL(2, rows.size());
  for (const auto& row : rows) {
    CHECK(row.id == 3 || row.id == 5);
    CHECK(row.agent == "player");
    LONGS_EQUAL(6 - row.id, row.seconds);
  }
}

TEST(HlsSessions, OneIsTakenByItsIdFromWhicheverMountItHears) {
  auto newcomer = made("a", 1);
  newcomer->earned = false;
  sessions.add(std::move(newcomer), now);
  sessions.add(made("b", 2), now);
  sessions.move_all(mount, other);
  CHECK(sessions.take(mount.get(), 1) == nullptr);
  CHECK(sessions.take(nullptr, 3) == nullptr);
  sessions.count_segment("c", 100, "192.0.2.2", "/m");
  const auto taken = sessions.take(nullptr, 1);
  CHECK(taken != nullptr && taken->name == "a");
  LONGS_EQUAL(50, taken->bytes);  // it leaves its crowd
  CHECK(sessions.take(nullptr, 1) == nullptr);
  CHECK(sessions.take(other.get(), 2) != nullptr);
  LONGS_EQUAL(0, sessions.size());
}
TEST(HlsSessions, AreCountedByTheirMountAsTheyComeAndGo) {
  using Counts = HlsSessions::Counts;
  for (std::uint64_t id = 1; id <= 40; ++id) sessions.add(made("n" + std::to_string(id), id), now);
  sessions.add(made("n1", 41), now);  // the same player
  CHECK((sessions.by_mount() == Counts{{mount.get(), 40}}));
  CHECK(sessions.take(mount.get(), 7) != nullptr);
  sessions.move_all(mount, other);
  sessions.add(made("late", 42), now);
  CHECK((sessions.by_mount() == Counts{{mount.get(), 1}, {other.get(), 39}}));
  CHECK(sessions.take_all_of(*other).size() == 39);
  sessions.take_silent(now + 1h);
  CHECK(sessions.by_mount().empty());
}
TEST(HlsSessions, AMountThatEndsCostsNoWalkOverTheSessionsOfOthers) {
  for (std::uint64_t id = 1; id <= 20'000; ++id)
    sessions.add(made("n" + std::to_string(id), id), now);
  const Clock& cpu = system_clock();
  const auto before = cpu.thread_work();
  for (int relay = 0; relay < 2'000; ++relay) CHECK(sessions.take_all_of(*other).empty());
  CHECK(cpu.thread_work() - before < 100ms);
  LONGS_EQUAL(20'000, sessions.take_all_of(*mount).size());
}
TEST(HlsSessions, AListAloneHasItsPlaceForSixSeconds) {
  for (int i = 0; i < 8; ++i) {
    CHECK(sessions.has_room("192.0.2.1", "/m"));
    auto one = made("n" + std::to_string(i), static_cast<std::uint64_t>(i));
    one->earned = false;
    sessions.add(std::move(one), now);
  }
  CHECK(!sessions.has_room("192.0.2.1", "/m"));
  CHECK(sessions.has_room("192.0.2.1", "/o"));
  CHECK(sessions.has_room("192.0.2.2", "/m"));
  sessions.earn("n3", "/m");
  CHECK(sessions.has_room("192.0.2.1", "/m"));
  sessions.count_segment("c", 1, "192.0.2.1", "/m", false);  // a byte of a segment
  // Of a segment that names nothing: the oldest's, who had none.
  sessions.count_segment("c", 100, "192.0.2.1", "/m");
  now += 5s;
  for (int i = 0; i < 8; ++i) sessions.touch("n" + std::to_string(i), "/m", now);
  LONGS_EQUAL(0, sessions.take_silent(now).size());
  sessions.wait_on("n7", "/m", now);  // it waits for the first segment of the mount
  now += 1s;
  LONGS_EQUAL(5, sessions.take_silent(now).size());
  CHECK(sessions.knows("n0", "/m") && sessions.knows("n3", "/m") && sessions.knows("n7", "/m"));
  LONGS_EQUAL(3, mount->listeners());
  CHECK(sessions.has_room("192.0.2.1", "/m"));
}
TEST(HlsSessions, AListWhoseSegmentsABrowserHasKeepsItsPlaceForOneMore) {
  auto one = made("n", 1);
  one->earned = false;
  one->segment = 10s;
  sessions.add(std::move(one), now);
  now += 15s;
  LONGS_EQUAL(0, sessions.take_silent(now).size());
  now += 1s;
  LONGS_EQUAL(1, sessions.take_silent(now).size());
}
TEST(HlsSessions, APlayerThatChangesToAnotherMountLeavesTheFormer) {
  sessions.add(made("n", 1), now);
  sessions.add(made("nn", 2), now);
  const SteadyTime changed = now + 4s;
  CHECK(sessions.take_others("n", "/m", changed).empty());
  // One that began just now may play both.
  CHECK(sessions.take_others("n", "/o", now).empty());
  const auto taken = sessions.take_others("n", "/o", changed);
  LONGS_EQUAL(1, taken.size());
  LONGS_EQUAL(1, taken.front()->id);
  CHECK(!sessions.knows("n", "/m") && sessions.knows("nn", "/m"));
}
TEST(HlsSessions, AHostHasItsWholeNetwork) {
  for (int i = 0; i < 8; ++i) {
    auto one = made("n" + std::to_string(i), static_cast<std::uint64_t>(i));
    one->earned = false;
    one->ip = "2001:db8:1:2::" + std::to_string(i + 1);
    sessions.add(std::move(one), now);
  }
  CHECK(!sessions.has_room("2001:db8:1:2:ffff::9", "/m"));
  CHECK(sessions.has_room("2001:db8:1:3::1", "/m"));
}

TEST_GROUP(HlsSessionNames){};

TEST(HlsSessionNames, ThoseThatWereGivenOutAreKnown) {
  const std::string name = hls_session_name("12345678");
  STRCMP_EQUAL("3132333435363738", name.substr(0, 16).c_str());
  LONGS_EQUAL(24, name.size());
  CHECK(is_hls_session_name(name));
  std::string changed = name;
  changed[3] = changed[3] == '0' ? '1' : '0';
  for (const std::string& other : {name + "0", name.substr(1), std::string(), changed,
                                   std::string(24, '-'), std::string(24, '0')})
    CHECK_TEXT(!is_hls_session_name(other), other.c_str());
}

TEST(HlsSessions, ThePatienceOfAPlayerGoesOverToTheNextProcess) {
  POINTERS_EQUAL(nullptr, sessions.add(made("a", 1), now).get());
  now += 15s;
  const auto saved = sessions.save(now);
  LONGS_EQUAL(1, saved.size());
  CHECK(saved[0].quiet == 15s);
  CHECK(saved[0].listed == 15s);
  now += 3s;  // the pause does not count
  HlsSessions next;
  auto session = made("a", 1);
  session->seen = session->listed = now - saved[0].quiet;
  POINTERS_EQUAL(nullptr, next.add(std::move(session), now).get());
  LONGS_EQUAL(0, next.take_silent(now + 4s).size());
  LONGS_EQUAL(1, next.take_silent(now + 5s).size());
}
