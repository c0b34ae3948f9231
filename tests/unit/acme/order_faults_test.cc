// Every answer of an order, replaced by every fault: the order ends, and its line says whose it is.
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "acme/fake_authority.h"
#include "acme/order.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using Kind = AcmeFailure::Kind;

namespace {

struct Fault {
  std::string_view name;
  int status;
  std::string_view type, detail;
  Kind kind;  // of what it ends with; kOther too where it depends on the state
  bool by_state = false;
};
constexpr std::array kFaults = {
    Fault{"timeout", 0, "", "", Kind::kUnavailable},
    Fault{"500", 500, "serverInternal", "down", Kind::kUnavailable},
    Fault{"503 of a proxy", 503, "", "", Kind::kUnavailable},
    Fault{"429", 429, "rateLimited", "too many", Kind::kLimit},
    Fault{"account", 400, "accountDoesNotExist", "who?", Kind::kAccount},
    Fault{"unauthorized", 403, "unauthorized", "no", Kind::kOther},
    Fault{"user", 403, "userActionRequired", "read the terms", Kind::kRefused},
    Fault{"caa", 403, "caa", "no", Kind::kRefused},
    Fault{"rejected", 400, "rejectedIdentifier", "no", Kind::kRefused},
    Fault{"malformed", 400, "malformed", "no", Kind::kOther, true},
    Fault{"strange", 418, "newKindOfError", "tea", Kind::kOther, true},
    Fault{"no JSON", 200, "", "<html>", Kind::kOther, true},
    Fault{"an empty object", 200, "", "{}", Kind::kOther, true},
    Fault{"other kinds of values", 200, "",
          R"({"newNonce":1,"status":[],"authorizations":{},"identifier":"a","challenges":"b"})",
          Kind::kOther, true},
};

Result<FetchAnswer> answer_of(const Fault& fault) {
  if (fault.status == 0) return Error::timeout("timeout");
  if (fault.type.empty()) return FetchAnswer{fault.status, {}, std::string(fault.detail)};
  return FetchAnswer{fault.status,
                     {"Replay-Nonce: bm9uY2U"},
                     cat({R"({"type":"urn:ietf:params:acme:error:)", fault.type, R"(","detail":")",
                          fault.detail, R"("})"})};
}

enum class Course {
  kWhole,
  kBegun,     // it goes on with an order of before a restart
  kOtherWay,  // its first challenge fails, and a new order has the next one
};

AcmeOrder::Wanted wanted_of(Course course, FakeAuthority& ca, const AcmeKey& account,
                            const AcmeKey& key) {
  AcmeOrder::Wanted wanted{"https://ca.test/directory", {"radio.test"}, "", "", account, key};
  ca.names = wanted.names;
  if (course == Course::kBegun) {
    wanted.account = "https://ca.test/account/1";
    wanted.begun = "https://ca.test/order/1";
    ca.begun_status = "ready";
  } else if (course == Course::kOtherWay) {
    wanted.challenges = {AcmeChallenge::kTls, AcmeChallenge::kHttp};
    ca.challenge_error = "unauthorized";
    ca.only_fails = "tls-alpn-01";
  }
  return wanted;
}

// With the fault in place of the answer of this number; what was asked there, "" where the order
// was over before.
std::string asked_at(std::size_t number, const Fault& fault, const AcmeKey& account,
                     const AcmeKey& key, AcmeOrder::Step& end, Course course = Course::kWhole) {
  FakeAuthority ca;
  AcmeOrder order(wanted_of(course, ca, account, key));
  std::string asked;
  std::size_t answers = 0;
  end = order.begin();
  for (int i = 0; i < 2000; ++i) {
    if (const auto* ask = std::get_if<AcmeOrder::Ask>(&end)) {
      const AcmeOrder::Ask question = *ask;
      FetchAnswer good = ca.answer(question);
      const bool is_it = answers++ == number;
      if (is_it) asked = ca.asked.back();
      end = order.next(is_it ? answer_of(fault) : Result<FetchAnswer>(std::move(good)),
                       system_clock().wall());
    } else if (std::holds_alternative<AcmeFailure>(end) ||
               std::holds_alternative<AcmeOrder::Done>(end)) {
      return asked;
    } else {
      end = order.next();
    }
  }
  FAIL("the order does not end");
  return asked;
}

}  // namespace

TEST_GROUP(AcmeFaults) {
  const AcmeKey account = *AcmeKey::generate(), key = *AcmeKey::generate();
};

// An order that was begun and that the authority does not give out any more is made again.
static bool is_made_again(Course course, std::string_view asked, const Fault& fault) {
  return course == Course::kBegun && (asked == "order/1" || asked == "nonce") &&
         fault.status >= 400 && fault.status < 429 && fault.type != "accountDoesNotExist";
}
TEST(AcmeFaults, EachInEveryStateEndsTheOrderWithItsKind) {
  std::vector<std::string> states;
  for (const Course course : {Course::kWhole, Course::kBegun, Course::kOtherWay})
    for (const Fault& fault : kFaults) {
      for (std::size_t number = 0;; ++number) {
        AcmeOrder::Step end;
        const std::string asked = asked_at(number, fault, account, key, end, course);
        if (asked.empty()) break;
        if (&fault == &kFaults.front()) states.push_back(asked);
        const std::string where =
            cat({fault.name, " at ", asked, " of course ", static_cast<int>(course)});
        const auto* failure = std::get_if<AcmeFailure>(&end);
        if (failure == nullptr) {
          // What is not read there cannot hurt: the answer to a nonce, or to a challenge.
          CHECK_TEXT(fault.by_state || is_made_again(course, asked, fault), where.c_str());
          continue;
        }
        CHECK_TEXT(fault.by_state || failure->kind == fault.kind,
                   cat({where, ": ", failure->text}).c_str());
        CHECK_TEXT(!failure->text.empty() && failure->text.size() < 600, where.c_str());
        for (const char c : failure->text)
          CHECK_TEXT(static_cast<unsigned char>(c) >= 0x20, where.c_str());
      }
    }
  // All of the protocol was met.
  for (const std::string_view state :
       {"directory", "nonce", "account", "order", "authorization/0", "challenge/0/http-01",
        "challenge/0/tls-alpn-01", "finalize", "order/1", "chain"})
    CHECK_TEXT(std::find(states.begin(), states.end(), state) != states.end(),
               std::string(state).c_str());
}
TEST(AcmeFaults, AnAnswerOfRandomBytesEndsItToo) {
  Rng rng(7);
  for (std::size_t number = 0; number < 12; ++number)
    for (int i = 0; i < 50; ++i) {
      std::string bytes;
      for (std::uint64_t left = rng.next() % 300; left > 0; --left)
        bytes += static_cast<char>(rng.next());
      AcmeOrder::Step end;
      asked_at(number, {"random", 200, "", bytes, Kind::kOther, true}, account, key, end);
    }
}
