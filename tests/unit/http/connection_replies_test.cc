// How a connection sends its reply: long ones, shared pages, files, and what comes after it.
#include <memory>
#include <string>
#include <vector>

#include "http/connection_fixture.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP_BASE(ConnectionReplies, ConnectionFixture){};

TEST(ConnectionReplies, AReplyThatIsNotReadEndsAfterTheTimeout) {
  change([](HttpSettings& s) { s.client_timeout = 0s; });
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(1 << 20, 'x'));
    return Verdict::kAnswered;
  };
  accept(peer);
  peer.send(kGet);
  turn();
  CHECK(connections->find(10) == nullptr);
  const std::size_t sent = peer.received().size();
  CHECK(sent < 1 << 20);
  CHECK(peer.finished());
  CHECK(captured.accesses().find(" 200 " + std::to_string(sent) + " ") != std::string::npos);
}
TEST(ConnectionReplies, ALongReplyGoesOutAsTheClientReads) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(1 << 20, 'x'));
    return Verdict::kAnswered;
  };
  std::string reply = ask(kGet);
  CHECK(reply.size() < 1 << 20);
  peer.send("more that nobody reads now");
  for (int i = 0; i < 1000 && !peer.finished(); ++i) reply += say("");
  CHECK(body_of(reply) == std::string(1 << 20, 'x'));
}
TEST(ConnectionReplies, APageIsSentFromTheOneCopyThatAllItsReadersShare) {
  const auto page = std::make_shared<const std::string>(std::string(4 << 20, 'x') + "end");
  last.act = [&page](Connection& connection) {
    connection.reply_shared(ResponseHead(), {page, *page});
    return Verdict::kAnswered;
  };
  std::vector<SocketPair> readers(20);
  for (SocketPair& reader : readers) {
    accept(reader);
    reader.send(kGet);
  }
  loop.run_once(false);
  LONGS_EQUAL(1 + 20, page.use_count());
  std::vector<std::string> replies(readers.size());
  for (int i = 0; i < 10000 && page.use_count() > 1; ++i) {
    loop.run_once(false);
    for (std::size_t k = 0; k < readers.size(); ++k) replies[k] += readers[k].received();
  }
  LONGS_EQUAL(1, page.use_count());  // a connection that has sent it keeps it no longer
  for (std::size_t k = 0; k < readers.size(); ++k) replies[k] += readers[k].received();
  for (const std::string& reply : replies) CHECK(body_of(reply) == *page);
}
TEST(ConnectionReplies, NoTurnIsSpentOnOneLargePage) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(4 << 20, 'x'));
    return Verdict::kAnswered;
  };
  accept(peer);
  peer.send(kGet);
  loop.run_once(false);
  const std::size_t at_once = peer.received().size();
  CHECK(at_once > 0);
  CHECK(at_once <= 65 * 1024);
}
TEST(ConnectionReplies, TheHeadOfASharedPageGoesOutAloneWhereThatWasAskedFor) {
  const auto page = std::make_shared<const std::string>(100000, 'x');
  last.act = [&page](Connection& connection) {
    connection.reply_shared(ResponseHead(), {page, *page});
    return Verdict::kAnswered;
  };
  STRCMP_EQUAL("", body_of(ask("HEAD / HTTP/1.0\r\n\r\n")).c_str());
  LONGS_EQUAL(1, page.use_count());
}
TEST(ConnectionReplies, TheReadersOfOnePageCanBeEnded) {
  const auto old = std::make_shared<const std::string>(4 << 20, 'x'),
             fresh = std::make_shared<const std::string>(4 << 20, 'y');
  auto page = old;
  last.act = [&page](Connection& connection) {
    connection.reply_shared(ResponseHead(), {page, *page});
    return Verdict::kAnswered;
  };
  ask(kGet);
  SocketPair other;
  page = fresh;
  accept(other);
  other.send(kGet);
  turn();
  connections->end_readers_of(old.get());
  turn();
  CHECK(connections->find(10) == nullptr);
  CHECK(connections->find(11) != nullptr);
  LONGS_EQUAL(1, old.use_count());
}
TEST(ConnectionReplies, AClientThatReadsAReplyByteByByteIsNotWaitedForWithoutEnd) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(4 << 20, 'x'));
    return Verdict::kAnswered;
  };
  ask(kGet);
  // 4 MiB at 8 KiB/s are 512 s, and client-timeout is 30 s.
  for (int second = 0; second < 540; second += 10) {
    clock.advance(10s);
    peer.received(4096);
    turn();
    CHECK(connections->find(10) != nullptr);
  }
  clock.advance(10s);
  peer.received();
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(ConnectionReplies, AFileMayBeReadAsSlowlyAsItIsPlayed) {
  answer_with_file(4 << 20, 0, 4 << 20);
  ask(kGet);
  // At 2 KiB/s it takes 2048 s.
  for (int second = 0; second < 2070; second += 30) {
    clock.advance(30s);
    peer.received(4096);
    turn();
    CHECK(connections->find(10) != nullptr);
  }
  clock.advance(30s);
  peer.received();
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(ConnectionReplies, AClientThatLeavesDuringItsReplyIsForgotten) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(1 << 20, 'x'));
    return Verdict::kAnswered;
  };
  ask(kGet);
  peer.close();
  turn();
  CHECK(connections->find(10) == nullptr);
  answer_with_file(1 << 20, 0, 1 << 20);
  ask(kGet);
  peer.close();
  turn();
  CHECK(connections->find(11) == nullptr);
}

TEST(ConnectionReplies, AfterItsReplyWhatTheClientStillSendsIsThrownAway) {
  accept(peer);
  peer.send(kGet + std::string(1000, 'x'));
  turn();
  peer.send(std::string(1000, 'x'));
  turn();
  CHECK(connections->find(10) != nullptr);  // waits for the client to close
  CHECK(body_of(peer.received()) == "body");
  CHECK(peer.finished());  // the server has sent its FIN
  peer.close();
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(ConnectionReplies, AClientThatNeverStopsSendingIsCut) {
  ask(kGet);
  for (int i = 0; i < 100 && connections->find(10) != nullptr; ++i) {
    peer.send(std::string(16'000, 'x'));
    turn(2);
    LONGS_EQUAL(i < 65, connections->find(10) != nullptr);
  }
  CHECK(connections->find(10) == nullptr);
}

TEST(ConnectionReplies, SendsAPartOfAFile) {
  answer_with_file(1000, 900, 100);
  CHECK(body_of(ask(kGet)) == std::string(100, 'f'));
  CHECK(peer.finished());
}
TEST(ConnectionReplies, SendsALargeFileAsTheClientReads) {
  answer_with_file(3 << 20, 0, 3 << 20);
  std::string reply = ask(kGet);
  CHECK(reply.size() < 3 << 20);
  for (int i = 0; i < 1000 && !peer.finished(); ++i) reply += say("");
  CHECK(body_of(reply) == std::string(3 << 20, 'f'));
  CHECK(captured.accesses().find(" 200 " + std::to_string(reply.size()) + " ") !=
        std::string::npos);
}
TEST(ConnectionReplies, ProgressRenewsTheTimeOfADownload) {
  answer_with_file(3 << 20, 0, 3 << 20);
  accept(peer);
  peer.send(kGet);
  turn();
  change([](HttpSettings& s) { s.client_timeout = 0s; });
  turn();
  CHECK(connections->find(10) != nullptr);  // blocked; its time is the old one
  peer.received();
  turn();
  CHECK(connections->find(10) == nullptr);  // went on, and got the new one
}
TEST(ConnectionReplies, ProgressRenewsTheTimeOfALongReply) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(4 << 20, 'x'));
    return Verdict::kAnswered;
  };
  accept(peer);
  peer.send(kGet);
  turn();
  change([](HttpSettings& s) { s.client_timeout = 0s; });
  turn();
  CHECK(connections->find(10) != nullptr);
  peer.received();
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(ConnectionReplies, AFileThatHasBecomeShorterEndsTheConnection) {
  answer_with_file(100, 0, 200);
  const std::string reply = ask(kGet);
  CHECK(body_of(reply) == std::string(100, 'f'));
  CHECK(peer.finished());
  CHECK(captured.accesses().find(" 200 " + std::to_string(reply.size()) + " ") !=
        std::string::npos);
}
// As from Icecast: browsers break off most downloads of sound.
TEST(ConnectionReplies, AReplyThatItsClientBreaksOffIsInTheAccessLog) {
  answer_with_file(3 << 20, 0, 3 << 20);
  const std::string begin = ask(kGet);
  peer = SocketPair();
  turn();
  LONGS_EQUAL(0, connections->size());
  const std::string lines = captured.accesses();
  LONGS_EQUAL(1, std::count(lines.begin(), lines.end(), '\n'));
  CHECK(lines.find(" 200 ") != std::string::npos);
}
TEST(ConnectionReplies, ABytesReplyToHeadIsItsHead) {
  last.act = [](Connection& connection) {
    connection.reply_bytes(302, "HTTP/1.0 302 Found\r\nLocation: http://x/\r\n\r\n<a>there</a>");
    return Verdict::kAnswered;
  };
  STRCMP_EQUAL("HTTP/1.0 302 Found\r\nLocation: http://x/\r\n\r\n",
               ask("HEAD /r HTTP/1.0\r\n\r\n").c_str());
  CHECK(body_of(ask("GET /r HTTP/1.0\r\n\r\n")) == "<a>there</a>");
}

TEST(ConnectionReplies, SendsTextAndRangesOfFilesInTheirOrderAndKeepsTheConnection) {
  const auto held = std::make_shared<const UniqueFd>(file(1000, 'a'));
  last.act = [held](Connection& connection) {
    ResponseHead head;
    head.http_1_1 = true;
    head.keep_alive = client_keeps_alive(connection.request());
    head.content_length = 3 + 600 + 2 + (2 << 20);
    const auto large = std::make_shared<const UniqueFd>(file(2 << 20, 'b'));
    std::vector<ReplyRun> runs;
    runs.push_back(ReplyRun::of_text("one"));
    runs.push_back(ReplyRun::of_file(held, held->get(), 400, 600));
    runs.push_back(ReplyRun::of_text(""));
    runs.push_back(ReplyRun::of_text("--"));
    runs.push_back(ReplyRun::of_file(large, large->get(), 0, 2 << 20));
    connection.reply_runs(head, std::move(runs));
    return Verdict::kAnswered;
  };
  const std::string wanted = "one" + std::string(600, 'a') + "--" + std::string(2 << 20, 'b');
  const std::string get = "GET /x HTTP/1.1\r\nHost: h\r\n\r\n";
  std::string reply = ask(get);
  for (int i = 0; i < 1000 && reply.size() < wanted.size(); ++i) reply += say("");
  STRCMP_CONTAINS("HTTP/1.1 200 OK\r\n", reply.c_str());
  STRCMP_CONTAINS("\r\nConnection: Keep-Alive\r\n", reply.c_str());
  CHECK(body_of(reply) == wanted);
  CHECK(!peer.finished());
  // The same again over the same connection, without a body, and then the end.
  reply = say("HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  STRCMP_CONTAINS("\r\nConnection: Close\r\n", reply.c_str());
  CHECK(body_of(reply).empty());
  CHECK(peer.finished());
}

TEST(ConnectionReplies, ASecondAnswerIsLoggedAndEndsItsConnectionOnly) {
  last.act = [](Connection& connection) {
    connection.reply_text(200, "first");
    connection.reply_page(500, "second");
    return Verdict::kAnswered;
  };
  STRCMP_EQUAL("first", body_of(ask(kGet)).c_str());  // gone by then
  CHECK(peer.finished());
  CHECK(captured.says("192.0.2.9: the connection cannot go from gone to replying"));
  // While it lingers: a form may have more to come.
  peer = SocketPair();
  accept(peer);
  STRCMP_EQUAL("first", body_of(say("POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\n")).c_str());
  CHECK(peer.finished());
  CHECK(captured.says("192.0.2.9: the connection cannot go from lingering to replying"));
  // While the first is on its way.
  last.act = [](Connection& connection) {
    connection.reply_file(ResponseHead(), file(4 << 20), 0, 4 << 20);
    connection.reply_text(500, "second");
    return Verdict::kAnswered;
  };
  const std::string reply = ask(kGet);
  CHECK(reply.find("second") == std::string::npos);
  CHECK(captured.says("192.0.2.9: the connection cannot go from replying to replying"));
  CHECK(connections->find(next_id - 1) == nullptr);
}
