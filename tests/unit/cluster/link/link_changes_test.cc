// What is offered, what is carried, what masters offer, which messages have passed.
#include <string>
#include <vector>

#include "cluster/link/linked_streams.h"
#include "cluster/link/message_log.h"
#include "cluster/whole_changes.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

StreamOffer offer(const std::string& mount, std::vector<std::string> path = {"m1"}) {
  return {mount, "audio/mpeg", 128, std::move(path), 0};
}
std::string text(const std::vector<MountLoad>& loads) {
  std::string out;
  for (const MountLoad& load : loads)
    out += load.mount + "=" + (load.carries ? std::to_string(load.listeners) : "-") + " ";
  return out;
}

}  // namespace

TEST_GROUP(LoadChanges) {
  LoadChanges changes;
  SteadyTime now{100s};
  bool update(const std::vector<LoadChanges::Carried>& carried) {
    return set_all(changes, carried, now);
  }
};
TEST(LoadChanges, SumsWhatIsCarried) {
  CHECK(update({{"/a", 3, 128, false}, {"/b", 2, 320, true}}));
  LONGS_EQUAL(5, changes.listeners());
  DOUBLES_EQUAL(3 * 128 + 2 * 320, changes.kbps(), 0.1);
  LONGS_EQUAL(1, changes.relays());
  STRCMP_EQUAL("/a=3 /b=2 ", text(changes.all()).c_str());
}
TEST(LoadChanges, TellsEachLinkWhatItHasNotHeard) {
  update({{"/a", 3, 128}, {"/b", 2, 128}});
  const auto first = changes.since(0);
  STRCMP_EQUAL("/a=3 /b=2 ", text(first.loads).c_str());
  STRCMP_EQUAL("", text(changes.since(first.up_to).loads).c_str());
  update({{"/a", 3, 128}, {"/b", 5, 128}});
  update({{"/a", 4, 128}, {"/b", 5, 128}});
  STRCMP_EQUAL("/b=5 /a=4 ", text(changes.since(first.up_to).loads).c_str());
  STRCMP_EQUAL("/b=5 /a=4 ", text(changes.since(0).loads).c_str());
}
TEST(LoadChanges, AStreamThatBeginsOrEndsIsUrgentAndSoIsTheFirstListener) {
  CHECK(update({{"/a", 0, 128}}));
  CHECK_FALSE(update({{"/a", 0, 128}}));
  CHECK(update({{"/a", 1, 128}}));
  CHECK_FALSE(update({{"/a", 2, 128}}));
  CHECK(update({{"/a", 0, 128}}));
  CHECK(update({}));
  CHECK_FALSE(update({}));
  STRCMP_EQUAL("/a=- ", text(changes.since(0).loads).c_str());
  STRCMP_EQUAL("", text(changes.all()).c_str());
}
TEST(LoadChanges, AStreamThatEndsAndComesBackIsToldAnew) {
  update({{"/a", 2, 128}});
  update({});
  const auto seen = changes.since(0).up_to;
  CHECK(update({{"/a", 2, 128}}));
  STRCMP_EQUAL("/a=2 ", text(changes.since(seen).loads).c_str());
}
TEST(LoadChanges, ForgetsWhatHasEndedLongAgo) {
  update({{"/a", 2, 128}, {"/b", 1, 128}});
  update({{"/b", 1, 128}});
  now += LoadChanges::kRemembered + 1s;
  update({{"/b", 1, 128}});
  STRCMP_EQUAL("/b=1 ", text(changes.since(0).loads).c_str());
}
TEST(LoadChanges, OneMountIsSetWithoutTheOthers) {
  update({{"/a", 3, 128, true}, {"/b", 2, 128}});
  const auto seen = changes.version();
  CHECK_FALSE(changes.set({"/b", 4, 64}, now));
  STRCMP_EQUAL("/b=4 ", text(changes.since(seen).loads).c_str());
  LONGS_EQUAL(7, changes.listeners());
  DOUBLES_EQUAL(3 * 128 + 4 * 64, changes.kbps(), 0.1);
  CHECK(changes.set({"/c", 1, 128}, now));
  CHECK(changes.set({.mount = "/a", .carries = false}, now));
  CHECK_FALSE(changes.set({.mount = "/a", .carries = false}, now));
  CHECK_FALSE(changes.set({.mount = "/d", .carries = false}, now));
  STRCMP_EQUAL("/b=4 /c=1 ", text(changes.all()).c_str());
  STRCMP_EQUAL("/b=4 /c=1 /a=- ", text(changes.since(seen).loads).c_str());
  LONGS_EQUAL(5, changes.listeners());
  LONGS_EQUAL(0, changes.relays());
}
TEST(LoadChanges, WhatHasComeBackIsKeptWhenItsFirstEndIsForgotten) {
  changes.set({"/a", 2, 128}, now);
  changes.set({.mount = "/a", .carries = false}, now);
  now += LoadChanges::kRemembered / 2;
  changes.set({"/a", 2, 128}, now);
  changes.set({.mount = "/a", .carries = false}, now);
  now += LoadChanges::kRemembered / 2 + 1s;
  changes.forget(now);
  STRCMP_EQUAL("/a=- ", text(changes.since(0).loads).c_str());
  changes.set({"/a", 1, 128}, now);
  now += LoadChanges::kRemembered + 1s;
  changes.forget(now);
  STRCMP_EQUAL("/a=1 ", text(changes.since(0).loads).c_str());
}
TEST(LoadChanges, NewMountsComeInBetween) {
  update({{"/b", 1, 128}, {"/d", 1, 128}});
  update({{"/a", 1, 128}, {"/b", 1, 128}, {"/c", 1, 128}, {"/d", 2, 128}, {"/e", 1, 128}});
  STRCMP_EQUAL("/a=1 /b=1 /c=1 /d=2 /e=1 ", text(changes.all()).c_str());
}
TEST(LoadChanges, WhatIsBehindIsToldWithoutTheMasterThatIsTold) {
  const std::vector<std::string> way{"m1", "p2"};
  const Below below{"/a", 12, {{"p3", 5}}};
  CHECK(update({{.mount = "/a", .listeners = 3, .from = &way, .below = &below}}));
  CHECK_FALSE(update({{.mount = "/a", .listeners = 3, .from = &way, .below = &below}}));
  const MountLoad to_other = changes.all("m9")[0], to_upstream = changes.since(0, "p2").loads.at(0),
                  to_child = changes.all("p3")[0];
  UNSIGNED_LONGS_EQUAL(12, to_other.below);
  CHECK(to_other.from == way);
  UNSIGNED_LONGS_EQUAL(12, to_upstream.below);
  CHECK(!to_upstream.from);
  UNSIGNED_LONGS_EQUAL(7, to_child.below);
  CHECK(to_child.from == way);
}
TEST(LoadChanges, AnotherWayAndTheFirstAndTheLastBehindAreUrgent) {
  const std::vector<std::string> way{"m1"}, other{"m2"};
  const Below some{"/a", 5, {}}, more{"/a", 6, {}}, huge{"/a", 1ULL << 40, {}};
  update({{.mount = "/a", .from = &way}});
  CHECK(update({{.mount = "/a", .from = &way, .below = &some}}));
  auto seen = changes.version();
  CHECK_FALSE(update({{.mount = "/a", .from = &way, .below = &more}}));
  UNSIGNED_LONGS_EQUAL(6, changes.since(seen).loads.at(0).below);
  CHECK(update({{.mount = "/a", .from = &other, .below = &more}}));
  update({{.mount = "/a", .from = &other, .below = &huge}});
  UNSIGNED_LONGS_EQUAL(kMaxListeners, changes.all()[0].below);
  CHECK(update({{.mount = "/a", .from = &other}}));
  CHECK(update({}));
  CHECK(!changes.since(0).loads.at(0).from);
}
TEST(LoadChanges, WhatDoesNotFitIntoAFrameIsToldByTheNextOne) {
  std::vector<std::string> names;
  for (int i = 100; i < 999; ++i) names.push_back("/" + std::to_string(i) + std::string(240, 'x'));
  std::vector<LoadChanges::Carried> carried;
  for (const std::string& name : names) carried.push_back({name, 1, 128});
  update(carried);
  std::size_t told = 0, frames = 0;
  for (std::uint64_t version = 0; version < changes.version(); ++frames) {
    const auto part = changes.since(version);
    CHECK(!part.loads.empty());
    told += part.loads.size();
    version = part.up_to;
  }
  LONGS_EQUAL(names.size(), told);
  CHECK(frames > 1);
}

TEST_GROUP(LinkedStreams) {
  std::vector<std::string> flowing;
  SteadyTime now{100s};
  LinkedStreams streams{"edge1", [this](const std::string& mount) {
                          return std::find(flowing.begin(), flowing.end(), mount) != flowing.end();
                        }};
  std::string text() const {
    std::string out;
    for (const auto& [mount, each] : streams.streams()) out += mount + " ";
    return out;
  }
};
TEST(LinkedStreams, ASnapshotCountsWhenItIsWhole) {
  CHECK_FALSE(streams.snapshot({offer("/a")}, true, now));
  STRCMP_EQUAL("", text().c_str());
  CHECK(streams.snapshot({offer("/b")}, false, now));
  STRCMP_EQUAL("/a /b ", text().c_str());
}
TEST(LinkedStreams, ADeltaAddsChangesAndRemoves) {
  streams.snapshot({offer("/a"), offer("/b")}, false, now);
  CHECK(streams.delta({offer("/c")}, {"/a"}, now));
  CHECK(streams.forget(now += LinkedStreams::kGrace));
  STRCMP_EQUAL("/b /c ", text().c_str());
  CHECK_FALSE(streams.delta({offer("/c")}, {"/x"}, now));
  CHECK(streams.delta({offer("/c", {"m1", "m2"})}, {}, now));
  LONGS_EQUAL(2, streams.streams().at("/c").offer.path.size());
}
TEST(LinkedStreams, WhatIsPutBackInTheSameFrameStays) {
  streams.snapshot({offer("/a")}, false, now);
  streams.delta({offer("/a")}, {"/a"}, now);
  CHECK_FALSE(streams.forget(now + 1h));
  STRCMP_EQUAL("/a ", text().c_str());
}
TEST(LinkedStreams, WhatFlowsStaysUntilItHasEnded) {
  streams.snapshot({offer("/a"), offer("/b")}, false, now);
  flowing = {"/a"};
  CHECK(streams.delta({}, {"/a", "/b"}, now));
  CHECK_FALSE(streams.streams().at("/a").settled);
  CHECK_FALSE(streams.forget(now));
  CHECK(streams.forget(now += LinkedStreams::kGrace));
  STRCMP_EQUAL("/a ", text().c_str());
  CHECK(streams.streams().at("/a").state == OfferState::kWithdrawn);
  CHECK(streams.streams().at("/a").settled);
  CHECK_FALSE(streams.forget(now));
  flowing.clear();
  CHECK(streams.forget(now));
  STRCMP_EQUAL("", text().c_str());
}
TEST(LinkedStreams, AMasterThatComesBackEmptyEndsNothingThatFlows) {
  streams.snapshot({offer("/a"), offer("/b")}, false, now);
  flowing = {"/a"};
  CHECK(streams.connection_lost(now));
  CHECK_FALSE(streams.connection_lost(now));
  CHECK_FALSE(streams.forget(now));
  STRCMP_EQUAL("/a /b ", text().c_str());
  CHECK(streams.streams().at("/a").state == OfferState::kLost);
  CHECK(streams.snapshot({}, false, now += 1s));
  CHECK(streams.forget(now += LinkedStreams::kGrace));
  STRCMP_EQUAL("/a ", text().c_str());
  CHECK_FALSE(streams.snapshot({}, false, now + 2s));
}
TEST(LinkedStreams, AMasterThatStaysAwayIsForgotten) {
  streams.snapshot({offer("/a")}, false, now);
  streams.connection_lost(now);
  CHECK_FALSE(streams.forget(now + LinkedStreams::kKept - 1s));
  streams.connection_lost(now + 5s);  // again: the time began the first time
  CHECK(streams.forget(now + LinkedStreams::kKept));
  STRCMP_EQUAL("", text().c_str());
}
TEST(LinkedStreams, WhatComesBackIsOfferedAsBefore) {
  streams.snapshot({offer("/a")}, false, now);
  streams.connection_lost(now);
  CHECK(streams.snapshot({offer("/a")}, false, now + 1s));
  CHECK(streams.streams().at("/a").state == OfferState::kOffered);
  CHECK_FALSE(streams.forget(now + 1h));
}
TEST(LinkedStreams, AnotherSessionGoesOnWithWhatFlowed) {
  streams.snapshot({offer("/a"), offer("/b")}, false, now);
  flowing = {"/a"};
  LinkedStreams next("edge1",
                     [this](const std::string& mount) { return mount == flowing.front(); });
  next.take_over(streams, now);
  STRCMP_EQUAL("", text().c_str());
  LONGS_EQUAL(2, next.streams().size());
  CHECK(next.streams().at("/a").state == OfferState::kLost);
  CHECK_FALSE(next.forget(now + LinkedStreams::kKept - 1s));
  CHECK(next.forget(now + LinkedStreams::kKept));  // it never came up
  LONGS_EQUAL(1, next.streams().size());
  next.delta({offer("/a")}, {}, now);
  CHECK(next.streams().at("/a").state == OfferState::kOffered);
}
TEST(LinkedStreams, WhatIsOfferedAnewHasAnotherNumber) {
  streams.snapshot({offer("/a")}, false, now);
  const auto first = streams.streams().at("/a").offer_number;
  streams.delta({offer("/a")}, {}, now);
  LONGS_EQUAL(first, streams.streams().at("/a").offer_number);
  streams.connection_lost(now);
  streams.snapshot({offer("/a")}, false, now);
  CHECK(streams.streams().at("/a").offer_number != first);
}
TEST(LinkedStreams, HalfASnapshotOfAnOldConnectionIsNoPartOfTheNext) {
  streams.snapshot({offer("/a")}, true, now);
  streams.connection_lost(now);
  streams.snapshot({offer("/b")}, false, now);
  STRCMP_EQUAL("/b ", text().c_str());
}
TEST(LinkedStreams, OurOwnStreamIsNotPulledBack) {
  streams.snapshot({offer("/a", {"edge1", "m1"}), offer("/b", {"m1", "edge10"})}, false, now);
  STRCMP_EQUAL("/b ", text().c_str());
  streams.delta({offer("/b", {"m1", "edge1", "m2"})}, {}, now);
  streams.forget(now += LinkedStreams::kGrace);
  STRCMP_EQUAL("", text().c_str());
}
// What has changed is all that is told: with 10,000 streams one more cost a choice among all.
TEST(LinkedStreams, TellsTheMountsThatHaveChanged) {
  using Mounts = std::set<std::string>;
  streams.snapshot({offer("/a"), offer("/b"), offer("/c")}, false, now);
  CHECK(streams.take_changed() == Mounts({"/a", "/b", "/c"}));
  CHECK(streams.take_changed().empty());
  streams.delta({offer("/a"), offer("/d")}, {"/b", "/x"}, now);
  CHECK(streams.take_changed() == Mounts({"/b", "/d"}));
  streams.forget(now += LinkedStreams::kGrace);
  CHECK(streams.take_changed() == Mounts({"/b"}));
  streams.connection_lost(now);
  CHECK(streams.take_changed() == Mounts({"/a", "/c", "/d"}));
  streams.snapshot({offer("/a"), offer("/c"), offer("/d")}, false, now);
  streams.take_changed();
  streams.forget(now + 1h);
  CHECK(streams.take_changed().empty());
}
// They were all walked 20 times a second for as long as one of them ran out.
TEST(LinkedStreams, LooksAtThoseThatMayGoOnly) {
  unsigned asked = 0;
  LinkedStreams many("edge1", [&asked](const std::string&) {
    ++asked;
    return true;
  });
  std::vector<StreamOffer> offers;
  for (int i = 0; i < 1000; ++i) offers.push_back(offer("/m" + std::to_string(i)));
  many.snapshot(offers, false, now);
  many.delta({}, {"/m500"}, now);
  CHECK_FALSE(many.forget(now));
  LONGS_EQUAL(0, asked);
  CHECK(many.forget(now += LinkedStreams::kGrace));
  CHECK_FALSE(many.forget(now));
  LONGS_EQUAL(2, asked);
  LONGS_EQUAL(1000, many.streams().size());
}
TEST(LinkedStreams, AStreamThatHasComeTooFarIsPassedOver) {
  streams.snapshot({offer("/a", {"a", "b", "c", "d"}), offer("/b", {"a", "b", "c", "d", "e"})},
                   false, now);
  STRCMP_EQUAL("/a ", text().c_str());
}

TEST_GROUP(MessageLog){};
TEST(MessageLog, TakesEachMessageOnce) {
  MessageLog log;
  CHECK(log.take({"topic", "edge1", "e.1", "x"}, {}));
  CHECK_FALSE(log.take({"topic", "edge1", "e.1", "x"}, {}));
  CHECK(log.take({"topic", "edge2", "e.1", "x"}, {}));
  CHECK(log.take({"topic", "edge1", "e.2", "x"}, {}));
  LONGS_EQUAL(3, log.entries().size());
}
TEST(MessageLog, IsBounded) {
  MessageLog log;
  for (std::size_t i = 0; i < 2 * MessageLog::kRemembered; ++i)
    CHECK(log.take({"t", "a", std::to_string(i), ""}, {}));
  LONGS_EQUAL(MessageLog::kShown, log.entries().size());
  CHECK(log.take({"t", "a", "0", ""}, {}));
  CHECK_FALSE(log.take({"t", "a", std::to_string(2 * MessageLog::kRemembered - 1), ""}, {}));
}
