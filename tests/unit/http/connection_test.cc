// What a connection makes of what comes: requests, decisions, forms and Shoutcast logins.
#include "http/connection.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "http/connection_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(Connection, ConnectionFixture){};

TEST(Connection, AnswersARequestAndCloses) {
  const std::string reply = ask(kGet);
  CHECK(reply.starts_with("HTTP/1.0 200 OK\r\nServer: Test\r\nConnection: Close\r\n"));
  CHECK(body_of(reply) == "body");
  CHECK(peer.finished());
  CHECK(seen == std::vector<std::string>{"GET /a.html"});
  LONGS_EQUAL(1, accepted);
}
TEST(Connection, WritesOneAccessLineAReply) {
  const std::string reply = ask(kGet);
  CHECK(captured.accesses().starts_with("192.0.2.9 - - ["));
  CHECK(captured.accesses().find("] \"GET /a.html HTTP/1.0\" 200 " + std::to_string(reply.size()) +
                                 " \"http://r/\" \"Nav/1\" 0\n") != std::string::npos);
}
TEST(Connection, TheAccessLineNamesTheUserAndTheSecondsSinceTheConnectionCame) {
  last.act = [this](Connection& connection) {
    connection.user = "anna";
    connection.shows_user = true;
    clock.advance(3s);
    connection.reply_page(404, "gone");
    return Verdict::kAnswered;
  };
  CHECK(body_of(ask(kGet)).find("404 - gone") != std::string::npos);
  CHECK(captured.accesses().starts_with("192.0.2.9 - anna ["));
  CHECK(captured.accesses().find(" 404 ") != std::string::npos);
  CHECK(captured.accesses().ends_with(" 3\n"));
}
TEST(Connection, TakesARequestByteByByte) {
  accept(peer);
  std::string reply;
  for (const char c : kGet) {
    CHECK(reply.empty());
    reply = say(std::string_view(&c, 1));
  }
  CHECK(body_of(reply) == "body");
}
TEST(Connection, HeadGetsNoBody) {
  const std::string reply = ask("HEAD /a HTTP/1.0\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.0 200 OK\r\n"));
  CHECK(body_of(reply).empty());
  answer_with_file(10, 0, 10);
  CHECK(body_of(ask("HEAD /a HTTP/1.0\r\n\r\n")).empty());
}
TEST(Connection, KnowsItsFacts) {
  http_socket->settings.shoutcast_mount = "/sc";
  last.act = [](Connection& connection) {
    STRCMP_EQUAL("192.0.2.9", connection.ip().c_str());
    LONGS_EQUAL(1024, connection.peer().port());
    STRCMP_EQUAL("/sc", connection.socket().settings.shoutcast_mount.c_str());
    connection.reply_text(200, std::to_string(connection.id()));
    return Verdict::kAnswered;
  };
  CHECK(body_of(ask(kGet)) == "10");
  CHECK(body_of(ask(kGet)) == "11");
}
TEST(Connection, HttpHeadersOfTheConfigurationAreInEveryReply) {
  change([](HttpSettings& s) { s.http_headers = {{"X-Own", "v", 0}, {"X-Other", "w", 404}}; });
  const std::string reply = ask(kGet);
  CHECK(reply.find("X-Own: v\r\n") != std::string::npos);
  CHECK(reply.find("X-Other") == std::string::npos);
}

TEST(Connection, ARefusedAddressIsClosedWithoutAByte) {
  welcome = false;
  CHECK(ask(kGet).empty());
  CHECK(peer.finished());
  LONGS_EQUAL(1, accepted);
  CHECK(seen.empty());
}
TEST(Connection, NonsenseIsClosedWithoutAByteAndWithoutALine) {
  CHECK(ask("BREW / HTTP/1.0\r\n\r\n").empty());
  CHECK(peer.finished());
  CHECK(seen.empty());
  CHECK(captured.accesses().empty());
}
TEST(Connection, AStageMayDropARequest) {
  last.act = [](Connection& connection) {
    connection.drop();
    return Verdict::kAnswered;
  };
  CHECK(ask(kGet).empty());
  CHECK(peer.finished());
  CHECK(captured.accesses().empty());
}
TEST(Connection, AFaultyHeadIsRefusedWithAPageAndADashInTheLog) {
  const std::string reply = ask("GET /" + std::string(9000, 'a') + " HTTP/1.0\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.0 414 "));
  CHECK(body_of(reply).find("the address is too long") != std::string::npos);
  CHECK(captured.accesses().find("\"- - HTTP/1.0\" 414 ") != std::string::npos);
  CHECK(seen.empty());
}
TEST(Connection, WhatIsKnownOfARefusedHeadIsLogged) {
  const std::string reply = ask("get /x?secret HTTP/1.1\r\nUser-Agent: Old/1\r\nnonsense\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.0 400 "));
  CHECK(captured.accesses().find("\"GET /x HTTP/1.1\" 400 ") != std::string::npos);
  CHECK(captured.accesses().find("\"Old/1\"") != std::string::npos);
  CHECK(seen.empty());
}
TEST(Connection, AClientThatLeavesBeforeItAsksIsForgotten) {
  ask("GET / HT");
  peer.close();
  turn();
  CHECK(connections->find(10) == nullptr);
  CHECK(captured.accesses().empty());
}
TEST(Connection, ABrokenConnectionIsForgotten) {
  pend();
  ask(kGet);
  connections->find(10)->send_now("unread");
  peer.close();  // with bytes that it has not read: a reset
  turn();
  CHECK(connections->find(10) == nullptr);
}

TEST(Connection, AStageMayDecideLater) {
  pend();
  CHECK(ask(kGet).empty());
  Connection* waiting = connections->find(10);
  CHECK(waiting != nullptr);
  waiting->reply_text(403, "no");
  CHECK(body_of(say("")) == "no");
}
TEST(Connection, APendingStageMayPassOn) {
  first.act = [](Connection&) { return Verdict::kPending; };
  CHECK(ask(kGet).empty());
  connections->find(10)->resume(Verdict::kNext);
  CHECK(body_of(say("")) == "body");
}
TEST(Connection, APendingStageMayBeAskedAgainAndNoneBeforeIt) {
  int asked = 0;
  last.act = [&asked](Connection& connection) {
    if (++asked < 3) return Verdict::kPending;
    connection.reply_text(200, "at last");
    return Verdict::kAnswered;
  };
  CHECK(ask(kGet).empty());
  connections->find(10)->ask_again();
  LONGS_EQUAL(2, asked);
  connections->find(10)->ask_again();
  CHECK(body_of(say("")) == "at last");
  LONGS_EQUAL(1, seen.size());
}
TEST(Connection, AStageMayLetTheChainGoOnFromOneBeforeIt) {
  int asked = 0;
  last.act = [this, &asked](Connection& connection) {
    if (++asked == 1) {
      connection.go_on_from(first);
      return Verdict::kNext;
    }
    connection.reply_text(200, "body");
    return Verdict::kAnswered;
  };
  CHECK(body_of(ask(kGet)) == "body");
  LONGS_EQUAL(2, asked);
  LONGS_EQUAL(2, seen.size());
}
TEST(Connection, ADecisionForAConnectionThatHasGoneFindsNothing) {
  pend();
  ask(kGet);
  connections->find(10)->drop();
  CHECK(connections->find(10) == nullptr);
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(Connection, AClientThatIsHalfClosedDuringADecisionStillGetsItsAnswer) {
  pend();
  ask(kGet);
  peer.finish_sending();
  turn();
  CHECK(connections->find(10) != nullptr);
  connections->find(10)->reply_text(200, "answer");
  CHECK(body_of(say("")) == "answer");
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(Connection, WhatComesWhileWeDecideIsKeptForTheSource) {
  pend();
  ask(kGet + "early ");
  peer.send("bytes");
  turn();
  STRCMP_EQUAL("early bytes", connections->find(10)->take_leftover().c_str());
}
TEST(Connection, AFloodWhileWeDecideWaitsInTheKernel) {
  pend();
  ask(kGet);
  peer.send(std::string(150'000, 'x'));
  turn(20);
  const std::size_t taken = connections->find(10)->take_leftover().size();
  CHECK(taken > 65'536);
  CHECK(taken <= 65'536 + 16'384);
}
TEST(Connection, TheSocketMayMoveOn) {
  std::unique_ptr<Transport> taken;
  last.act = [&taken](Connection& connection) {
    taken = connection.take_transport();
    return Verdict::kAnswered;
  };
  CHECK(ask(kGet).empty());
  CHECK(connections->find(10) == nullptr);
  CHECK(captured.accesses().empty());
  std::string text = "from its new owner";
  const iovec part{text.data(), text.size()};
  CHECK(taken->write_v({&part, 1}, false).status == IoStatus::kDone);
  CHECK(peer.received() == text);
  CHECK(!peer.finished());
}
TEST(Connection, ReportsWhenBytesAtOnceCouldNotBeSent) {
  pend();
  ask(kGet);
  CHECK(connections->find(10)->send_now("100 "));
  CHECK(peer.received() == "100 ");
  CHECK(!connections->find(10)->send_now(std::string(10'000'000, 'x')));
}
TEST(Connection, TheContextIsMadeWhenAskedForAndFreedWithTheReplyOrTheConnection) {
  ask(kGet);
  LONGS_EQUAL(0, contexts);
  first.act = [](Connection& connection) {
    ++connection.context().noted;
    LONGS_EQUAL(1, connection.context().noted);
    return Verdict::kNext;
  };
  ask(kGet);
  LONGS_EQUAL(1, contexts);
  LONGS_EQUAL(1, freed);
  pend();
  ask(kGet);
  connections->find(12)->drop();
  turn();
  LONGS_EQUAL(2, freed);
}

TEST(Connection, TakesAFormForEverySplit) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, "form " + connection.form());
    return Verdict::kAnswered;
  };
  const std::string request =
      "POST /admin/x HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
      "Content-Length: 7\r\n\r\na=1&b=2 and more";
  const std::size_t whole = request.size() - 9;
  for (std::size_t split = 1; split <= whole; ++split) {
    std::string reply = ask(request.substr(0, split));
    if (split < whole) {
      CHECK(reply.empty());
      reply = say(request.substr(split));
    }
    STRCMP_EQUAL("form a=1&b=2", body_of(reply).c_str());
  }
}
TEST(Connection, OtherBodiesAreNoForms) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, "form " + connection.form() + "left " + connection.take_leftover());
    return Verdict::kAnswered;
  };
  const std::string form = "Content-Type: application/x-www-form-urlencoded\r\n";
  const auto answer = [this](const std::string& head) { return body_of(ask(head + "\r\nabc")); };
  STRCMP_EQUAL("form left abc", answer("POST /a HTTP/1.0\r\nContent-Length: 3\r\n").c_str());
  STRCMP_EQUAL("form left abc", answer("POST /a HTTP/1.0\r\n" + form).c_str());
  STRCMP_EQUAL("form left abc", answer("POST /a HTTP/1.0\r\nContent-Length: 0\r\n" + form).c_str());
  STRCMP_CONTAINS("413 - a form may have 65536 bytes",
                  answer("POST /a HTTP/1.0\r\nContent-Length: 65537\r\n" + form).c_str());
  STRCMP_EQUAL("form left abc", answer("PUT /a HTTP/1.0\r\nContent-Length: 3\r\n" + form).c_str());
}
TEST(Connection, AFormThatDoesNotComeIsDropped) {
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  accept(peer);
  peer.send(
      "POST /a HTTP/1.0\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "
      "7\r\n\r\na=1");
  turn();
  CHECK(peer.received().empty());
  CHECK(peer.finished());
  CHECK(seen.empty());
}

TEST(Connection, AShoutcastLoginIsAnsweredBetweenItsTwoParts) {
  http_socket->shoutcast = true;
  last.act = [](Connection& connection) {
    connection.reply_text(200, connection.request().password +
                                   connection.request().headers.get("icy-name", "?").data() +
                                   connection.take_leftover());
    return Verdict::kAnswered;
  };
  CHECK(ask("hack").empty());
  CHECK(say("me\r\n") == "OK2\r\nicy-caps:11\r\n\r\n");
  CHECK(seen == std::vector<std::string>{"login hackme"});
  STRCMP_EQUAL("hackmeRadioaudio", body_of(say("icy-name:Radio\r\n\r\naudio")).c_str());
}
TEST(Connection, AShoutcastLoginMayComeInOnePacket) {
  http_socket->shoutcast = true;
  std::string left;
  last.act = [&left](Connection& connection) {
    left = connection.take_leftover();
    return Verdict::kPending;
  };
  CHECK(ask("hackme\r\nicy-name:Radio\r\n\r\naudio") == "OK2\r\nicy-caps:11\r\n\r\n");
  STRCMP_EQUAL("audio", left.c_str());
  LONGS_EQUAL(1, std::count(seen.begin(), seen.end(), "login hackme"));
}
TEST(Connection, AWrongShoutcastPasswordIsDroppedWithoutAByte) {
  http_socket->shoutcast = true;
  login_ok = false;
  CHECK(ask("wrong\r\nicy-name:Radio\r\n\r\naudio").empty());
  CHECK(peer.finished());
  LONGS_EQUAL(1, seen.size());
}
TEST(Connection, AGetOnAShoutcastSocketIsDropped) {
  http_socket->shoutcast = true;
  login_ok = false;
  CHECK(ask(kGet).empty());
  CHECK(peer.finished());
}
TEST(Connection, AShoutcastHeadThatIsTooLongIsDropped) {
  http_socket->shoutcast = true;
  ask("hackme\r\n");
  say("icy-name:" + std::string(20'000, 'x'));
  CHECK(peer.finished());
}

TEST(Connection, AStageReadsTheBodyWhenItHasJudgedTheSender) {
  last.act = [](Connection& connection) {
    if (connection.form().empty()) {
      connection.read_body(5);
      return Verdict::kPending;
    }
    connection.reply_text(200, connection.form());
    return Verdict::kAnswered;
  };
  const std::string head = "POST /api/v1/x HTTP/1.0\r\nContent-Length: 5\r\n\r\n";
  CHECK(body_of(ask(head + "abcde")) == "abcde");  // all at once
  STRCMP_EQUAL("", ask(head).c_str());
  STRCMP_EQUAL("", say("ab").c_str());
  STRCMP_EQUAL("abcde", body_of(say("cde")).c_str());
}
TEST(Connection, WhatOnlyTheApiKnowsIsAnsweredByAStage) {
  CHECK(body_of(ask("DELETE /api/v1/x HTTP/1.0\r\n\r\n")) == "body");
}
