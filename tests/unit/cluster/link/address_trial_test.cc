#include "cluster/link/address_trial.h"

#include <string>
#include <vector>

#include "http/loopback.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::chrono_literals;

TEST_GROUP(AddressTrial) {
  Loop loop{0, system_clock()};
  Resolver resolver{loop};
  Connector connector{loop, resolver};
  Loopback server{loop};
  std::vector<std::string> refused, proved, silent;
  AddressTrial trial{connector, [this](const AddressTrial::Announcer& by,
                                       const NodeAddress& address, const Result<bool>& itself) {
                       (!itself   ? silent
                        : *itself ? proved
                                  : refused)
                           .push_back(by.node + " " + std::to_string(by.link) + " " +
                                      std::to_string(address.port == server.port));
                     }};
  NodeAddress address() const {
    return make_node_address(PublicScheme::kHttp, "127.0.0.1", server.port);
  }
  static std::string reply(const std::string& body, const std::string& status = "200 OK") {
    return "HTTP/1.0 " + status + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop, [] {});
    later.after(time);
    while (later.armed()) loop.run_once(true);
  }
};

TEST(AddressTrial, TheNodeItselfKnowsTheAnswer) {
  const ProveFrame proof = trial.begin({"edge1", 7}, address());
  CHECK(proof.ask != proof.say);
  LONGS_EQUAL(32, proof.ask.size());
  server.answers = {reply(proof.say + "\r\n")};
  pass(100ms);
  LONGS_EQUAL(1, server.requests.size());
  STRCMP_CONTAINS(("GET /_lb/proof?ask=" + proof.ask + " HTTP/1.0\r\n").c_str(),
                  server.requests[0].c_str());
  CHECK(server.requests[0].find(proof.say) == std::string::npos);
  LONGS_EQUAL(0, refused.size());
  LONGS_EQUAL(1, proved.size());
  STRCMP_EQUAL("edge1 7 1", proved[0].c_str());
}
TEST(AddressTrial, AnswersThatComeTooEarlyGetASecondChance) {
  const ProveFrame proof = trial.begin({"edge1", 7}, address());
  server.answers = {reply("not found", "404 Not Found"), reply(proof.say)};
  pass(700ms);
  LONGS_EQUAL(2, server.requests.size());
  LONGS_EQUAL(0, refused.size());
}
TEST(AddressTrial, SomebodyElseIsNotUsed) {
  for (const std::string& answer : {reply("not found", "404 Not Found"), reply("hello"),
                                    reply(std::string(5000, 'x')), reply("")}) {
    refused.clear();
    server.answers = {answer};
    trial.begin({"edge1", 7}, address());
    for (int turn = 0; turn < 100 && refused.empty(); ++turn) pass(100ms);
    LONGS_EQUAL(1, refused.size());
    STRCMP_EQUAL("edge1 7 1", refused[0].c_str());
  }
}
TEST(AddressTrial, ANodeThatIsFarAwayIsAskedWhenItCanKnow) {
  const ProveFrame proof = trial.begin({"edge1", 7}, address(), 300ms);
  server.answers = {reply("not found", "404 Not Found"), reply(proof.say)};
  pass(200ms);
  LONGS_EQUAL(0, server.requests.size());
  pass(300ms);
  LONGS_EQUAL(1, server.requests.size());
  pass(900ms);
  LONGS_EQUAL(2, server.requests.size());
  LONGS_EQUAL(0, refused.size());
}
TEST(AddressTrial, WhereNobodyAnswersNothingIsFound) {
  NodeAddress nobody = address();
  nobody.port = 1;
  trial.begin({"edge1", 7}, nobody);
  pass(50ms);
  LONGS_EQUAL(0, refused.size());
  LONGS_EQUAL(1, silent.size());
}

TEST_GROUP(ProofList) {
  ProofList proofs;
  SteadyTime now{100s};
};
TEST(ProofList, AnswersOnlyWhatWasAnnouncedAndNotForLong) {
  STRCMP_EQUAL("", proofs.answer("a", now).c_str());
  proofs.remember({"a", "x"}, now);
  STRCMP_EQUAL("x", proofs.answer("a", now + 9s).c_str());
  STRCMP_EQUAL("", proofs.answer("b", now).c_str());
  STRCMP_EQUAL("", proofs.answer("", now).c_str());
  STRCMP_EQUAL("", proofs.answer("a", now + 10s).c_str());
}
TEST(ProofList, RemembersOnlySoMany) {
  for (std::size_t i = 0; i <= ProofList::kMaxRows; ++i)
    proofs.remember({std::to_string(i), "x"}, now);
  STRCMP_EQUAL("", proofs.answer("0", now).c_str());
  STRCMP_EQUAL("x", proofs.answer("1", now).c_str());
}
