#include "auth/login/session_book.h"

#include <sys/stat.h>

#include <string>
#include <vector>

#include "auth/login/key_ring.h"
#include "base/encoding.h"
#include "base/random.h"
#include "base/temporary_directory.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

namespace {

std::shared_ptr<const KeyRing> some_ring(const FakeClock& clock) {
  return std::make_shared<const KeyRing>(KeyRing::fresh(unix_seconds(clock.wall())));
}

const SessionBook::AheadOf kSameClock = [](std::string_view) { return std::int64_t{0}; };

Session session_of(std::string user, Role role = Role::kAdmin) {
  Session session;
  session.user = std::move(user);
  session.role = role;
  session.epoch = 3;
  return session;
}

}  // namespace

TEST_GROUP(SessionBook) {
  FakeClock clock;
  Snapshot<SessionKeys> others{std::make_shared<const SessionKeys>()};
  SessionBook book{clock, others};
  void setup() override {
    book.configure({"node1", 900s, 12h});
    book.set_keys(some_ring(clock));
  }
  std::string begin(const std::string& user = "anna") { return book.begin(session_of(user)); }
  bool holds(const std::string& token) { return book.judge(token).has_value(); }
};

TEST(SessionBook, ATokenSaysWhatItWasGiven) {
  Session given = session_of("anna", Role::kOwner);
  given.account = "acme";
  given.mounts = {"/a", "/acme/*"};
  given.addresses = true;
  const auto session = book.judge(book.begin(given));
  CHECK(session.has_value());
  CHECK(session->user == "anna" && session->role == Role::kOwner && session->account == "acme");
  CHECK(session->mounts == given.mounts);
  CHECK(session->addresses);
  LONGS_EQUAL(3, session->epoch);
  CHECK(session->audience == "node1");
}
TEST(SessionBook, EndsFifteenMinutesAfterItsLastUse) {
  const std::string token = begin();
  clock.advance(899s);
  CHECK(holds(token));
  clock.advance(1s);
  CHECK(!holds(token));
}
TEST(SessionBook, IsRenewedByUseUntilTwelveHoursAfterItsLogin) {
  std::string token = begin();
  const std::string sid = book.judge(token)->sid;
  std::chrono::seconds lived{0};
  for (; holds(token); lived += 60s, clock.advance(60s))
    if (const std::string next = book.renew(*book.judge(token)); !next.empty()) token = next;
  LONGS_EQUAL(std::chrono::seconds(12h).count(), lived.count());
  CHECK(!sid.empty());
}
TEST(SessionBook, AnEndedSessionStaysEndedHoweverManyOthersEnd) {
  const std::string of_bert = begin("bert"), stolen = begin("anna");
  book.end_login(*book.judge(stolen));
  clock.advance(1s);
  const std::string next = begin("anna");
  Session other = *book.judge(begin("max"));
  const std::string last = begin("mona");
  book.end_login(*book.judge(last));
  for (std::size_t i = 0; i < SessionBook::kMaxEnded + 1000; ++i) {
    if (i % 100 == 0) clock.advance(1s);
    other.user = i % 3 == 0 ? "mona" : "max";
    other.sid = std::to_string(i);
    other.login = other.issued = unix_seconds(clock.wall());
    other.expires = other.login + 900;
    book.end_login(other);
  }
  CHECK(!holds(stolen));
  CHECK(!holds(last));
  CHECK(book.ended().sessions.size() <= SessionBook::kMaxEnded);
  // Those who log out so often lose the sessions of that time only.
  const EndedSessions ended = book.ended();
  CHECK(ended.users.contains("max"));
  CHECK(!ended.users.contains("anna"));
  CHECK(holds(begin("max")));
  // The next process has them from this one, the one behind a restart from a file.
  for (const bool of_file : {false, true}) {
    SessionBook restored{clock, others};
    restored.configure({"node1", 900s, 12h});
    restored.set_keys(book.keys());
    if (of_file)
      restored.load_ended(book.ended_text());
    else
      restored.restore(ended);
    CHECK(!restored.judge(stolen));
    CHECK(!restored.judge(last));
    for (const std::string& kept : {next, of_bert}) {
      CHECK(holds(kept));
      CHECK(restored.judge(kept).has_value());
    }
    CHECK(restored.ended_text() == book.ended_text());
  }
  SessionBook unread{clock, others};
  unread.load_ended("session\nuser x\nall\n\nfuture line\nsession  9 \xff");
  CHECK(unread.ended().sessions.size() <= 2);
}
TEST(SessionBook, IsNotRenewedForEachUse) {
  const std::string token = begin();
  CHECK(book.renew(*book.judge(token)).empty());
  clock.advance(451s);
  const std::string next = book.renew(*book.judge(token));
  CHECK(holds(next));
  CHECK(book.judge(next)->sid == book.judge(token)->sid);
}
TEST(SessionBook, ALogoutEndsAllItsTokens) {
  const std::string first = begin();
  clock.advance(451s);
  const std::string second = book.renew(*book.judge(first));
  book.end(*book.judge(second));
  CHECK(!holds(first));
  CHECK(!holds(second));
  clock.advance(500s);
  CHECK(!holds(second));
}
TEST(SessionBook, AllOfAUserEndAtOnceAndANewOneCounts) {
  const std::string anna = begin(), other = begin("bert");
  book.end_all("anna");
  CHECK(!holds(anna));
  CHECK(holds(other));
  CHECK(holds(begin()));
}
TEST(SessionBook, ANewKeyEndsNoSessionForTwelveHours) {
  const std::string token = begin();
  const std::int64_t now = unix_seconds(clock.wall());
  book.set_keys(std::make_shared<const KeyRing>(book.keys()->rotated(now, false)));
  CHECK(holds(token));
  CHECK(holds(begin()));
  CHECK(book.keys()->find(book.keys()->keys()[1].kid, now + 12 * 3600 - 1) != nullptr);
  CHECK(book.keys()->find(book.keys()->keys()[1].kid, now + 12 * 3600) == nullptr);
}
TEST(SessionBook, ARevokedKeyEndsItsSessionsAtOnce) {
  const std::string token = begin();
  CHECK(holds(token));  // it is remembered by now
  book.set_keys(
      std::make_shared<const KeyRing>(book.keys()->rotated(unix_seconds(clock.wall()), true)));
  CHECK(!holds(token));
}
TEST(SessionBook, EveryChangedCharacterIsRefused) {
  const std::string token = begin();
  Rng rng(1);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    while (other == token) other[i] = kDigits[rng.below(kDigits.size())];
    CHECK_TEXT(!holds(other), other.c_str());
  }
  for (int i = 0; i < 2000; ++i) {
    std::string other = token;
    const std::size_t at = rng.below(token.size());
    switch (rng.below(4)) {
      case 0:
        other.erase(at, 1 + rng.below(8));
        break;
      case 1:
        other.insert(at, 1, kDigits[rng.below(kDigits.size())]);
        break;
      case 2:
        std::swap(other[at], other[rng.below(other.size())]);
        break;
      default:
        other.resize(at);
        break;
    }
    CHECK_TEXT(other == token || !holds(other), other.c_str());
  }
  CHECK(holds(token));
}
TEST(SessionBook, TokensOfAnotherServerAreNone) {
  SessionBook other(clock, others);
  other.configure({"node1", 900s, 12h});
  other.set_keys(some_ring(clock));
  CHECK(!holds(other.begin(session_of("anna"))));
  other.configure({"node2", 900s, 12h});
  other.set_keys(book.keys());
  CHECK(!holds(other.begin(session_of("anna"))));
}
TEST(SessionBook, TheCsrfValueBelongsToItsSession) {
  CHECK(book.csrf("a") == book.csrf("a"));
  CHECK(book.csrf("a") != book.csrf("b"));
  CHECK(!book.csrf("a").empty());
}
TEST(SessionBook, CountsTheSessionsThatLive) {
  begin();
  const std::string token = begin();
  LONGS_EQUAL(2, book.live());
  book.end(*book.judge(token));
  LONGS_EQUAL(1, book.live());
  clock.advance(901s);
  LONGS_EQUAL(0, book.live());
}
TEST(SessionBook, TokensFitIntoACookieHoweverManyMountsThereAre) {
  Session given = session_of("anna", Role::kOperator);
  for (int i = 0; i < 200; ++i) given.mounts.push_back("/a-rather-long-name/" + std::to_string(i));
  const std::string token = book.begin(given);
  CHECK(token.size() <= kMaxTokenBytes);
  CHECK(book.judge(token)->mounts.size() < 64);
}

// Two nodes: a master that hands sessions over, and an edge that knows its public key.
TEST_GROUP(Handover) {
  static constexpr std::string_view kOrigin = "https://m1.test:8443";
  FakeClock clock;
  Snapshot<SessionKeys> nothing{std::make_shared<const SessionKeys>()};
  Snapshot<SessionKeys> told{std::make_shared<const SessionKeys>()};
  SessionBook master{clock, nothing}, edge{clock, told};
  SessionKeys keys;
  std::string cookie;  // of the login at the master
  Session session;

  void setup() override {
    master.configure({"m1", 900s, 12h});
    edge.configure({"edge3", 900s, 12h});
    master.set_keys(some_ring(clock));
    edge.set_keys(some_ring(clock));
    const OwnKey& key = master.keys()->newest();
    keys.keys.push_back({"m1", key.kid, key.key.public_key(), 0});
    keys.origins = {{"m1", std::string(kOrigin)}, {"m2", "https://m2.test"}};
    say("anna", 3);
    cookie = master.begin(session_of("anna", Role::kOperator));
    session = *master.judge(cookie);
  }
  void publish() { told.publish(std::make_shared<const SessionKeys>(keys)); }
  // What is told of a user.
  void say(const std::string& name, std::uint64_t epoch, bool disabled = false) {
    User user;
    user.name = name;
    user.role = Role::kOperator;
    user.epoch = epoch;
    user.disabled = disabled;
    keys.users[name] = std::make_shared<const User>(user);
    publish();
  }
  Result<Session> take(const std::string& token, std::string_view origin = kOrigin) {
    return edge.take_over(token, origin, kSameClock);
  }
  bool takes(const std::string& token, std::string_view origin = kOrigin) {
    return take(token, origin).has_value();
  }
  // A session at the edge.
  std::string come() { return edge.begin(*take(master.hand_over(session, "edge3"))); }
  // What any server is told of an ended login.
  static void tell(Snapshot<SessionKeys> & server, const EndedLogin& login) {
    auto more = std::make_shared<SessionKeys>(*server.read());
    more->ended[login.sid] = login.until;
    server.publish(more);
  }
  bool lives(const std::string& shown) { return edge.judge(shown).has_value(); }
};

TEST(Handover, BeginsASessionThatIsTheEdgesOwn) {
  const auto handed = take(master.hand_over(session, "edge3"));
  CHECK(handed.has_value());
  const auto there = edge.judge(edge.begin(*handed));
  CHECK(there.has_value());
  CHECK(there->user == "anna" && there->role == Role::kOperator);
  CHECK(there->parent == session.sid && there->audience == "edge3");
  CHECK(there->vouched_by == session.kid);
}
TEST(Handover, WorksOnce) {
  const std::string token = master.hand_over(session, "edge3");
  CHECK(takes(token));
  CHECK(!takes(token));
}
TEST(Handover, IsForThatNodeAlone) { CHECK(!takes(master.hand_over(session, "edge4"))); }
TEST(Handover, IsYoung) {
  const std::string token = master.hand_over(session, "edge3");
  clock.advance(30s);
  CHECK(!takes(token));
}
TEST(Handover, IsJudgedByTheClockOfItsMaster) {
  FakeClock fast;
  fast.advance(1h);
  SessionBook far(fast, told);
  far.configure({"edge3", 900s, 12h});
  far.set_keys(edge.keys());
  const std::string token = master.hand_over(session, "edge3");
  CHECK(!far.take_over(token, kOrigin, kSameClock).has_value());
  const SessionBook::AheadOf its = [](std::string_view id) {
    return std::int64_t{id == "m1" ? -3600 : 0};
  };
  const auto handed = far.take_over(token, kOrigin, its);
  CHECK(handed.has_value());
  CHECK(far.judge(far.begin(*handed)).has_value());
  CHECK(!far.take_over(token, kOrigin, its).has_value());
  const std::string late = master.hand_over(session, "edge3");
  fast.advance(30s);
  CHECK(!far.take_over(late, kOrigin, its).has_value());
}
TEST(Handover, IsNotTakenByAServerThatCannotKnowWhetherItWasUsed) {
  const std::string token = master.hand_over(session, "edge3");
  clock.advance(1s);
  SessionBook again(clock, told);
  again.configure({"edge3", 900s, 12h});
  again.set_keys(edge.keys());
  CHECK(!again.take_over(token, kOrigin, kSameClock).has_value());
  CHECK(again.take_over(master.hand_over(session, "edge3"), kOrigin, kSameClock).has_value());
}
TEST(Handover, IsOfAMasterThatIsKnown) {
  keys.keys.clear();
  publish();
  CHECK(!takes(master.hand_over(session, "edge3")));
}
TEST(Handover, ComesFromAPageOfThatMaster) {
  for (const char* origin :
       {"", "null", "https://evil.test", "https://m2.test", "http://m1.test:8443",
        "https://m1.test", "https://m1.test:8443/", "https://m1.test:84430"})
    CHECK_TEXT(!takes(master.hand_over(session, "edge3"), origin), origin);
  CHECK(takes(master.hand_over(session, "edge3")));
}
TEST(Handover, AKeyThatWasReplacedIsBelievedUntilItsEnd) {
  keys.keys[0].until = unix_seconds(clock.wall()) + 60;
  publish();
  const std::string there = come();
  clock.advance(59s);
  CHECK(takes(master.hand_over(session, "edge3")));
  CHECK(lives(there));
  clock.advance(1s);
  CHECK(!takes(master.hand_over(session, "edge3")));
  CHECK(!lives(there));
}
TEST(Handover, IsNoCookieAndACookieIsNoHandover) {
  const std::string token = master.hand_over(session, "edge3");
  CHECK(!edge.judge(token).has_value());
  CHECK(!edge.judge("v1" + token.substr(2)).has_value());
  cookie = master.begin(session_of("anna"));
  CHECK(!takes(cookie));
  CHECK(!takes("h1" + cookie.substr(2)));
  CHECK(!edge.judge(cookie).has_value());
}
TEST(Handover, EveryChangedCharacterIsRefused) {
  const std::string token = master.hand_over(session, "edge3");
  Rng rng(7);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n";
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    while (other == token) other[i] = kDigits[rng.below(kDigits.size())];
    CHECK_TEXT(!takes(other), other.c_str());
    CHECK_TEXT(!takes(token.substr(0, i)), "cut");
  }
  CHECK(takes(token));
}
// Signed by a key that is known, but not what hand_over() gives.
TEST(Handover, WhatIsSignedIsJudgedToo) {
  const std::int64_t now = unix_seconds(clock.wall());
  Session good = session;
  good.parent = session.sid;
  good.audience = "edge3";
  good.issued = now;
  good.expires = now + 30;
  int number = 0;
  const auto is_taken = [&](Session one) {
    one.sid = "jti-" + std::to_string(++number);
    return takes(make_token(TokenKind::kHandover, one, master.keys()->newest().key));
  };
  CHECK(is_taken(good));
  const auto with = [&good](auto change) {
    Session other = good;
    change(other);
    return other;
  };
  CHECK(!is_taken(with([&](Session& one) { one.expires = now + 31; })));
  CHECK(!is_taken(with([&](Session& one) { one.expires = now; })));
  CHECK(!is_taken(with([&](Session& one) { one.issued = now + 31; })));
  CHECK(!is_taken(with([&](Session& one) { one.parent.clear(); })));
  CHECK(!is_taken(with([&](Session& one) { one.audience = "m1"; })));
  CHECK(!is_taken(with([&](Session& one) { one.user = "nobody"; })));
  CHECK(!is_taken(with([&](Session& one) { one.epoch = 2; })));
  CHECK(!is_taken(with([&](Session& one) { one.kid = edge.keys()->newest().kid; })));
}
TEST(Handover, EndsWithTheEpochOfItsUser) {
  const std::string there = come();
  say("anna", 3);
  CHECK(lives(there));
  const std::string late = master.hand_over(session, "edge3");
  say("anna", 4);
  CHECK(!lives(there));
  CHECK(!takes(late));
}
TEST(Handover, EndsWhenItsUserIsDisabledOrGoes) {
  const std::string there = come();
  say("anna", 3, true);
  CHECK(!lives(there));
  CHECK(!takes(master.hand_over(session, "edge3")));
  say("anna", 3);
  CHECK(lives(there));
  keys.users.clear();
  publish();
  CHECK(!lives(there));
}
TEST(Handover, EndsWithItsLogin) {
  const std::string there = come(), late = master.hand_over(session, "edge3");
  const std::string other = master.begin(session_of("anna", Role::kOperator));
  const std::string of_other = edge.begin(*take(master.hand_over(*master.judge(other), "edge3")));
  const EndedLogin ended = master.end_login(session);
  CHECK(ended.sid == session.sid && ended.user == "anna");
  CHECK(ended.until >= session.login + 12 * 3600);
  CHECK(!master.judge(cookie).has_value());
  CHECK(lives(there));
  tell(told, ended);
  CHECK(!lives(there));
  CHECK(!takes(late));
  CHECK(lives(of_other));
  CHECK(master.judge(other).has_value());
}
TEST(Handover, EndsWithItsLoginHoweverOftenItWasHandedOn) {
  Snapshot<SessionKeys> told_third{told.read()};
  auto known = std::make_shared<SessionKeys>(*told.read());
  const OwnKey& key = edge.keys()->newest();
  known->keys.push_back({"edge3", key.kid, key.key.public_key(), 0});
  known->origins.push_back({"edge3", "https://e3.test"});
  told_third.publish(known);
  SessionBook third(clock, told_third);
  third.configure({"m4", 900s, 12h});
  third.set_keys(some_ring(clock));
  const Session second = *edge.judge(come());
  const std::string there =
      third.begin(*third.take_over(edge.hand_over(second, "m4"), "https://e3.test", kSameClock));
  const Session last = *third.judge(there);
  CHECK(last.parent == second.sid && login_root(last) == session.sid);
  tell(told_third, master.end_login(session));
  CHECK(!third.judge(there).has_value());
}
TEST(Handover, ALogoutWhereItWentEndsItsLoginToo) {
  const std::string there = come(), beside = come();
  const EndedLogin ended = edge.end_login(*edge.judge(there));
  CHECK_EQUAL(session.sid, ended.sid);
  CHECK(!lives(there) && !lives(beside));
  CHECK(!takes(master.hand_over(session, "edge3")));
  CHECK(master.judge(cookie).has_value());
  tell(nothing, ended);
  CHECK(!master.judge(cookie).has_value());
}
TEST(Handover, ALogoutOfThatSessionAloneLetsItsLoginComeAgain) {
  const std::string there = come();
  edge.end(*edge.judge(there));
  CHECK(!lives(there));
  CHECK(lives(come()));
}
TEST(Handover, EndsWithTheKeyThatVouchedForIt) {
  const std::string there = come();
  keys.keys.clear();
  publish();
  CHECK(!lives(there));
}
TEST(Handover, LastsNoLongerThanTheLoginThatItCameFrom) {
  clock.advance(11h + 50min);
  session.login = unix_seconds(clock.wall()) - 11 * 3600 - 50 * 60;
  std::string there = come();
  clock.advance(8min);
  CHECK(lives(there));
  if (const std::string next = edge.renew(*edge.judge(there)); !next.empty()) there = next;
  clock.advance(2min);
  CHECK(!lives(there));
}
TEST(Handover, TheAdministratorOfAFileNeedsNoRecordAndIsNotRenewed) {
  Session given = session_of("admin");
  given.file = true;
  session = *master.judge(master.begin(given));
  const std::string there = come();
  CHECK(lives(there));
  CHECK(edge.judge(there)->file);
  clock.advance(899s);
  CHECK(edge.renew(*edge.judge(there)).empty());
  CHECK(edge.hand_over(*edge.judge(there), "edge4").empty());
  clock.advance(1s);
  CHECK(!lives(there));
}

TEST_GROUP(KeyRing) { TemporaryDirectory directory; };

TEST(KeyRing, ComesBackFromItsFile) {
  const KeyRing ring = KeyRing::fresh(1000).rotated(2000, false);
  const std::string path = directory.file("session.keys");
  CHECK(write_key_ring(path, ring).has_value());
  const auto again = read_key_ring(path);
  CHECK(again.has_value());
  CHECK_EQUAL(ring.text(), again->text());
  LONGS_EQUAL(2, again->keys().size());
  CHECK(again->newest().key.public_key() == ring.newest().key.public_key());
  struct stat facts {};
  ::stat(path.c_str(), &facts);
  LONGS_EQUAL(0600, facts.st_mode & 0777);
}
TEST(KeyRing, WhatIsDamagedIsSaid) {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("{\"secret\":\"AA\"}"),
        KeyRing::fresh(1).text().substr(0, 100)})
    CHECK(!KeyRing::parse(text).has_value());
  CHECK(read_key_ring(directory.file("none")).error().code == Error::Code::kNotFound);
}
TEST(KeyRing, NothingOfARevokedOneRemains) {
  const KeyRing ring = KeyRing::fresh(1000), revoked = ring.rotated(2000, true);
  LONGS_EQUAL(1, revoked.keys().size());
  CHECK(revoked.newest().kid != ring.newest().kid);
  CHECK(revoked.secret() != ring.secret());
  LONGS_EQUAL(ring.secret().size(), revoked.secret().size());
  CHECK(ring.rotated(2000, false).secret() == ring.secret());
}
TEST(KeyRing, OneKeyIsTakenOut) {
  const KeyRing ring = KeyRing::fresh(1000).rotated(2000, false);
  const std::string newest = ring.newest().kid, older = ring.keys()[1].kid;
  const KeyRing one = ring.without(older, 3000);
  LONGS_EQUAL(1, one.keys().size());
  CHECK_EQUAL(newest, one.newest().kid);
  const KeyRing other = ring.without(newest, 3000);
  CHECK(other.newest().kid != newest);
  CHECK(other.find(newest, 3000) == nullptr && other.find(older, 3000) != nullptr);
  CHECK(ring.without("none", 3000).text() == ring.text());
}
TEST(KeyRing, ANewKeyIsDueAfterThirtyDays) {
  const KeyRing ring = KeyRing::fresh(0);
  CHECK(!ring.is_due(30 * 86'400 - 1));
  CHECK(ring.is_due(30 * 86'400));
}
