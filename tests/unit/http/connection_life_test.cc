// How long a connection lives: deadlines, requests that follow a reply, and too many connections.
#include <algorithm>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include "http/connection_fixture.h"
#include "http/connection_record.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(ConnectionLife, ConnectionFixture){};

TEST(ConnectionLife, AHeadThatDoesNotComeInTimeIsDroppedWithoutAByte) {
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  accept(peer);
  turn();
  CHECK(peer.received().empty());
  CHECK(peer.finished());
  CHECK(captured.accesses().empty());
}
TEST(ConnectionLife, ADecisionMayTakeLongerThanAHead) {
  pend();
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  accept(peer);
  peer.send(kGet);
  loop.run_once(false);  // the head and the deadline are both there; the first to come counts
  if (connections->find(10) == nullptr) return;
  turn();
  CHECK(connections->find(10) != nullptr);
}

TEST(ConnectionLife, StaysOpenForTheNextRequestWhenTheReplyIsKeepAlive) {
  keep_alive();
  first.act = [](Connection& connection) {
    CHECK(connection.user.empty());
    CHECK(connection.context().noted == 0);
    CHECK(connection.form().empty());
    connection.user = "anna";
    connection.context().noted = 1;
    return Verdict::kNext;
  };
  CHECK(ask("OPTIONS * HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 204 "));
  LONGS_EQUAL(1, freed);
  CHECK(say("OPTIONS * HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 204 "));
  const std::string lines = captured.accesses();
  LONGS_EQUAL(2, std::count(lines.begin(), lines.end(), '\n'));
  CHECK(!peer.finished());
}
TEST(ConnectionLife, EachRequestOfAKeptConnectionHasItsOwnTime) {
  keep_alive();
  std::vector<std::int64_t> asked;
  first.act = [&asked](Connection& connection) {
    asked.push_back(connection.asked_ms());
    return Verdict::kNext;
  };
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  clock.advance(50s);
  say("OPTIONS * HTTP/1.1\r\n");
  clock.advance(2s);
  say("\r\n");
  clock.advance(5s);
  say("OPTIONS * HTTP/1.1\r\n\r\nOPTIONS * HTTP/1.1\r\n\r\n");
  LONGS_EQUAL(4, asked.size());
  LONGS_EQUAL(52'000, asked[1] - asked[0]);
  LONGS_EQUAL(5000, asked[2] - asked[1]);
  LONGS_EQUAL(0, asked[3] - asked[2]);
  std::istringstream lines(captured.accesses());
  std::string seconds, line;
  while (std::getline(lines, line)) seconds += line.substr(line.rfind(' '));
  STRCMP_EQUAL(" 0 2 0 0", seconds.c_str());
}
TEST(ConnectionLife, AProxyThatIsTrustedIsAnswered) {
  // It would take a close for a server that has failed, and ask it no more.
  change([](HttpSettings& s) {
    const std::vector<std::string> proxies{"192.0.2.9"};
    s.trusted_proxies = AddressList::parse(proxies, [](std::size_t, const std::string&) {});
  });
  CHECK(ask("PROPFIND / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 400 "));
  CHECK(captured.accesses().find(" 400 ") != std::string::npos);
  CHECK(ask("GET //x HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 400 "));
  peer = SocketPair();
  accept(peer);
  turn();
  welcome = false;
  CHECK(say("GET /x HTTP/1.1\r\nX-Forwarded-For: 192.0.2.77\r\n\r\n").starts_with("HTTP/1.0 403 "));
  LONGS_EQUAL(0, seen.size());
}
TEST(ConnectionLife, BehindAHandOverAnAnswerUnderWayIsTheLastOne) {
  pend();
  ask("POST /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  SocketPair other;
  accept(other);
  LONGS_EQUAL(1, connections->unanswered(true, true, true).size());
  connections->forget_unanswered();
  ResponseHead head;
  head.status = 204;
  head.keep_alive = true;
  head.content_length = 0;
  connections->find(10)->reply(head, {});
  const std::string answer = say("OPTIONS * HTTP/1.1\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.0 204 "));
  CHECK(answer.find("204", 12) == std::string::npos);
  CHECK(peer.finished());
  LONGS_EQUAL(1, seen.size());
}
TEST(ConnectionLife, TheRestOfAnAnswerIsOneFileForTheNextProcess) {
  const std::string text(1 << 20, 't'), ranged = std::string(600, 'a') + "--";
  last.act = [&text](Connection& connection) {
    const auto held = std::make_shared<const UniqueFd>(file(1000, 'a'));
    std::vector<ReplyRun> runs;
    runs.push_back(ReplyRun::of_text(text));
    runs.push_back(ReplyRun::of_file(held, held->get(), 400, 600));
    runs.push_back(ReplyRun::of_text("--"));
    ResponseHead head;
    head.content_length = text.size() + 602;
    connection.reply_runs(head, std::move(runs));
    return Verdict::kAnswered;
  };
  std::string answer = ask(kGet);
  std::vector<HeldRequest> all = connections->unanswered(true, true, true);
  LONGS_EQUAL(1, all.size());
  const HeldRequest& held = all.front();
  LONGS_EQUAL(200, held.status);
  std::string rest(held.file.bytes, ' ');
  LONGS_EQUAL(rest.size(), ::pread(held.file.fd, rest.data(), rest.size(), off_t(held.file.at)));
  CHECK(rest == (text + ranged).substr(text.size() + ranged.size() - rest.size()));
  // No other process has come of it: it goes on.
  for (int i = 0; i < 1000 && !peer.finished(); ++i) answer += say("");
  CHECK(body_of(answer) == text + ranged);
}
TEST(ConnectionLife, AnswersRequestsThatCameTogetherInTheirOrder) {
  std::vector<std::string> paths;
  last.act = [&paths](Connection& connection) {
    paths.push_back(connection.request().path);
    ResponseHead head;
    head.keep_alive = connection.request().path == "*";
    connection.reply(head, "");
    return Verdict::kAnswered;
  };
  const std::string options = "OPTIONS * HTTP/1.1\r\n\r\n";
  ask(options + options + kGet + options);
  CHECK(paths == (std::vector<std::string>{"*", "*", "/a.html"}));
  CHECK(peer.finished());
}
TEST(ConnectionLife, ManyRequestsInOnePacketDoNotPileUp) {
  keep_alive();
  int answered = 0;
  first.act = [&answered](Connection&) {
    ++answered;
    return Verdict::kNext;
  };
  std::string many;
  while (many.size() + 20 <= 16'384) many += "OPTIONS * HTTP/1.0\n\n";
  accept(peer);
  peer.send(many);
  for (int i = 0; i < 2000; ++i) say("");
  LONGS_EQUAL(many.size() / 20, answered);
}
TEST(ConnectionLife, TheNextHeadHasItsOwnDeadline) {
  keep_alive();
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  say("OPTIONS * HTTP/1.1\r\n\r\n");
  turn();
  CHECK(connections->find(10) == nullptr);
}

TEST(ConnectionLife, OfTooManyOpenHeadsTheOldestEnds) {
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  SocketPair pairs[4];
  for (int i = 0; i < 3; ++i) {
    accept(pairs[i]);
    clock.advance(3s);
  }
  turn();
  CHECK(pairs[0].finished());
  CHECK(!pairs[1].finished());
  pairs[1].send(kGet);  // has asked: counts no more
  turn();
  accept(pairs[3]);
  turn();
  CHECK(!pairs[2].finished());
  CHECK(!pairs[3].finished());
}
TEST(ConnectionLife, AFormWithoutItsBodyCountsAsAnOpenHead) {
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  constexpr std::string_view kForm =
      "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 3\r\n\r\n";
  SocketPair pairs[4];
  for (int i = 0; i < 3; ++i) {
    accept(pairs[i]);
    pairs[i].send(kForm);
    turn();
    clock.advance(3s);
  }
  CHECK(pairs[0].finished());
  CHECK(!pairs[1].finished());
  pairs[1].send("a=b");  // has asked: counts no more
  turn();
  accept(pairs[3]);
  turn();
  CHECK(!pairs[2].finished());
  CHECK(!pairs[3].finished());
  CHECK(connections->make_room());
  turn();
  CHECK(pairs[2].finished());
}
TEST(ConnectionLife, AFormOnAKeptConnectionTakesAPlaceOfOpenHeads) {
  keep_alive();
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  say("POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 3\r\n\r\n");
  clock.advance(3s);
  SocketPair pairs[2];
  for (SocketPair& pair : pairs) accept(pair);
  turn();
  CHECK(peer.finished());
  for (SocketPair& pair : pairs) CHECK(!pair.finished());
}
TEST(ConnectionLife, InACrowdHeadsThatHaveJustBegunStay) {
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  SocketPair pairs[4];
  for (SocketPair& pair : pairs) accept(pair);
  turn();
  for (SocketPair& pair : pairs) CHECK(!pair.finished());
}
TEST(ConnectionLife, KeptConnectionsTakeNoPlaceOfOpenHeads) {
  keep_alive();
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  clock.advance(3s);
  SocketPair pairs[2];
  for (SocketPair& pair : pairs) accept(pair);
  turn();
  CHECK(!peer.finished());
  for (SocketPair& pair : pairs) CHECK(!pair.finished());
  CHECK(say("OPTIONS * HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 204 "));
}
TEST(ConnectionLife, OfTooManyKeptConnectionsTheOldestEnds) {
  keep_alive();
  change([](HttpSettings& s) { s.most_kept = 2; });
  SocketPair pairs[3];
  for (SocketPair& pair : pairs) {
    accept(pair);
    pair.send("OPTIONS * HTTP/1.1\r\n\r\n");
    turn();
    turn();
  }
  CHECK(pairs[0].finished());
  CHECK(!pairs[1].finished());
  CHECK(!pairs[2].finished());
}
TEST(ConnectionLife, MakesRoomByEndingAKeptConnectionFirst) {
  keep_alive();
  SocketPair head;
  accept(head);
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  CHECK(connections->make_room());
  turn();
  CHECK(peer.finished());
  CHECK(!head.finished());
}
TEST(ConnectionLife, MakesRoomByEndingTheOldestOpenHead) {
  CHECK(!connections->make_room());
  SocketPair a, b;
  accept(a);
  accept(b);
  CHECK(connections->make_room());
  turn();
  CHECK(a.finished());
  CHECK(!b.finished());
  pend();
  b.send(kGet);
  turn();
  CHECK(!connections->make_room());  // it is being answered
}
TEST(ConnectionLife, AllEndWhenTheServerStops) {
  pend();
  ask(kGet);
  SocketPair other;
  accept(other);
  connections->end_all();
  turn();
  CHECK(peer.finished());
  CHECK(other.finished());
}
TEST(ConnectionLife, ConnectionsThatGoWithTheirOwnerAreClosed) {
  SocketPair other;
  accept(other);
  pend();
  ask(kGet);
  connections.reset();
  CHECK(peer.finished());
  CHECK(other.finished());
}

TEST(ConnectionLife, AnUnreadBodyIsNotTheNextRequest) {
  keep_alive();
  for (const std::string framing :
       {"Content-Length: 44\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n1000\r\n"}) {
    seen.clear();
    const std::string reply =
        ask("OPTIONS * HTTP/1.1\r\n" + framing + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK(seen == std::vector<std::string>{"OPTIONS *"});
    CHECK(reply.find("Connection: Close\r\n") != std::string::npos);
    CHECK(say("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").empty());
    CHECK(peer.finished());
    LONGS_EQUAL(1, seen.size());
  }
  // A body of no bytes, and one that has been read, change nothing.
  CHECK(ask("OPTIONS * HTTP/1.1\r\nContent-Length: 0\r\n\r\n").find("Keep-Alive") !=
        std::string::npos);
  CHECK(ask("POST /a HTTP/1.1\r\nContent-Type: "
            "application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=1")
            .find("Keep-Alive") != std::string::npos);
}
TEST(ConnectionLife, APipelineIsAnsweredInOrderAndOnAFlatStack) {
  std::uintptr_t lowest = ~std::uintptr_t{0}, highest = 0;
  last.act = [&](Connection& connection) {
    const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
    lowest = std::min(lowest, here);
    highest = std::max(highest, here);
    ResponseHead head;
    head.keep_alive = true;
    connection.reply(head, connection.request().path + ";");
    return Verdict::kAnswered;
  };
  std::string pipeline, expected;
  for (int i = 0; i < 600; ++i) {
    pipeline += "GET /" + std::to_string(i) + " HTTP/1.1\r\n\r\n";
    expected += "/" + std::to_string(i) + ";";
  }
  CHECK(pipeline.size() <= 16384);
  accept(peer);
  peer.send(pipeline);
  std::string got, all;
  for (int i = 0; i < 70; ++i) {
    turn(10);
    all += peer.received();
  }
  while (!all.empty()) {
    all.erase(0, all.find("\r\n\r\n") + 4);
    got += all.substr(0, all.find(';') + 1);
    all.erase(0, all.find(';') + 1);
  }
  STRCMP_EQUAL(expected.c_str(), got.c_str());
  CHECK_TEXT(highest - lowest < 8192, std::to_string(highest - lowest).c_str());
}
