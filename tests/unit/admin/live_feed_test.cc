#include "admin/feed/live_feed.h"

#include "admin/stream_reader.h"
#include "base/cat.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::StreamReader;
using namespace std::chrono_literals;

namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_GROUP(LiveFeed) {
  FakeClock clock;
  Loop loop{0, clock};
  LiveFeed feed{loop, "m1"};
  int ended = 0;
  EventStream::Missed missed{"9-3", {}};  // of the next reader

  bool follow(StreamReader & reader, const std::string& last_id = "", LiveScope scope = {}) {
    return feed.add(
        reader.transport, "HEAD\r\n\r\n", last_id, missed, [this](std::uint64_t) { ++ended; }, {},
        std::move(scope));
  }
  static LiveScope only(const std::string& account) {
    LiveScope scope;
    scope.shows = [account](std::string_view, std::string_view of) { return of == account; };
    scope.numbers_of_nodes = false;
    scope.key = account;
    return scope;
  }
  LiveSample some() {
    LiveSample sample;
    sample.nodes["m1"] = {"up", 7, 900};
    sample.mounts["/a"] = {4, 512, "acme", "A Song"};
    sample.mounts["/b"] = {3, 384, "", ""};
    return sample;
  }
  static std::string id_of(const std::string& text) {
    const auto at = text.rfind("id: ");
    return at == std::string::npos ? "" : text.substr(at + 4, text.find('\n', at) - at - 4);
  }
};

TEST(LiveFeed, AStateThenWhatChanges) {
  feed.take(some());
  StreamReader reader;
  CHECK(follow(reader));
  const std::string state = reader.received();
  CHECK(has(state, "event: state\n"));
  CHECK(has(state, R"("first":true,"more":false,"totals":{"listeners":7,"kbps":896,"on_air":2})"));
  CHECK(has(state, R"({"id":"m1","state":"up","listeners":7,"kbps":900})"));
  CHECK(has(state, R"({"mount":"/a","listeners":4,"kbps":512,"title":"A Song"})"));
  clock.advance(2s);
  feed.take(some());
  STRCMP_EQUAL("", reader.received().c_str());
  LiveSample next = some();
  next.mounts["/a"].listeners = 5;
  next.mounts.erase("/b");
  feed.take(next);
  const std::string change = reader.received();
  CHECK(has(change, "event: change\n"));
  CHECK(has(change, R"("listeners":5,"kbps":512,"on_air":1)"));
  CHECK(has(change, R"("nodes":[],)"));
  CHECK(has(change, R"("gone":{"nodes":[],"mounts":["/b"]})"));
}

TEST(LiveFeed, SumsComeAtOnceAndRowsOnceASecond) {
  feed.take(some());
  StreamReader reader;
  follow(reader);
  reader.received();
  LiveSample next = some();
  for (std::uint64_t n = 5; n < 9; ++n) {
    clock.advance(100ms);
    next.mounts["/a"].listeners = n;
    feed.take(next);
    const std::string told = reader.received();
    CHECK(has(told, "event: totals\n"));
    CHECK(!has(told, "event: change\n"));
  }
  clock.advance(700ms);
  feed.take(next);
  CHECK(has(reader.received(), R"("mount":"/a","listeners":8)"));
}

TEST(LiveFeed, OneThatComesBackGetsWhatItMissed) {
  feed.take(some());
  StreamReader reader, again, foreign, narrower;
  follow(reader);
  const std::string id = id_of(reader.received());
  LiveSample next = some();
  next.mounts["/b"].listeners = 9;
  feed.take(next);
  follow(again, id);
  clock.advance(1s);
  feed.take(next);
  const std::string got = again.received();
  CHECK(has(got, "event: change\n"));
  CHECK(has(got, R"("mount":"/b","listeners":9)"));
  CHECK(!has(got, "/a"));
  for (const std::string bad : {"", "17", "1700000000-00000000-1", "x\xff", "1700000000--99999"}) {
    StreamReader other;
    follow(other, bad);
    CHECK(has(other.received(), "event: state\n"));
  }
  // One of a number that has not been yet, and one of another view.
  const std::string_view event = LiveFeed::event_in(id);
  const std::string head = id.substr(0, id.size() - event.size() - 1);
  follow(foreign, cat({head.substr(0, head.rfind('-')), "-4711-", event}));
  CHECK(has(foreign.received(), "event: state\n"));
  follow(narrower, id, only("acme"));
  CHECK(has(narrower.received(), "event: state\n"));
}

TEST(LiveFeed, OneOfAProcessOfTheSameSecondGetsTheState) {
  feed.take(some());
  StreamReader reader, again;
  follow(reader);
  clock.advance(50ms);
  LiveFeed next(loop, "m1");
  next.take(some());
  CHECK(next.add(again.transport, "", id_of(reader.received()), missed, [](std::uint64_t) {}, {},
                 {}));
  CHECK(has(again.received(), "event: state\n"));
}

TEST(LiveFeed, EventsFollowTheState) {
  const ServerEvent begun{"source-connect", "/a", {{"address", "192.0.2.7"}}, "9-4", {}, "acme"};
  const ServerEvent theirs{"source-connect", "/b", {}, "9-5", {}, ""};
  const ServerEvent drained{"drain", "m1", {{"mode", "soft"}}, "9-6", {}, ""};
  feed.take(some());
  StreamReader all, owner, one, again;
  follow(all);
  LiveScope scope = only("acme");
  scope.event_addresses = false;
  follow(owner, "", scope);
  scope.node_events = false;
  follow(one, "", scope);
  const std::string state = all.received();
  CHECK(has(state, "-9-3\nevent: state\n"));
  owner.received(), one.received();
  for (const ServerEvent& event : {begun, theirs, drained}) feed.take_event(event);
  const std::string told = all.received();
  CHECK(has(told, "-9-4\nevent: event\ndata: {\"id\":\"9-4\""));
  CHECK(has(told, R"("node":"m1","event":"source-connect","subject":"/a","address":"192.0.2.7"})"));
  CHECK(has(told, "-9-6\nevent: event\ndata: "));
  const std::string its = owner.received();
  CHECK(has(its, R"("subject":"/a"})") && has(its, R"("event":"drain","subject":"m1"})"));
  CHECK(!has(its, "/b"));
  CHECK(!has(one.received(), "drain"));
  // The events that a reader lacks come after the rows, which it has.
  missed = {std::string(LiveFeed::event_in(id_of(state))), {begun}};
  follow(again, id_of(state));
  const std::string late = again.received();
  CHECK(has(late, "-9-4\nevent: event\n") && !has(late, "event: state"));
}

TEST(LiveFeed, OneThatDoesNotReadKeepsTheNewestEvents) {
  feed.take(some());
  StreamReader reader;
  const int small = 4096;
  ::setsockopt(reader.transport->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  follow(reader);
  for (int n = 1; n <= 2000; ++n)
    feed.take_event(
        {"source-connect", "/a", {{"agent", std::string(900, 'x')}}, cat({"9-", n}), {}, ""});
  std::string told, now;
  for (int turn = 0; turn < 100 && !has(told, "-9-2000\n"); ++turn) {
    told += reader.received();
    loop.post([this] { loop.stop(); });
    loop.run();
    feed.take(some());
  }
  CHECK(has(told, "-9-2000\n"));
  CHECK(!has(told, "-9-1900\n"));
  CHECK(told.size() < 256 * 1024);
}

TEST(LiveFeed, AnOwnerIsShownItsMountsAlone) {
  feed.take(some());
  StreamReader reader;
  follow(reader, "", only("acme"));
  const std::string state = reader.received();
  CHECK(has(state, R"("listeners":4,"kbps":512,"on_air":1)"));
  CHECK(!has(state, "/b"));
  CHECK(has(state, R"({"id":"m1","state":"up"})"));
  LiveSample next = some();
  next.mounts["/b"].listeners = 9;
  next.mounts.erase("/b");
  clock.advance(1s);
  feed.take(next);
  STRCMP_EQUAL("", reader.received().c_str());
  // A mount that goes to another account is gone.
  next.mounts["/a"].account = "other";
  clock.advance(1s);
  feed.take(next);
  CHECK(has(reader.received(), R"("gone":{"nodes":[],"mounts":["/a"]})"));
}

TEST(LiveFeed, OneThatDoesNotReadCostsOnePartAndIsSentAway) {
  LiveSample sample;
  for (int n = 0; n < 20'000; ++n)
    sample.mounts[cat({"/mount-", n})] = {static_cast<std::uint64_t>(n), 1, "", "A title"};
  feed.take(sample);
  StreamReader reader;
  const int small = 64 * 1024;
  ::setsockopt(reader.transport->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  CHECK(follow(reader));
  std::string told;
  // What is read at last is a whole state, in parts, and no row twice.
  for (int turn = 0; turn < 200 && !has(told, "\"more\":false"); ++turn) {
    const std::string now = reader.received();
    CHECK(now.size() < 256 * 1024);
    told += now;
    loop.post([this] { loop.stop(); });
    loop.run();
    clock.advance(100ms);
    feed.take(sample);
  }
  CHECK(has(told, "\"more\":false"));
  CHECK(has(told, "/mount-19999\""));
  std::size_t rows = 0;
  for (std::size_t at = 0; (at = told.find("{\"mount\":", at)) != std::string::npos; ++at) ++rows;
  CHECK_EQUAL(20'000u, rows);
  CHECK_EQUAL(0, ended);
  StreamReader stalled;
  ::setsockopt(stalled.transport->fd(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  follow(stalled);
  clock.advance(30s);
  feed.take(sample);
  CHECK_EQUAL(0, ended);
  clock.advance(31s);
  feed.take(sample);
  CHECK_EQUAL(1, ended);
  CHECK_EQUAL(1u, feed.readers());
}

TEST(LiveFeed, TooManyReadersAreNotTaken) {
  feed.take(some());
  std::vector<StreamReader> readers(LiveFeed::kMaxReaders + 1);
  for (std::size_t n = 0; n < LiveFeed::kMaxReaders; ++n) CHECK(follow(readers[n]));
  CHECK(!follow(readers.back()));
  CHECK(readers.back().transport != nullptr);
}

TEST(LiveFeed, WhatIsForgottenIsAStateAgain) {
  feed.take(some());
  StreamReader reader, late;
  follow(reader);
  const std::string id = id_of(reader.received());
  LiveSample many = some();
  for (std::size_t n = 0; n <= LiveFeed::kKeptRemovals; ++n) many.mounts[cat({"/gone-", n})] = {};
  feed.take(many);
  feed.take(some());
  follow(late, id);
  CHECK(has(late.received(), "event: state\n"));
}

TEST(LiveFeed, TheFirstStateHasTheListenersThatAreFollowed) {
  feed.take(some());
  LiveScope scope;
  scope.key = "admin";
  scope.listeners_of = "/a";
  StreamReader reader, next, unanswered;
  CHECK(follow(reader, "", scope));
  feed.take(some());
  CHECK(!has(reader.received(), "event:"));
  feed.take_listeners("/a", {{"m1/7", {"{\"id\":7}", "{}"}}}, false);
  const std::string state = reader.received();
  CHECK(has(state, "event: state\n") && has(state, "\"listeners\":[{}],\"others\":false"));
  // The next reader need not wait.
  CHECK(follow(next, "", scope));
  CHECK(has(next.received(), "\"listeners\":[{}]"));
  // A cluster that does not answer holds a state for a while only.
  scope.listeners_of = "/b";
  CHECK(follow(unanswered, "", scope));
  clock.advance(LiveFeed::kListenersPause - 1ms);
  feed.take(some());
  CHECK(!has(unanswered.received(), "event:"));
  clock.advance(1ms);
  feed.take(some());
  CHECK(has(unanswered.received(), "event: state\n"));
}
