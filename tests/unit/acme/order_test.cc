#include "acme/order.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "acme/fake_authority.h"
#include "acme/revocation.h"
#include "http/message.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using Kind = AcmeFailure::Kind;

TEST_GROUP(AcmeOrder) {
  FakeAuthority ca;
  const AcmeKey account = *AcmeKey::generate(), key = *AcmeKey::generate();
  std::vector<std::string> published;
  std::chrono::milliseconds waited{0};
  std::string known_account, begun;
  std::vector<std::string> kept;
  std::vector<std::string> ways;
  std::vector<AcmeChallenge> used;
  std::optional<AcmeChallenge> cannot_be_shown;

  AcmeOrder::Wanted wanted(std::vector<std::string> names = {"radio.test", "www.radio.test"})
      const {
    return {"https://ca.test/directory",
            std::move(names),
            "me@radio.test",
            known_account,
            account,
            key,
            {},
            {},
            {AcmeChallenge::kHttp},
            {},
            {},
            begun};
  }
  // Until the order ends; at most so many steps, so that none goes round for ever.
  AcmeOrder::Step through(AcmeOrder & order) {
    AcmeOrder::Step step = order.begin();
    for (int i = 0; i < 2000; ++i) {
      if (const auto* ask = std::get_if<AcmeOrder::Ask>(&step)) {
        step = order.next(ca.answer(*ask), system_clock().wall());
      } else if (const auto* publish = std::get_if<AcmeOrder::Publish>(&step)) {
        published.push_back(cat({publish->name, " ", publish->authorization}));
        used.push_back(publish->challenge);
        step = publish->challenge == cannot_be_shown
                   ? order.not_published({Kind::kOther, "the record of dns-01 was not set", {}})
                   : order.next();
      } else if (const auto* other = std::get_if<AcmeOrder::OtherWay>(&step)) {
        ways.push_back(cat({other->failure.text, " ", to_text(other->next), " is tried next"}));
        step = order.next();
      } else if (const auto* keep = std::get_if<AcmeOrder::Keep>(&step)) {
        kept.push_back(keep->order);
        step = order.next();
      } else if (const auto* wait = std::get_if<AcmeOrder::Wait>(&step)) {
        waited += wait->time;
        step = order.next();
      } else {
        return step;
      }
    }
    FAIL("the order does not end");
    return step;
  }
  AcmeFailure failure(AcmeOrder::Wanted order_wanted) {
    AcmeOrder order(std::move(order_wanted));
    const AcmeOrder::Step step = through(order);
    const auto* failed = std::get_if<AcmeFailure>(&step);
    CHECK_TRUE(failed != nullptr);
    return failed != nullptr ? *failed : AcmeFailure();
  }
  AcmeFailure failure() { return failure(wanted()); }
};

TEST(AcmeOrder, AChainForOurKeyAndNamesComesOutOfIt) {
  AcmeOrder order(wanted());
  const auto step = through(order);
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(step));
  const auto& done = std::get<AcmeOrder::Done>(step);
  STRCMP_EQUAL(ca.chain.c_str(), done.chain.c_str());
  STRCMP_EQUAL("Fake CA", done.facts.issuer.c_str());
  STRCMP_EQUAL("https://ca.test/account/1", order.account().c_str());
  STRCMP_EQUAL("https://ca.test/terms", order.terms().c_str());
  LONGS_EQUAL(2, published.size());
  STRCMP_EQUAL(cat({"radio.test tok-0.", account.thumbprint()}).c_str(), published[0].c_str());
}
// It is kept with the key behind it: what a server cannot load would be in use nowhere.
TEST(AcmeOrder, OfAChainItsCertificatesAreKeptAndNothingElse) {
  const auto fault = [this](std::function<std::string(const std::string&)> sent, int count = 1) {
    ca.sent = std::move(sent);
    AcmeOrder order(wanted());
    const AcmeOrder::Step step = through(order);
    if (const auto* failed = std::get_if<AcmeFailure>(&step)) return failed->text;
    std::string all;
    for (int i = 0; i < count; ++i) all += ca.chain;
    STRCMP_EQUAL(all.c_str(), std::get<AcmeOrder::Done>(step).chain.c_str());
    return std::string();
  };
  const auto times = [](int count) {
    return [count](const std::string& chain) {
      std::string all;
      for (int i = 0; i < count; ++i) all += chain;
      return all;
    };
  };
  const std::string of_another =
      cat({"what the CA gave cannot be used: ", "the chain has a block that is not a certificate"});
  STRCMP_EQUAL("", fault([](const std::string& chain) {
                     return cat({"subject=/CN=radio.test\n", chain, "issued by us\n"});
                   }).c_str());
  STRCMP_EQUAL("", fault([](const std::string& chain) {
                     return chain.substr(0, chain.size() - 1);  // no line end
                   }).c_str());
  STRCMP_EQUAL(of_another.c_str(),
               fault([this](const std::string& chain) { return key.pem() + chain; }).c_str());
  STRCMP_EQUAL(of_another.c_str(),
               fault([this](const std::string& chain) { return chain + key.pem(); }).c_str());
  STRCMP_EQUAL("what the CA gave cannot be used: no certificate: bad end line",
               fault([](const std::string& chain) {
                 return chain + chain.substr(0, chain.size() - 20);
               }).c_str());
  STRCMP_EQUAL("", fault(times(16), 16).c_str());
  STRCMP_EQUAL("what the CA gave cannot be used: the chain has more than 16 certificates",
               fault(times(10'000)).c_str());
}
// As of ZeroSSL, which decides in seconds all the same.
TEST(AcmeOrder, ATimeToAskAgainThatIsTooFarIsNotWaitedFor) {
  for (const char* const asked_for : {"86400", "91", "120"}) {
    ca = FakeAuthority();
    ca.retry_after = asked_for;
    waited = {};
    AcmeOrder order(wanted({"radio.test"}));
    CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
    CHECK_TRUE(waited <= 3 * AcmeOrder::kLongestWait);
  }
  ca = FakeAuthority();
  ca.retry_after = "7";
  waited = {};
  AcmeOrder order(wanted({"radio.test"}));
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  LONGS_EQUAL(21'000, waited.count());  // the challenge, its authorization, the order
}
TEST(AcmeOrder, WhereItDoesNotDecideItsTimeToAskAgainIsNoneForTheNextAttempt) {
  ca.instead["finalize"] =
      ca.instead["order/1"] = {200, {"Retry-After: 86400"}, R"({"status":"processing"})"};
  const AcmeFailure failed = failure();
  STRCMP_EQUAL("the CA did not decide within 90 s", failed.text.c_str());
  LONGS_EQUAL(0, failed.retry_after.count());
  CHECK_TRUE(waited > std::chrono::seconds(80) && waited <= AcmeOrder::kPatience);
}
// Whose date is behind the authority's clock, as this machine's clock is.
TEST(AcmeOrder, ADateIsReadByTheClockOfTheAuthority) {
  const WallTime its_now = system_clock().wall() + std::chrono::minutes(16);
  ca.instead["finalize"] = {200,
                            {cat({"Date: ", http_date(its_now)}),
                             cat({"Retry-After: ", http_date(its_now + std::chrono::seconds(30))})},
                            R"({"status":"processing"})"};
  failure();
  CHECK_TRUE(waited > std::chrono::seconds(29) + AcmeOrder::kFirstWait);
  CHECK_TRUE(waited < std::chrono::seconds(35));
}
TEST(AcmeOrder, AnAccountThatIsKnownIsNotMadeAgain) {
  known_account = "https://ca.test/account/1";
  AcmeOrder order(wanted({"192.0.2.7"}));
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  LONGS_EQUAL(0, ca.accounts);
}
TEST(AcmeOrder, AnExternalAccountIsBound) {
  AcmeOrder::Wanted with = wanted();
  with.external_id = "kid-1";
  with.external_secret = "secret";
  AcmeOrder order(std::move(with));
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  STRCMP_EQUAL(R"({"alg":"HS256","kid":"kid-1","url":"https://ca.test/account"})",
               base64url_decode(ca.external)->c_str());
}
TEST(AcmeOrder, OfAHundredOrdersAtHalfBadNoncesAHundredSucceed) {
  for (unsigned seed = 1; seed <= 100; ++seed) {
    ca = FakeAuthority();
    ca.rng = Rng(seed);
    ca.bad_nonces = 0.5;
    AcmeOrder order(wanted());
    CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  }
}
TEST(AcmeOrder, NoncesThatAreNeverGoodEndIt) {
  ca.bad_nonces = 1;
  CHECK_TRUE(failure().kind == Kind::kOther);
  LONGS_EQUAL(2 + AcmeOrder::kBadNonces + 1, ca.asked.size());  // directory, nonce, account
}
TEST(AcmeOrder, AFailedValidationSaysWhatIsWrongWithTheName) {
  ca.challenge_error = "dns";
  STRCMP_EQUAL("the CA found no address for radio.test (DNS: as told)", failure().text.c_str());
  ca = FakeAuthority();
  ca.challenge_error = "connection";
  STRCMP_EQUAL(
      "the CA could not connect to port 80 of radio.test (as told); is it open in the firewall?",
      failure().text.c_str());
  ca = FakeAuthority();
  ca.challenge_error = "unauthorized";
  CHECK_TRUE(failure().kind == Kind::kUnauthorized);
}
TEST(AcmeOrder, ALimitIsObeyed) {
  ca.instead["order"] = {
      429,
      {"Retry-After: 3600"},
      R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many\u0007 for radio.test"})"};
  const AcmeFailure failed = failure();
  CHECK_TRUE(failed.kind == Kind::kLimit);
  LONGS_EQUAL(3600, failed.retry_after.count());
  CHECK_TRUE(failed.text.starts_with("too many requests for radio.test (CA: retry after 20"));
}
TEST(AcmeOrder, EveryStateEndsAtAFaultOfTheAuthority) {
  for (const char* path : {"directory", "account", "order", "authorization/0",
                           "challenge/0/http-01", "finalize", "order/1", "chain"}) {
    for (const FetchAnswer& bad :
         {FetchAnswer{503, {"Retry-After: Sun, 06 Nov 1994 08:49:37 GMT"}, "<html>"},
          FetchAnswer{500, {}, R"({"type":"urn:ietf:params:acme:error:serverInternal"})"}}) {
      ca = FakeAuthority();
      ca.instead[path] = bad;
      const AcmeFailure failed = failure();
      CHECK_TRUE(failed.kind == Kind::kUnavailable);
      LONGS_EQUAL(0, failed.retry_after.count());
    }
    for (const char* text :
         {"", "[]", "{}", "null", R"({"status":7,"identifier":[],"challenges":{}})", "\xff{"}) {
      ca = FakeAuthority();
      ca.instead[path] = {200, {}, text};
      if (std::string_view(path) == "challenge/0/http-01") continue;  // only its status is read
      CHECK_FALSE(failure().text.empty());
    }
  }
}
TEST(AcmeOrder, NothingIsAskedOfAnUrlThatIsNotHttps) {
  for (const char* path : {"http://ca.test/x", "file:///etc/passwd", "", "https://a b/"}) {
    ca = FakeAuthority();
    ca.instead["directory"] = {200,
                               {},
                               cat({R"({"newNonce":"https://ca.test/nonce","newAccount":")", path,
                                    R"(","newOrder":"https://ca.test/order"})"})};
    failure();
    LONGS_EQUAL(1, ca.asked.size());
  }
  ca = FakeAuthority();
  ca.instead["account"] = {201, {"Location: http://ca.test/account/1"}, "{}"};
  failure();
  LONGS_EQUAL(3, ca.asked.size());
}
TEST(AcmeOrder, WhatAnAnswerLacksIsSaidOfItsUrl) {
  ca.instead["order/1"] = {200, {}, R"({"status":"valid"})"};
  STRCMP_EQUAL("the CA's answer about https://ca.test/order/1 names no https URL to go on with",
               failure().text.c_str());
  ca = FakeAuthority();
  ca.instead["finalize"] = {200, {}, "{}"};
  STRCMP_EQUAL("the CA's answer about https://ca.test/finalize has no status",
               failure().text.c_str());
}
TEST(AcmeOrder, ATokenIsOnlyWhatTokensAre) {
  for (const char* token : {"", "../../etc/passwd", "a/b", "a b", "a\\u0000"}) {
    ca = FakeAuthority();
    ca.instead["authorization/0"] = {
        200,
        {},
        cat({R"({"status":"pending","identifier":{"value":"radio.test"},"challenges":[)"
             R"({"type":"http-01","url":"https://ca.test/challenge/0","token":")",
             token, R"("}]})"})};
    CHECK_TRUE(failure().kind == Kind::kOther);
    LONGS_EQUAL(0, published.size());
  }
}
TEST(AcmeOrder, ANameThatWasNotOrderedIsNotAnswered) {
  ca.instead["authorization/0"] = {
      200,
      {},
      R"({"status":"pending","identifier":{"value":"bank.test"},"challenges":[)"
      R"({"type":"http-01","url":"https://ca.test/challenge/0","token":"t"}]})"};
  CHECK_TRUE(failure().kind == Kind::kOther);
  LONGS_EQUAL(0, published.size());
}
TEST(AcmeOrder, AnAuthorityThatDoesNotDecideIsLeftAfterNinetySeconds) {
  ca.pending = 1'000'000;
  const AcmeFailure failed = failure();
  CHECK_TRUE(failed.kind == Kind::kUnavailable);
  STRCMP_EQUAL("the CA did not decide within 90 s", failed.text.c_str());
  CHECK_TRUE(waited > std::chrono::seconds(80) && waited <= AcmeOrder::kPatience);
}
TEST(AcmeOrder, AChainThatCannotBeUsedIsRefused) {
  ca.other_key = true;
  CHECK_TRUE(failure().kind == Kind::kChain);
  ca = FakeAuthority();
  ca.cut_from_names = "www.radio.test";
  STRCMP_EQUAL("what the CA gave cannot be used: the certificate lacks the name www.radio.test",
               failure().text.c_str());
  ca = FakeAuthority();

  ca.days = -1;
  STRCMP_EQUAL("what the CA gave cannot be used: the certificate has expired",
               failure().text.c_str());
}
TEST(AcmeOrder, AnAuthorityThatIsNotThereIsAFailure) {
  AcmeOrder order(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Ask>(order.begin()));
  const auto step = order.next(Error::timeout("connect: timed out"), system_clock().wall());
  CHECK_TRUE(std::get<AcmeFailure>(step).kind == Kind::kUnavailable);
  STRCMP_EQUAL("timeout", std::get<AcmeFailure>(step).text.c_str());
}
TEST(AcmeOrder, WhatFailsInOneWayIsTriedInTheNextInANewOrder) {
  ca.challenge_error = "connection";
  ca.only_fails = "tls-alpn-01";
  ca.address = "198.51.100.4";
  AcmeOrder::Wanted both = wanted({"radio.test"});
  both.challenges = {AcmeChallenge::kTls, AcmeChallenge::kHttp};
  AcmeOrder order(std::move(both));
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  LONGS_EQUAL(1, ways.size());
  STRCMP_EQUAL(
      "the CA could not connect to port 443 of 198.51.100.4; is it open in the firewall? http-01 "
      "is "
      "tried next",
      ways[0].c_str());
  CHECK_TRUE((used == std::vector{AcmeChallenge::kTls, AcmeChallenge::kHttp}));
}
TEST(AcmeOrder, WhenEveryWayHasFailedTheLastOneIsTheReason) {
  ca.challenge_error = "unauthorized";
  ca.address = "203.0.113.9";
  AcmeOrder::Wanted both = wanted({"radio.test"});
  both.challenges = {AcmeChallenge::kHttp, AcmeChallenge::kTls, AcmeChallenge::kDns};
  STRCMP_EQUAL("the CA found another record than ours at _acme-challenge.radio.test (as told)",
               failure(std::move(both)).text.c_str());
  LONGS_EQUAL(2, ways.size());
  STRCMP_EQUAL(
      "the CA reached 203.0.113.9, which is not this server (as told); does the name lead here? "
      "tls-alpn-01 is tried next",
      ways[0].c_str());
}
TEST(AcmeOrder, WhatCannotBeShownIsTriedInTheNextWayToo) {
  cannot_be_shown = AcmeChallenge::kDns;
  AcmeOrder::Wanted both = wanted({"radio.test"});
  both.challenges = {AcmeChallenge::kDns, AcmeChallenge::kHttp};
  AcmeOrder order(both);
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  LONGS_EQUAL(1, ways.size());
  STRCMP_EQUAL("the record of dns-01 was not set http-01 is tried next", ways[0].c_str());
  CHECK_TRUE((used == std::vector{AcmeChallenge::kDns, AcmeChallenge::kHttp}));
  // Without another way it is the reason.
  both.challenges = {AcmeChallenge::kDns};
  ca = FakeAuthority();
  STRCMP_EQUAL("the record of dns-01 was not set", failure(both).text.c_str());
}
TEST(AcmeOrder, AWildcardIsShownByDnsAloneAndAnAddressNever) {
  AcmeOrder::Wanted all = wanted({"radio.test", "*.radio.test"});
  all.challenges = {AcmeChallenge::kTls, AcmeChallenge::kDns};
  AcmeOrder order(std::move(all));
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  CHECK_TRUE((used == std::vector{AcmeChallenge::kTls, AcmeChallenge::kDns}));
  ca = FakeAuthority();
  AcmeOrder::Wanted address = wanted({"192.0.2.7"});
  address.challenges = {AcmeChallenge::kDns};
  STRCMP_EQUAL("the CA offers no challenge for 192.0.2.7 that is in use here",
               failure(std::move(address)).text.c_str());
}
TEST(AcmeOrder, ACertificateThatIsReplacedIsNamedAndOnceMoreNot) {
  ca.renewal_info = true;
  AcmeOrder::Wanted again = wanted();
  again.replaces = "aki.serial";
  AcmeOrder order(again);
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  STRCMP_EQUAL("aki.serial", ca.replaces.c_str());
  STRCMP_EQUAL("https://ca.test/renewal", order.renewal_info().c_str());
  ca = FakeAuthority();
  ca.renewal_info = ca.already_replaced = true;
  AcmeOrder second(again);
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(second)));
  STRCMP_EQUAL("", ca.replaces.c_str());
}
TEST(AcmeOrder, AProfileIsOneOfTheDirectorysAndAddressesGetTheirs) {
  ca.profiles = R"({"classic":"x","shortlived":"y"})";
  AcmeOrder::Wanted other = wanted();
  other.profile = "tlsserver";
  STRCMP_EQUAL("the CA has no profile \"tlsserver\"", failure(other).text.c_str());
  other.profile = "classic";
  AcmeOrder named(other);
  through(named);
  STRCMP_EQUAL("classic", ca.profile.c_str());
  AcmeOrder plain(wanted());
  ca.profile.clear();
  through(plain);
  STRCMP_EQUAL("", ca.profile.c_str());
  ca.names.clear();
  AcmeOrder address(wanted({"192.0.2.7"}));
  through(address);
  STRCMP_EQUAL("shortlived", ca.profile.c_str());
}

TEST(AcmeOrder, AnOrderThatWasBegunGoesOn) {
  AcmeOrder first(wanted());
  through(first);
  LONGS_EQUAL(1, kept.size());
  STRCMP_EQUAL("https://ca.test/order/1", kept[0].c_str());
  known_account = "https://ca.test/account/1";
  begun = kept[0];
  ca.asked.clear();
  ca.begun_status = "ready";
  AcmeOrder ready(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(ready)));
  const auto asked = [this](std::string_view path) {
    return std::ranges::count(ca.asked, std::string(path));
  };
  LONGS_EQUAL(0, asked("order"));
  LONGS_EQUAL(1, asked("finalize"));
  // Its certificate is there already.
  ca.asked.clear();
  AcmeOrder valid(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(valid)));
  LONGS_EQUAL(0, asked("order") + asked("finalize"));
  LONGS_EQUAL(1, asked("chain"));
}
TEST(AcmeOrder, AnOrderThatIsNoMoreIsMadeAgain) {
  known_account = "https://ca.test/account/1";
  begun = "https://ca.test/order/7";
  AcmeOrder gone(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(gone)));
  begun = "https://ca.test/order/1";
  ca.begun_status = "invalid";
  ca.asked.clear();
  AcmeOrder invalid(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(invalid)));
  LONGS_EQUAL(1, std::ranges::count(ca.asked, "order"));
  // An authority that is only not there is asked again later.
  ca.instead["order/1"] = {503, {}, ""};
  CHECK_TRUE(failure().kind == Kind::kUnavailable);
}

TEST(AcmeOrder, AnOrderThatIsNotReadyYetIsAskedUntilItIs) {
  const auto asked = [this](std::string_view path) {
    return std::ranges::count(ca.asked, std::string(path));
  };
  ca.unready = 1;
  ca.pending_orders = 2;
  AcmeOrder order(wanted());
  CHECK_TRUE(std::holds_alternative<AcmeOrder::Done>(through(order)));
  LONGS_EQUAL(2, asked("finalize"));
  LONGS_EQUAL(1, asked("order"));
  LONGS_EQUAL(4, asked("order/1"));  // pending twice, ready, valid
  CHECK_TRUE(waited < std::chrono::seconds(5));
  // It is ready by its own words, and refuses each time.
  ca.unready = 1'000'000;
  ca.pending_orders = 0;
  ca.asked.clear();
  waited = {};
  CHECK_TRUE(failure().kind == Kind::kUnavailable);
  CHECK_TRUE(waited <= AcmeOrder::kPatience + std::chrono::seconds(5));
  CHECK_TRUE(asked("finalize") > 10);
  CHECK_TRUE(asked("finalize") < 40);
}

TEST(AcmeOrder, ARevocationIsSignedByTheKeyOfTheCertificate) {
  AcmeOrder order(wanted());
  through(order);
  const auto revoke = [this](double bad_nonces) {
    ca.bad_nonces = bad_nonces;
    AcmeRevocation revocation("https://ca.test/directory", leaf_of(ca.chain), key);
    auto step = revocation.begin();
    for (int i = 0; i < 99; ++i) {
      const auto* ask = std::get_if<AcmeOrder::Ask>(&step);
      if (ask == nullptr) break;
      step = revocation.next(ca.answer(*ask), system_clock().wall());
    }
    return step;
  };
  CHECK_TRUE(std::holds_alternative<AcmeRevocation::Done>(revoke(0.5)));
  CHECK_TRUE(ca.revoked == base64url_encode(leaf_of(ca.chain)));
  ca.instead["revoke"] = {
      400, {}, R"({"type":"urn:ietf:params:acme:error:alreadyRevoked","detail":"it is"})"};
  CHECK_TRUE(std::holds_alternative<AcmeRevocation::Done>(revoke(0)));
  ca.instead["revoke"] = {
      403, {}, R"({"type":"urn:ietf:params:acme:error:unauthorized","detail":"no"})"};
  CHECK_TRUE(std::holds_alternative<AcmeFailure>(revoke(0)));
}
