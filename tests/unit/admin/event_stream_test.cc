#include "admin/feed/event_stream.h"

#include <optional>

#include "admin/stream_reader.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using lb::test::StreamReader;
using namespace std::chrono_literals;

TEST_GROUP(EventStream) {
  FakeClock clock;
  Loop loop{0, clock};
  EventStream stream{loop, "edge1"};
  int ended = 0;
  std::uint64_t bytes = 0;

  bool follow(StreamReader & reader, const std::string& last_id = "", Followers::Scope scope = {}) {
    return stream.add(
        reader.transport, "HEAD\r\n\r\n", last_id,
        [this](std::uint64_t n) {
          ++ended;
          bytes = n;
        },
        std::move(scope));
  }
};

TEST(EventStream, AReaderHearsWhatComes) {
  StreamReader reader;
  stream.publish({"start", "edge1", {}, {}, {}});
  CHECK(follow(reader));
  STRCMP_EQUAL("HEAD\r\n\r\nretry: 2000\n\n", reader.received().c_str());
  const ServerEvent& event =
      stream.publish({"source-connect", "/a.mp3", {{"type", "audio/mpeg"}}, {}, {}});
  STRCMP_EQUAL("1700000000-2", event.id.c_str());
  STRCMP_EQUAL(
      "id: 1700000000-2\nevent: source-connect\n"
      "data: {\"id\":\"1700000000-2\",\"time\":\"2023-11-14T22:13:20Z\",\"node\":\"edge1\","
      "\"event\":\"source-connect\",\"subject\":\"/a.mp3\",\"type\":\"audio/mpeg\"}\n\n",
      reader.received().c_str());
  CHECK_EQUAL(1u, stream.readers());
}
TEST(EventStream, TheNextProcessGoesOnWithIdsAndWhatIsKept) {
  for (const char* mount : {"/a", "/b", "/c"})
    stream.publish({"source-connect", mount, {{"type", "audio/mpeg"}}, {}, {}, "radio"});
  clock.advance(5s);
  EventStream next(loop, "edge1");
  next.restore(stream.save());
  StreamReader reader, before;
  CHECK(next.add(reader.transport, "HEAD\r\n\r\n", "1700000000-2", [](std::uint64_t) {}));
  CHECK(follow(before, "1700000000-2"));
  STRCMP_EQUAL(before.received().c_str(), reader.received().c_str());
  STRCMP_EQUAL("1700000000-4", next.publish({"start", "edge1", {}, {}, {}}).id.c_str());
  for (std::size_t i = 0; i < 2 * EventStream::kKept; ++i) stream.publish({"x", "/a", {}, {}, {}});
  next.restore(stream.save());
  LONGS_EQUAL(EventStream::kKept, next.save().kept.size());
  STRCMP_EQUAL("1700000000-516", next.publish({"start", "edge1", {}, {}, {}}).id.c_str());
}
TEST(EventStream, AReaderWithMountsOfItsOwnIsShownThose) {
  Followers::Scope own;
  own.owns = [](std::string_view mount, std::string_view) { return mount == "/mine"; };
  const auto publish = [this] {
    stream.publish({"source-connect", "/mine", {{"address", "192.0.2.7"}}, {}, {}});
    stream.publish({"source-connect", "/other", {{"address", "192.0.2.8"}}, {}, {}});
    stream.publish({"node-down", "edge9", {{"why", "it is silent"}}, {}, {}});
  };
  publish();
  StreamReader late, now;
  follow(late, "1700000000-0", own);
  follow(now, "", own);
  publish();
  for (const std::string& text : {late.received(), now.received()}) {
    CHECK(text.find("192.0.2.7") != std::string::npos);
    CHECK(text.find("/other") == std::string::npos && text.find("192.0.2.8") == std::string::npos);
    CHECK(text.find("\"node-down\",\"subject\":\"edge9\"}") != std::string::npos);
  }
}
TEST(EventStream, AReaderWithMountsOfItsOwnIsToldOfNoOtherCustomer) {
  Followers::Scope own;
  own.owns = [](std::string_view, std::string_view account) { return account == "acme"; };
  own.sharer = "acme";
  StreamReader reader, whole;
  follow(reader, "", own);
  follow(whole, "");
  for (const char* type : {"account-quota", "certificate", "certificate-failed", "report-failed"})
    stream.publish({type, "bolt", {{"names", "bolt.example.org"}}, {}, {}});
  for (const char* type : {"account-quota", "reload", "drained", "node-up"})
    stream.publish({type, "acme", {}, {}, {}});
  const std::string text = reader.received();
  CHECK(text.find("bolt") == std::string::npos);
  for (const char* type : {"account-quota", "reload", "drained", "node-up"})
    CHECK_TEXT(text.find(std::string("event: ") + type) != std::string::npos, type);
  CHECK(whole.received().find("event: certificate-failed") != std::string::npos);
}
// What happened to a mount of another account with this name is not shown to the one that has it
// now.
TEST(EventStream, AnEventIsOfTheAccountThatItsMountHadThen) {
  Followers::Scope own;
  own.owns = [](std::string_view, std::string_view account) { return account == "acme"; };
  stream.publish({"source-connect", "/show", {{"address", "192.0.2.7"}}, {}, {}, "bolt"});
  stream.publish({"source-connect", "/show", {{"address", "192.0.2.8"}}, {}, {}, "acme"});
  StreamReader late;
  follow(late, "1700000000-0", own);
  const std::string text = late.received();
  CHECK(text.find("192.0.2.7") == std::string::npos);
  CHECK(text.find("192.0.2.8") != std::string::npos);
}
TEST(EventStream, AReaderMayBeShownNoAddresses) {
  Followers::Scope scope;
  scope.addresses = false;
  StreamReader reader;
  follow(reader, "", scope);
  stream.publish({"source-connect", "/a", {{"type", "x"}, {"address", "192.0.2.7"}}, {}, {}});
  stream.publish({"source-takeover",
                  "/a",
                  {{"from", "192.0.2.7"}, {"to", "192.0.2.8"}, {"why", "y"}},
                  {},
                  {}});
  stream.publish({"relay-switch", "/a", {{"from", "up1:8000/a"}, {"to", "up2:8000/a"}}, {}, {}});
  const std::string text = reader.received();
  CHECK(text.find("192.0.2") == std::string::npos);
  CHECK(text.find("\"why\":\"y\"") != std::string::npos);
  CHECK(text.find("up2:8000") != std::string::npos);
}
TEST(EventStream, AReaderWhoseLoginEndsIsSentAway) {
  bool holds = true;
  Followers::Scope scope;
  scope.holds = [&holds] { return holds; };
  StreamReader reader;
  follow(reader, "", scope);
  stream.publish({"one", "x", {}, {}, {}});
  holds = false;
  stream.publish({"two", "x", {}, {}, {}});
  LONGS_EQUAL(1, ended);
  const std::string text = reader.received();
  CHECK(text.find("event: one") != std::string::npos);
  CHECK(text.find("event: two") == std::string::npos);
}
TEST(EventStream, AReaderThatComesBackGetsTheEventsThatItMissed) {
  for (int i = 0; i < 3; ++i) stream.publish({"e" + std::to_string(i), "x", {}, {}, {}});
  StreamReader reader;
  follow(reader, "1700000000-2");
  const std::string text = reader.received();
  CHECK(text.find("event: e1\n") == std::string::npos);
  CHECK(text.find("event: e2\n") != std::string::npos);
}
TEST(EventStream, AnIdOfAnotherRunMeansEverythingThatIsKept) {
  stream.publish({"e1", "x", {}, {}, {}});
  for (const char* id : {"1699999999-7", "nonsense", "-", "1700000000-x"}) {
    StreamReader reader;
    follow(reader, id);
    CHECK_TEXT(reader.received().find("event: e1\n") != std::string::npos, id);
  }
}
TEST(EventStream, KeepsOnlyTheNewest) {
  for (std::size_t i = 0; i < EventStream::kKept + 5; ++i) stream.publish({"e", "x", {}, {}, {}});
  StreamReader reader;
  follow(reader, "0-0");
  const std::string text = reader.received();
  CHECK(text.find("id: 1700000000-5\n") == std::string::npos);
  CHECK(text.find("id: 1700000000-6\n") != std::string::npos);
}
TEST(EventStream, OneMountDoesNotPushOutTheEventsOfOthers) {
  stream.publish({"e1", "/quiet", {}, {}, {}, "bolt"});
  for (int i = 0; i < 5000; ++i) {
    stream.publish({"flood", "/a" + std::to_string(i % 3), {}, {}, {}, "acme"});
    if (i == 4000) stream.publish({"e2", "/quiet", {}, {}, {}, "bolt"});
  }
  EventStream next(loop, "edge1");
  next.restore(stream.save());
  for (EventStream* one : {&stream, &next}) {
    StreamReader reader, later;
    CHECK(one->add(reader.transport, "", "0-0", [](std::uint64_t) {}));
    const std::string text = reader.received();
    CHECK(text.find("id: 1700000000-1\nevent: e1\n") != std::string::npos);
    CHECK(text.find("id: 1700000000-4003\nevent: e2\n") != std::string::npos);
    CHECK(text.find("id: 1700000000-5002\nevent: flood\n") != std::string::npos);
    CHECK(one->add(later.transport, "", "1700000000-4003", [](std::uint64_t) {}));
    CHECK(later.received().find("event: e2\n") == std::string::npos);
  }
}
TEST(EventStream, TextFromOutsideMakesNoNewLine) {
  StreamReader reader;
  follow(reader);
  reader.received();
  stream.publish(
      {"source-connect", "/a\n\nevent: forged\ndata: {}", {{"user-agent", "x\r\ny\xff"}}, {}, {}});
  const std::string text = reader.received();
  CHECK(text.find("\nevent: forged") == std::string::npos);
  CHECK(text.find("/a\\u000a\\u000aevent: forged") != std::string::npos);
}
TEST(EventStream, AQuietStreamBeats) {
  StreamReader reader;
  follow(reader);
  reader.received();
  stream.beat();
  STRCMP_EQUAL(":\n\n", reader.received().c_str());
}
TEST(EventStream, AReaderThatHasGoneIsForgotten) {
  StreamReader reader;
  follow(reader);
  reader.peer.reset();
  loop.run_once(true);
  CHECK_EQUAL(0u, stream.readers());
  CHECK_EQUAL(1, ended);
  CHECK_EQUAL(8u + 13u, bytes);
}
TEST(EventStream, AReaderThatDoesNotReadIsDropped) {
  StreamReader reader;
  follow(reader);
  for (int i = 0; i < 10000 && ended == 0; ++i)
    stream.publish({"e", std::string(1000, 'x'), {}, {}, {}});
  CHECK_EQUAL(1, ended);
  CHECK_EQUAL(0u, stream.readers());
}
TEST(EventStream, ThereIsALimitOfReaders) {
  std::vector<StreamReader> readers(EventStream::kMaxReaders + 1);
  for (std::size_t i = 0; i < EventStream::kMaxReaders; ++i) CHECK(follow(readers[i]));
  StreamReader& last = readers.back();
  CHECK(!follow(last));
  CHECK(last.transport != nullptr);
  STRCMP_EQUAL("", last.received().c_str());
}
TEST(EventStream, OneAccountHasAQuarterOfThePlacesAndAllOfThemLeaveAQuarter) {
  constexpr std::size_t kPart = EventStream::kMaxReaders / 4;
  std::vector<StreamReader> readers(5 * kPart);
  std::size_t next = 0;
  const auto come = [&](const char* sharer) {
    Followers::Scope scope;
    scope.sharer = sharer;
    std::size_t came = 0;
    while (came < kPart && follow(readers[next], "", scope)) ++came, ++next;
    return came;
  };
  for (const char* account : {"a", "b", "c"}) {
    CHECK_EQUAL(kPart, come(account));
    CHECK_EQUAL(0u, come(account));
  }
  CHECK_EQUAL(0u, come("d"));
  CHECK_EQUAL(kPart, come(""));
  CHECK_EQUAL(0u, come(""));
}
