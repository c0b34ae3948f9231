#include "cluster/link/link.h"

#include <fcntl.h>

#include <string>
#include <vector>

#include "net/socket_pair.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(Link) {
  FakeClock clock;
  Loop loop{0, clock};
  SocketPair pair;
  std::vector<std::string> frames;
  std::string reason;
  int drained = 0;
  Result<void> verdict;
  Link::Settings settings;
  std::unique_ptr<Link> link;

  void begin(const std::string& leftover = "") {
    link = std::make_unique<Link>(loop, pair.transport(), leftover, settings,
                                  Link::Callbacks{[this](Frame frame) {
                                                    frames.push_back(render_frame(frame));
                                                    return verdict;
                                                  },
                                                  [this] { ++drained; },
                                                  [this](const std::string& why) {
                                                    reason = why;
                                                    link.reset();
                                                  }});
    turn();
  }
  void turn() {
    Timer later(loop, [] {});
    later.after(2ms);
    while (later.armed()) loop.run_once(true);
  }
  void gets(std::string_view text) {
    pair.send(text);
    turn();
  }
  static std::string who(const std::string& mount) {
    return "{\"t\":\"WHO\",\"m\":\"" + mount + "\"}\n";
  }
  static std::string delta(int seq) {
    return "{\"t\":\"DELTA\",\"seq\":" + std::to_string(seq) + "}\n";
  }
};

TEST(Link, LinesBecomeFrames) {
  begin();
  gets(who("/a") + who("/b") + "{\"t\":\"WHO\",");
  LONGS_EQUAL(2, frames.size());
  gets("\"m\":\"/c\"}\r\n");
  LONGS_EQUAL(3, frames.size());
  STRCMP_EQUAL(who("/c").c_str(), frames[2].c_str());
  CHECK(link != nullptr);
}
TEST(Link, WhatCameBehindTheHeadIsReadFirst) {
  pair.send("/b\"}\n");
  begin(who("/a") + "{\"t\":\"WHO\",\"m\":\"");
  LONGS_EQUAL(2, frames.size());
  STRCMP_EQUAL(who("/b").c_str(), frames[1].c_str());
}
TEST(Link, FramesBecomeLinesAtOnce) {
  begin();
  link->send(WhoFrame{"/a", true});
  STRCMP_EQUAL("{\"t\":\"WHO\",\"m\":\"/a\",\"ok\":true}\n", pair.received().c_str());
  CHECK(link->idle());
}
TEST(Link, WhatIsAnsweredGoesOutTogetherWhenAllHasBeenRead) {
  std::vector<std::size_t> waiting;
  link = std::make_unique<Link>(
      loop, pair.transport(), "", settings,
      Link::Callbacks{[&](const Frame&) {
                        link->send(WhoFrame{"/a", true});
                        waiting.push_back(link->queued());
                        return verdict;
                      },
                      [this] { ++drained; }, [this](const std::string& why) { reason = why; }});
  gets(who("/a") + who("/b"));
  LONGS_EQUAL(2, waiting.size());
  LONGS_EQUAL(2 * waiting[0], waiting[1]);
  CHECK(waiting[0] > 0 && link->idle());
  LONGS_EQUAL(1, drained);
  LONGS_EQUAL(waiting[1], pair.received().size());
  // Nor is an answer lost where the frame behind it ends the link.
  gets(who("/c") + "no frame\n");
  LONGS_EQUAL(waiting[0], pair.received().size());
  STRCMP_CONTAINS("not understood", reason.c_str());
}
TEST(Link, OtherFramesPassRowsThatWaitForTheirRate) {
  settings.dead = 2h;
  settings.rows = Rate::of_bytes(1000, 1);
  begin();
  const auto arch = [](const std::string& mount) {
    ArchiveRow row;
    row.mount = mount;
    row.at = "n1";
    return ArchiveFrame{{row}};
  };
  IngestRow source;
  source.mount = "/c";
  source.at = "n1";
  link->send_rows(arch("/a"));
  link->send_rows(arch("/b"));
  link->send_rows(IngestFrame{{source}});
  link->send(WhoFrame{"/d", {}});
  std::string sent = pair.received();
  CHECK(sent.find("/a") < sent.find("/d"));
  STRCMP_CONTAINS("/d", sent.c_str());
  CHECK(sent.find("/b") == std::string::npos && sent.find("/c") == std::string::npos);
  clock.advance(1h);
  sent.clear();
  for (int i = 0; i < 1000 && sent.find("/c") == std::string::npos; ++i) {
    turn();
    sent += pair.received();
  }
  CHECK(sent.find("/b") == std::string::npos);
  // Those that still wait go before the end.
  link->send_bye({"bye", 0, 0ms}, "test");
  sent = pair.received();
  CHECK(sent.find("/b") < sent.find("BYE"));
}
TEST(Link, NumbersWhatItSends) {
  begin();
  link->send(SnapFrame{});
  link->send(WhoFrame{"/a", {}});
  link->send(DeltaFrame{});
  const std::string sent = pair.received();
  STRCMP_CONTAINS("{\"t\":\"SNAP\",\"seq\":1}", sent.c_str());
  STRCMP_CONTAINS("{\"t\":\"DELTA\",\"seq\":2}", sent.c_str());
  LONGS_EQUAL(2, link->last_sent());
}
TEST(Link, ANumberThatIsNotTheNextOneEndsIt) {
  begin();
  gets(delta(1) + delta(2));
  CHECK(link != nullptr);
  gets(delta(2));
  STRCMP_EQUAL("sent DELTA number 2 where 3 comes next", reason.c_str());
  LONGS_EQUAL(2, frames.size());
}
TEST(Link, TheFirstNumberIsOne) {
  begin();
  gets(delta(0));
  STRCMP_CONTAINS("seq is 0", reason.c_str());
}
TEST(Link, NonsenseEndsItWithAReason) {
  begin();
  gets("GET / HTTP/1.0\n");
  STRCMP_EQUAL("sent a frame that is not understood: JSON: 14 bytes that are not a document",
               reason.c_str());
  CHECK(pair.finished());
}
TEST(Link, NothingBehindNonsenseIsTaken) {
  begin();
  gets("\n" + who("/a"));
  LONGS_EQUAL(0, frames.size());
  CHECK(link == nullptr);
}
TEST(Link, AFrameThatIsTooLongEndsItBeforeItIsWhole) {
  begin();
  const std::string piece(16'000, ' ');
  for (int i = 0; i < 5 && link; ++i) gets(piece);
  STRCMP_EQUAL("sent a frame of more than 65535 bytes", reason.c_str());
}
TEST(Link, TheLongestFrameIsTaken) {
  begin();
  std::string line = who("/a");
  line.insert(1, std::string(kLongestFrame - 1 - line.size(), ' '));
  for (std::size_t at = 0; at < line.size(); at += 10'000) gets(line.substr(at, 10'000));
  LONGS_EQUAL(1, frames.size());
}
TEST(Link, UnknownFramesArePassedOver) {
  begin();
  gets("{\"t\":\"LATER\",\"seq\":99}\n" + delta(1));
  LONGS_EQUAL(1, frames.size());
}
TEST(Link, WhoeverTakesTheFramesMayEndIt) {
  begin();
  verdict = Error::denied("sent what it may not");
  gets(who("/a") + who("/b"));
  STRCMP_EQUAL("sent what it may not", reason.c_str());
  LONGS_EQUAL(1, frames.size());
}
TEST(Link, EndsWhenTheOtherSideCloses) {
  begin();
  pair.finish_sending();
  turn();
  STRCMP_EQUAL("closed the connection", reason.c_str());
}
TEST(Link, EndsWhenTheOtherSideIsSilent) {
  settings.dead = 1000ms;
  begin();
  clock.advance(999ms);
  link->check_silence();
  CHECK_FALSE(link->ended());
  clock.advance(1ms);
  link->check_silence();
  turn();
  STRCMP_EQUAL("silent for 1000ms", reason.c_str());
}
TEST(Link, AnyFrameIsASignOfLife) {
  settings.dead = 1000ms;
  begin();
  for (int i = 0; i < 4; ++i) {
    clock.advance(900ms);
    gets("{\"t\":\"LATER\"}\n");
    link->check_silence();
  }
  turn();
  CHECK(link != nullptr);
}
TEST(Link, BytesWithoutAnEndAreNoSignOfLife) {
  settings.dead = 1000ms;
  begin();
  for (int i = 0; i < 4 && link; ++i) {
    clock.advance(300ms);
    gets("  ");
    if (link) link->check_silence();
    turn();
  }
  STRCMP_EQUAL("silent for 1200ms", reason.c_str());
}
TEST(Link, WhoeverWasStoppedHimselfListensBeforeHeJudges) {
  settings.dead = 1000ms;
  begin();
  pair.send(who("/a"));
  clock.advance(5s);
  link->check_silence();
  turn();
  CHECK(link != nullptr);
  LONGS_EQUAL(1, frames.size());
}
TEST(Link, WhenBothSidesWereStoppedNeitherIsCalledSilent) {
  settings.dead = 1000ms;
  begin();
  loop.beat();
  clock.advance(7s);
  link->check_silence();
  turn();
  CHECK(link != nullptr);
  loop.beat();
  clock.advance(400ms);
  link->check_silence();
  turn();
  CHECK(link != nullptr);
  loop.beat();
  clock.advance(400ms);  // and yet it has no more than its second
  link->check_silence();
  turn();
  STRCMP_EQUAL("silent for 1300ms", reason.c_str());
}
TEST(Link, TooManyFramesInASecondEndIt) {
  settings.max_frames_per_second = 10;
  begin();
  for (int i = 0; i < 10; ++i) gets(who("/a"));
  clock.advance(1s);
  for (int i = 0; i < 10; ++i) gets(who("/a"));
  CHECK(link != nullptr);
  gets(who("/a"));
  STRCMP_EQUAL("sent more than 10 frames in a second", reason.c_str());
}
TEST(Link, WhatTheSocketDoesNotTakeWaits) {
  SocketPair narrow(4096);
  std::swap(pair, narrow);
  begin();
  int sent = 0;
  while (link->idle() && sent < 10'000) {
    link->send(WhoFrame{"/mount" + std::to_string(sent), {}});
    ++sent;
  }
  CHECK_FALSE(link->idle());
  for (int i = 0; i < 100; ++i) link->send(WhoFrame{"/mount" + std::to_string(sent++), {}});
  LONGS_EQUAL(0, drained);
  std::string got;
  for (int i = 0; i < 200 && !link->idle(); ++i) {
    got += pair.received();
    turn();
  }
  got += pair.received();
  CHECK(link->idle());
  LONGS_EQUAL(1, drained);
  LONGS_EQUAL(sent, std::count(got.begin(), got.end(), '\n'));
  STRCMP_CONTAINS(who("/mount" + std::to_string(sent - 1)).c_str(), got.c_str());
}
TEST(Link, WhoeverDoesNotReadIsLetGo) {
  SocketPair narrow(4096);
  std::swap(pair, narrow);
  settings.max_queued = 64 * 1024;
  begin();
  for (int i = 0; i < 10'000 && !link->ended(); ++i) link->send(WhoFrame{"/mount", {}});
  turn();
  STRCMP_CONTAINS("the other side does not read", reason.c_str());
}
TEST(Link, SaysGoodbye) {
  begin();
  link->send_bye({"restart", 0, 2000ms}, "we stop");
  turn();
  STRCMP_EQUAL("{\"t\":\"BYE\",\"why\":\"restart\",\"back\":2000}\n", pair.received().c_str());
  CHECK(pair.finished());
  STRCMP_EQUAL("we stop", reason.c_str());
}
TEST(Link, TheFirstReasonCounts) {
  begin();
  link->end("one");
  link->end("two");
  link->send(WhoFrame{"/a", {}});
  turn();
  STRCMP_EQUAL("one", reason.c_str());
  STRCMP_EQUAL("", pair.received().c_str());
}
TEST(Link, MayBeDestroyedBeforeItHasSaidThatItEnds) {
  begin();
  link->end("one");
  link.reset();
  turn();
  STRCMP_EQUAL("", reason.c_str());
}
