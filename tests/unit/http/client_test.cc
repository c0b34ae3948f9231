#include "http/client.h"

#include <optional>

#include "http/loopback.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

struct ClientFixture : Utest {
  Loop loop{0, system_clock()};
  Resolver resolver{loop};
  Connector connector{loop, resolver};
  Loopback server{loop};
  std::unique_ptr<Client> client;
  std::optional<Result<ClientAnswer>> result;

  ClientRequest request() const {
    ClientRequest made;
    made.target = {"127.0.0.1", server.port, false, ""};
    made.head = "GET /x HTTP/1.0\r\n\r\n";
    return made;
  }
  void ask(ClientRequest made) {
    client =
        std::make_unique<Client>(connector, std::move(made), [this](Result<ClientAnswer> answer) {
          result.emplace(std::move(answer));
          client.reset();  // as its owners do
        });
    while (!result) loop.run_once(true);
  }
  std::string fault() const { return result->has_value() ? "(none)" : result->error().what; }
};

TEST_GROUP_BASE(Client, ClientFixture){};

TEST(Client, SendsTheRequestAndGivesTheSocketUp) {
  server.answers = {"HTTP/1.0 200 OK\r\nA: b\r\n\r\nbegin"};
  server.close_after = false;
  ask(request());
  STRCMP_EQUAL("GET /x HTTP/1.0\r\n\r\n", server.requests[0].c_str());
  ClientAnswer& answer = **result;
  LONGS_EQUAL(200, answer.response.status);
  STRCMP_EQUAL("begin", answer.leftover.c_str());
  server.send("ning");
  std::byte buffer[64];
  IoResult read = answer.transport->read(buffer);
  while (read.status == IoStatus::kAgain) read = answer.transport->read(buffer);
  LONGS_EQUAL(4, read.bytes);
}
TEST(Client, SendsARequestThatDoesNotFitIntoTheSocketAtOnce) {
  server.answers = {"HTTP/1.0 200 OK\r\n\r\n"};
  ClientRequest large = request();
  large.head = "GET /x HTTP/1.0\r\nX: " + std::string(8'000'000, 'x') + "\r\n\r\n";
  const std::size_t size = large.head.size();
  ask(std::move(large));
  CHECK(result->has_value());
  LONGS_EQUAL(size, server.requests[0].size());
}
TEST(Client, ReportsARefusedConnection) {
  ClientRequest nowhere = request();
  nowhere.target.host = "127.0.0.2";
  ask(nowhere);
  STRCMP_EQUAL("cannot be reached (127.0.0.2: Connection refused)", fault().c_str());
}
TEST(Client, ReportsAnAnswerThatIsNotHttp) {
  server.answers = {"SSH-2.0-nothing\r\n"};
  ask(request());
  STRCMP_EQUAL("did not answer in HTTP", fault().c_str());
}
TEST(Client, ReportsThatTheConnectionWasClosed) {
  server.answers = {""};
  ask(request());
  STRCMP_EQUAL("closed the connection without an answer", fault().c_str());
}
TEST(Client, DoesNotWaitLongerThanTheDeadlineForTheHead) {
  server.answers = {"HTTP/1.0 200 OK\r\nA: b\r\n"};
  server.close_after = false;
  ClientRequest hurried = request();
  hurried.head_deadline = 30ms;
  ask(hurried);
  STRCMP_EQUAL("did not answer in time", fault().c_str());
  CHECK(result->error().code == Error::Code::kTimeout);
}
TEST(Client, WhatIsGivenUpIsNotHeardOf) {
  server.answers = {"HTTP/1.0 200 OK\r\n\r\n"};
  client = std::make_unique<Client>(connector, request(), [this](Result<ClientAnswer> answer) {
    result.emplace(std::move(answer));
  });
  for (int i = 0; i < 3; ++i) loop.run_once(false);
  client.reset();
  Timer later(loop, [] {});
  later.after(20ms);
  while (later.armed()) loop.run_once(true);
  CHECK(!result);
}

TEST_GROUP_BASE(BodyOfClient, ClientFixture){
    void ask_body(std::string answer, std::size_t most = 1000,
                  std::chrono::milliseconds deadline = 5s){server.answers = {std::move(answer)};
server.requests.clear();
result.reset();
ClientRequest wanted = request();
wanted.body = {most, deadline};
ask(std::move(wanted));
}
void is(const char* body, bool complete) {
  CHECK(result->has_value());
  STRCMP_EQUAL(body, (*result)->body.c_str());
  CHECK_EQUAL(complete, (*result)->complete);
}
}
;

TEST(BodyOfClient, ReadsUntilTheServerCloses) {
  ask_body("HTTP/1.0 200 OK\r\n\r\nline\r\nline\r\n");
  is("line\r\nline\r\n", true);
  LONGS_EQUAL(200, (*result)->response.status);
}
TEST(BodyOfClient, KnowsFromTheLengthWhetherABodyIsComplete) {
  ask_body("HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nline and more");
  is("line", true);
  ask_body("HTTP/1.0 200 OK\r\nContent-Length: 40\r\n\r\nline");
  is("line", false);
  ask_body("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\nline");
  is("", true);
}
TEST(BodyOfClient, TakesChunksOutAndKnowsTheLastOne) {
  ask_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nline\r\n0\r\n\r\n");
  is("line", true);
  ask_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nline\r\n");
  is("line", false);
}
TEST(BodyOfClient, ABodyInPiecesIsPutTogether) {
  server.close_after = false;
  server.answers = {"HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n"};
  ClientRequest wanted = request();
  wanted.body = {1000, 5s};
  client = std::make_unique<Client>(
      connector, std::move(wanted),
      [this](Result<ClientAnswer> answer) { result.emplace(std::move(answer)); });
  while (server.requests.empty()) loop.run_once(true);
  for (int i = 0; i < 4; ++i) {
    server.send("ab");
    for (int turn = 0; turn < 4; ++turn) loop.run_once(false);
  }
  while (!result) loop.run_once(true);
  is("abababab", true);
}
TEST(BodyOfClient, RefusesABodyThatIsTooLong) {
  ask_body("HTTP/1.0 200 OK\r\n\r\n" + std::string(1001, 'x'));
  CHECK(!result->has_value());
  STRCMP_EQUAL("answered with more than 1000 bytes", result->error().what.c_str());
}
TEST(BodyOfClient, RefusesFramingThatIsBrokenOrUnknown) {
  ask_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
  STRCMP_EQUAL("chunked body: a size line that does not begin with hexadecimal digits",
               result->error().what.c_str());
  ask_body("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n");
  CHECK(result->error().code == Error::Code::kUnsupported);
}
TEST(BodyOfClient, PassesOnWhyThereWasNoAnswer) {
  ask_body("nonsense");
  STRCMP_EQUAL("did not answer in HTTP", result->error().what.c_str());
}
TEST(BodyOfClient, DoesNotWaitLongerThanTheDeadline) {
  server.close_after = false;
  ask_body("HTTP/1.0 200 OK\r\n\r\nbegin", 1000, 30ms);
  STRCMP_EQUAL("did not finish its answer in time", result->error().what.c_str());
}
