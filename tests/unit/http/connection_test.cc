#include "http/connection.h"

#include <sys/mman.h>

#include <csignal>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/log_book.h"
#include "http/connections.h"
#include "net/socket_pair.h"

// Last, because it redefines `new`.
#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

namespace {

struct TestStage final : Stage {
  Verdict handle(Connection& connection) override { return act(connection); }
  std::function<Verdict(Connection&)> act;
};
struct Note final : Held {
  explicit Note(int& freed) : freed_(freed) {}
  ~Note() override { ++freed_; }
  int& freed_;
};

const std::string kGet =
    "GET /a.html?q=1 HTTP/1.0\r\nUser-Agent: Nav/1\r\nReferer: http://r/\r\n\r\n";

}  // namespace

TEST_GROUP(Connection) {
  FakeClock clock;
  Loop loop{0, clock};
  LogBook book{clock};
  Snapshot<HttpSettings> settings{std::make_shared<const HttpSettings>()};
  std::atomic<std::uint64_t> next_id{10};
  std::unique_ptr<Connections> connections =
      std::make_unique<Connections>(loop, book.log, settings, next_id);
  std::shared_ptr<ListenSocket> http_socket = std::make_shared<ListenSocket>();
  TestStage first, last;
  std::vector<std::string> seen;
  bool welcome = true, login_ok = true;
  int accepted = 0;
  SocketPair peer;

  void setup() override {
    std::signal(SIGPIPE, SIG_IGN);  // as the server does; sendfile(2) has no MSG_NOSIGNAL
    change([](HttpSettings& s) { s.server_id = "Test"; });
    first.act = [this](Connection& connection) {
      seen.push_back(connection.request().method_text + " " + connection.request().path);
      return Verdict::kNext;
    };
    last.act = [](Connection& connection) {
      connection.reply_text(200, "body");
      return Verdict::kAnswered;
    };
    Connections::Plan plan;
    plan.stages = {&first, &last};
    plan.welcome = [this](const Address&) { return welcome; };
    plan.shoutcast_login = [this](Connection& connection) {
      seen.push_back("login " + connection.request().password);
      return login_ok && connection.send_now("OK2\r\nicy-caps:11\r\n\r\n");
    };
    plan.accepted = [this] { ++accepted; };
    connections->set_plan(std::move(plan));
  }
  void change(const std::function<void(HttpSettings&)>& edit) {
    HttpSettings next = *settings.read();
    edit(next);
    settings.publish(std::make_shared<const HttpSettings>(next));
  }
  void turn(int rounds = 6) {
    while (rounds-- > 0) loop.run_once(false);
  }
  void accept(SocketPair & pair) { connections->accepted(pair.transport(), http_socket); }
  // A new connection that has said this; what it was answered so far.
  std::string ask(std::string_view bytes) {
    peer = SocketPair();
    accept(peer);
    return say(bytes);
  }
  std::string say(std::string_view bytes) {
    if (!bytes.empty()) peer.send(bytes);
    turn();
    return peer.received();
  }
  static std::string body_of(const std::string& reply) {
    const std::size_t at = reply.find("\r\n\r\n");
    return at == std::string::npos ? "(no head)" : reply.substr(at + 4);
  }
  void keep_alive() {
    last.act = [](Connection& connection) {
      ResponseHead head;
      head.status = 204;
      head.keep_alive = true;
      head.content_length = 0;
      connection.reply(head, {});
      return Verdict::kAnswered;
    };
  }
  void pend() {
    last.act = [](Connection&) { return Verdict::kPending; };
  }
  static UniqueFd file(std::size_t bytes, char fill = 'f') {
    UniqueFd fd(::memfd_create("file", MFD_CLOEXEC));
    const std::string text(bytes, fill);
    CHECK(::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(bytes));
    return fd;
  }
  void answer_with_file(std::size_t size, std::uint64_t from, std::uint64_t bytes) {
    last.act = [size, from, bytes](Connection& connection) {
      connection.reply_file(ResponseHead(), file(size), from, bytes);
      return Verdict::kAnswered;
    };
  }
};

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
  CHECK(book.accesses().starts_with("192.0.2.9 - - ["));
  CHECK(book.accesses().find("] \"GET /a.html HTTP/1.0\" 200 " + std::to_string(reply.size()) +
                             " \"http://r/\" \"Nav/1\" 0\n") != std::string::npos);
}
TEST(Connection, TheAccessLineNamesTheUserAndTheSecondsSinceTheConnectionCame) {
  last.act = [this](Connection& connection) {
    connection.user = "anna";
    connection.user_listens = true;
    clock.advance(3s);
    connection.reply_page(404, "gone");
    return Verdict::kAnswered;
  };
  CHECK(body_of(ask(kGet)).find("404 - gone") != std::string::npos);
  CHECK(book.accesses().starts_with("192.0.2.9 - anna ["));
  CHECK(book.accesses().find(" 404 ") != std::string::npos);
  CHECK(book.accesses().ends_with(" 3\n"));
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

TEST(Connection, WhoIsNotWelcomeIsClosedWithoutAByte) {
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
  CHECK(book.accesses().empty());
}
TEST(Connection, AStageMayDropARequest) {
  last.act = [](Connection& connection) {
    connection.drop();
    return Verdict::kAnswered;
  };
  CHECK(ask(kGet).empty());
  CHECK(peer.finished());
  CHECK(book.accesses().empty());
}
TEST(Connection, AFaultyHeadIsRefusedWithAPageAndADashInTheLog) {
  const std::string reply = ask("GET /" + std::string(5000, 'a') + " HTTP/1.0\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.0 414 "));
  CHECK(body_of(reply).find("the address is too long") != std::string::npos);
  CHECK(book.accesses().find("\"- - HTTP/1.0\" 414 ") != std::string::npos);
  CHECK(seen.empty());
}
TEST(Connection, WhatIsKnownOfARefusedHeadIsLogged) {
  const std::string reply = ask("get /x?secret HTTP/1.1\r\nUser-Agent: Old/1\r\nnonsense\r\n\r\n");
  CHECK(reply.starts_with("HTTP/1.0 400 "));
  CHECK(book.accesses().find("\"GET /x HTTP/1.1\" 400 ") != std::string::npos);
  CHECK(book.accesses().find("\"Old/1\"") != std::string::npos);
  CHECK(seen.empty());
}
TEST(Connection, AClientThatLeavesBeforeItAsksIsForgotten) {
  ask("GET / HT");
  peer.close();
  turn();
  CHECK(connections->find(10) == nullptr);
  CHECK(book.accesses().empty());
}
TEST(Connection, ABrokenConnectionIsForgotten) {
  pend();
  ask(kGet);
  connections->find(10)->send_now("unread");
  peer.close();  // with bytes that it has not read: a reset
  turn();
  CHECK(connections->find(10) == nullptr);
}

TEST(Connection, AHeadThatDoesNotComeInTimeIsDroppedWithoutAByte) {
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  accept(peer);
  turn();
  CHECK(peer.received().empty());
  CHECK(peer.finished());
  CHECK(book.accesses().empty());
}
TEST(Connection, ADecisionMayTakeLongerThanAHead) {
  pend();
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  accept(peer);
  peer.send(kGet);
  loop.run_once(false);  // the head and the deadline are both there; the first to come counts
  if (connections->find(10) == nullptr) return;
  turn();
  CHECK(connections->find(10) != nullptr);
}
TEST(Connection, AReplyThatIsNotReadEndsAfterTheTimeout) {
  change([](HttpSettings& s) { s.client_timeout = 0s; });
  last.act = [](Connection& connection) {
    connection.reply_text(200, std::string(1 << 20, 'x'));
    return Verdict::kAnswered;
  };
  accept(peer);
  peer.send(kGet);
  turn();
  CHECK(connections->find(10) == nullptr);
  CHECK(peer.received().size() < 1 << 20);
  CHECK(peer.finished());
  CHECK(book.accesses().empty());
}
TEST(Connection, ALongReplyGoesOutAsTheClientReads) {
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
TEST(Connection, AClientThatLeavesDuringItsReplyIsForgotten) {
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

TEST(Connection, AfterItsReplyWhatTheClientStillSendsIsThrownAway) {
  accept(peer);
  peer.send(kGet + std::string(1000, 'x'));
  turn();
  peer.send(std::string(1000, 'x'));
  turn();
  CHECK(connections->find(10) != nullptr);  // waits for the client to close
  CHECK(body_of(peer.received()) == "body");
  CHECK(peer.finished());  // we have said that we are through
  peer.close();
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(Connection, AClientThatNeverStopsSendingIsCut) {
  ask(kGet);
  for (int i = 0; i < 100 && connections->find(10) != nullptr; ++i) {
    peer.send(std::string(16'000, 'x'));
    turn(2);
    LONGS_EQUAL(i < 65, connections->find(10) != nullptr);
  }
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
TEST(Connection, ADecisionForAConnectionThatHasGoneFindsNothing) {
  pend();
  ask(kGet);
  connections->find(10)->drop();
  CHECK(connections->find(10) == nullptr);
  turn();
  CHECK(connections->find(10) == nullptr);
}
TEST(Connection, WhoIsHalfClosedWhileWeDecideStillGetsItsAnswer) {
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
  CHECK(book.accesses().empty());
  std::string text = "from its new owner";
  const iovec part{text.data(), text.size()};
  CHECK(taken->write_v({&part, 1}, false).status == IoStatus::kDone);
  CHECK(peer.received() == text);
  CHECK(!peer.finished());
}
TEST(Connection, SaysWhenBytesAtOnceCouldNotBeSent) {
  pend();
  ask(kGet);
  CHECK(connections->find(10)->send_now("100 "));
  CHECK(peer.received() == "100 ");
  CHECK(!connections->find(10)->send_now(std::string(10'000'000, 'x')));
}
TEST(Connection, WhatIsHeldIsFreedWithTheReplyOrTheConnection) {
  int freed = 0;
  first.act = [&freed](Connection& connection) {
    connection.held = std::make_unique<Note>(freed);
    return Verdict::kNext;
  };
  ask(kGet);
  LONGS_EQUAL(1, freed);
  pend();
  ask(kGet);
  connections->find(11)->drop();
  turn();
  LONGS_EQUAL(2, freed);
}

TEST(Connection, StaysOpenForTheNextRequestWhenTheReplySaysSo) {
  keep_alive();
  int freed = 0;
  first.act = [&freed](Connection& connection) {
    CHECK(connection.user.empty());
    CHECK(connection.held == nullptr);
    CHECK(connection.form().empty());
    connection.user = "anna";
    connection.held = std::make_unique<Note>(freed);
    return Verdict::kNext;
  };
  CHECK(ask("OPTIONS * HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 204 "));
  LONGS_EQUAL(1, freed);
  CHECK(say("OPTIONS * HTTP/1.1\r\n\r\n").starts_with("HTTP/1.0 204 "));
  const std::string lines = book.accesses();
  LONGS_EQUAL(2, std::count(lines.begin(), lines.end(), '\n'));
  CHECK(!peer.finished());
}
TEST(Connection, AnswersRequestsThatCameTogetherInTheirOrder) {
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
TEST(Connection, ManyRequestsInOnePacketDoNotPileUp) {
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
TEST(Connection, TheNextHeadHasItsOwnDeadline) {
  keep_alive();
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  change([](HttpSettings& s) { s.header_timeout = 0s; });
  say("OPTIONS * HTTP/1.1\r\n\r\n");
  turn();
  CHECK(connections->find(10) == nullptr);
}

TEST(Connection, OfTooManyOpenHeadsTheOldestEnds) {
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
TEST(Connection, InACrowdHeadsThatHaveJustBegunStay) {
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  SocketPair pairs[4];
  for (SocketPair& pair : pairs) accept(pair);
  turn();
  for (SocketPair& pair : pairs) CHECK(!pair.finished());
}
TEST(Connection, AKeptConnectionThatIsSilentCountsAsAnOpenHead) {
  keep_alive();
  change([](HttpSettings& s) { s.most_open_heads = 2; });
  ask("OPTIONS * HTTP/1.1\r\n\r\n");
  clock.advance(3s);
  SocketPair pairs[2];
  for (SocketPair& pair : pairs) accept(pair);
  turn();
  CHECK(peer.finished());
  for (SocketPair& pair : pairs) CHECK(!pair.finished());
}
TEST(Connection, MakesRoomByEndingTheOldestOpenHead) {
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
TEST(Connection, AllEndWhenTheServerStops) {
  pend();
  ask(kGet);
  SocketPair other;
  accept(other);
  connections->end_all();
  turn();
  CHECK(peer.finished());
  CHECK(other.finished());
}
TEST(Connection, ConnectionsThatGoWithTheirOwnerAreClosed) {
  SocketPair other;
  accept(other);
  pend();
  ask(kGet);
  connections.reset();
  CHECK(peer.finished());
  CHECK(other.finished());
}

TEST(Connection, SendsAPartOfAFile) {
  answer_with_file(1000, 900, 100);
  CHECK(body_of(ask(kGet)) == std::string(100, 'f'));
  CHECK(peer.finished());
}
TEST(Connection, SendsALargeFileAsTheClientReads) {
  answer_with_file(3 << 20, 0, 3 << 20);
  std::string reply = ask(kGet);
  CHECK(reply.size() < 3 << 20);
  for (int i = 0; i < 1000 && !peer.finished(); ++i) reply += say("");
  CHECK(body_of(reply) == std::string(3 << 20, 'f'));
  CHECK(book.accesses().find(" 200 " + std::to_string(reply.size()) + " ") != std::string::npos);
}
TEST(Connection, ProgressRenewsTheTimeOfADownload) {
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
TEST(Connection, ProgressRenewsTheTimeOfALongReply) {
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
TEST(Connection, AFileThatHasBecomeShorterEndsTheConnection) {
  answer_with_file(100, 0, 200);
  CHECK(body_of(ask(kGet)) == std::string(100, 'f'));
  CHECK(peer.finished());
  CHECK(book.accesses().empty());
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
  STRCMP_EQUAL("form left abc",
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
