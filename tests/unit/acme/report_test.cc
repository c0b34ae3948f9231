// The lines of doc/https.md, word for word.
#include "acme/report.h"

#include <stdlib.h>
#include <time.h>

#include "acme/renewal.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/shown_time.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using Kind = AcmeFailure::Kind;

TEST_GROUP(Report) {
  FailureReport report;

  void setup() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    report.names = "radio.example.org";
    report.authority = "https://acme-v02.api.letsencrypt.org/directory";
    report.now = time_of("2026-11-23T14:00Z");
    report.next = report.now + 5min;
  }
  static WallTime time_of(std::string_view utc) {
    return wall_time(parse_shown_time(utc)->utc_ms() / 1000);
  }
  static Json json(std::string_view text) { return *Json::parse(text); }
  static AcmeFailure problem(std::string_view type, std::string_view detail,
                             AcmeChallenge challenge = AcmeChallenge::kHttp,
                             std::string_view address = "") {
    JsonWriter out;
    out.begin_object().key("detail").text(detail).key("type").text(
        std::string("urn:ietf:params:acme:error:") + std::string(type));
    out.end_object();
    AcmeQuestion question;
    question.name = "radio.example.org";
    question.is_only_name = true;
    question.challenge = challenge;
    if (!address.empty())
      question.records =
          json(std::string(R"([{"addressUsed":")") + std::string(address) + R"("}])");
    return failure_of(json(out.take()), question);
  }
  void line(const char* expected) { STRCMP_EQUAL(expected, failure_line(report).c_str()); }
};

TEST(Report, ANameWithoutAnAddress) {
  report.failure = problem("dns",
                           "DNS problem: NXDOMAIN looking up A for radio.example.org - check that "
                           "a DNS record exists for this domain");
  line(
      "no certificate for radio.example.org: the CA found no address for it (DNS: NXDOMAIN); again "
      "at 14:05");
}
TEST(Report, ANameThatLeadsElsewhere) {
  report.failure = problem("unauthorized",
                           "203.0.113.9: Invalid response from "
                           "http://radio.example.org/.well-known/acme-challenge/a-404_b: "
                           "\"<html>\\r\\n<head><title>404 Not Found</title></head>\\r\\n<body>"
                           "<hr><center>nginx</center>\"",
                           AcmeChallenge::kHttp, "203.0.113.9");
  line(
      "no certificate for radio.example.org: the CA reached 203.0.113.9, which is not this server "
      "(404 from nginx); does the name lead here?; again at 14:05");
}
TEST(Report, AnAnswerIsReadForItsStatusAndProgramAlone) {
  const auto reached = [](std::string_view detail) {
    return problem("unauthorized", detail, AcmeChallenge::kHttp, "203.0.113.9").text;
  };
  const auto expected = [](std::string_view what) {
    return cat({"the CA reached 203.0.113.9, which is not this server (", what,
                "); does the name lead here?"});
  };
  STRCMP_EQUAL(expected("503").c_str(),
               reached("Invalid response from http://203.0.113.9:443/x: 503").c_str());
  STRCMP_EQUAL(expected("from Apache").c_str(), reached("apache says hello").c_str());
  STRCMP_EQUAL(expected("other text on port 5002").c_str(),
               reached("other text on port 5002").c_str());
}
TEST(Report, APortThatIsClosed) {
  report.failure =
      problem("connection", "Timeout during connect", AcmeChallenge::kTls, "198.51.100.4");
  STRCMP_EQUAL("the CA could not connect to port 443 of 198.51.100.4; is it open in the firewall?",
               report.failure.text.c_str());
}
// As Boulder writes them.
TEST(Report, WhatHappenedOnAConnectionIsNoClosedPort) {
  const auto said = [](std::string_view type, std::string_view detail,
                       AcmeChallenge challenge = AcmeChallenge::kHttp) {
    return problem(type, detail, challenge, "203.0.113.9").text;
  };
  STRCMP_EQUAL(
      "the CA reached 203.0.113.9, which is not this server (203.0.113.9: remote error: tls: no "
      "application protocol); does the name lead here?",
      said("tls", "203.0.113.9: remote error: tls: no application protocol", AcmeChallenge::kTls)
          .c_str());
  for (const std::string_view detail :
       {"203.0.113.9: Fetching http://radio.example.org/x: Connection reset by peer",
        "203.0.113.9: Fetching https://www.example.org/x: Redirect loop detected",
        "203.0.113.9: Fetching https://www.example.org/x: remote error: tls: handshake failure",
        "203.0.113.9: Fetching http://radio.example.org/x: Timeout after connect (your server may "
        "be slow or overloaded)"})
    STRCMP_EQUAL(
        cat({"the CA could not read the answer of port 80 of 203.0.113.9 (", detail, ")"}).c_str(),
        said("connection", detail).c_str());
  for (const std::string_view detail :
       {"203.0.113.9: Fetching http://radio.example.org/x: Connection refused",
        "203.0.113.9: Fetching http://redirect.example.org/EOF: Connection refused",
        "203.0.113.9: Fetching http://radio.example.org/x: Timeout during connect (likely firewall "
        "problem)"})
    STRCMP_EQUAL("the CA could not connect to port 80 of 203.0.113.9; is it open in the firewall?",
                 said("connection", detail).c_str());
}
TEST(Report, ANameWithoutAnAnswerAboutCaaHasAnAddress) {
  const auto said = [](std::string_view detail, AcmeChallenge challenge = AcmeChallenge::kHttp) {
    return problem("dns", detail, challenge).text;
  };
  for (const AcmeChallenge challenge : {AcmeChallenge::kHttp, AcmeChallenge::kDns})
    STRCMP_EQUAL("the CA could not look up CAA of it (DNS: SERVFAIL)",
                 said("DNS problem: SERVFAIL looking up CAA for example.org - the domain's "
                      "nameservers may be malfunctioning",
                      challenge)
                     .c_str());
  STRCMP_EQUAL(
      "the CA could not look up CAA of it (DNS: query timed out looking up CAA for example.org)",
      said("DNS problem: query timed out looking up CAA for example.org").c_str());
  STRCMP_EQUAL(
      "the CA found no address for it (DNS: query timed out looking up A for radio.example.org)",
      said("DNS problem: query timed out looking up A for radio.example.org").c_str());
}
TEST(Report, AnAuthorityThatDoesNotAnswerForADayAndTheNextOne) {
  report.failure = {Kind::kUnavailable, "timeout", {}};
  report.since = time_of("2026-11-23T12:00Z");
  report.valid_until = report.now + 24h * 27 + 1h;
  report.next = time_of("2026-11-23T16:00Z");
  line(
      "no certificate for radio.example.org: Let's Encrypt has not answered since 12:00 (timeout); "
      "the certificate in use is valid for 27 days; again at 16:00");
  report.now += 24h;
  report.valid_until = report.now + 47h;
  report.instead = authority_name("https://acme.zerossl.com/v2/DV90");
  line(
      "no certificate for radio.example.org: Let's Encrypt has not answered since 2026-11-23 at "
      "12:00 (timeout); the certificate in use is valid for 47 hours; ZeroSSL is asked instead");
}
TEST(Report, AnAuthorityThatDoesNotAnswerWhereSomethingElseIsInUse) {
  report.failure = {Kind::kUnavailable, "timeout", {}};
  report.since = report.now;
  const auto ends_with = [this](std::string_view clause) {
    CHECK_TEXT(failure_line(report).ends_with(cat({clause, "; again at 14:05"})),
               failure_line(report).c_str());
  };
  ends_with("(timeout); there is no certificate");
  report.without = "www.example.org";
  ends_with("(timeout); there is no certificate for www.example.org");
  report.without.clear();
  report.valid_until = report.now - 1h;
  ends_with("(timeout); the certificate in use has expired");
}
TEST(Report, AClockThatIsWrong) {
  STRCMP_EQUAL(
      "the clock of this machine is 3 h 12 min behind the CA's; players judge by their own clocks",
      clock_line(-(3h + 12min + 4s)).c_str());
  STRCMP_EQUAL(
      "the clock of this machine is 6 min ahead of the CA's; players judge by their own clocks",
      clock_line(6min).c_str());
  STRCMP_EQUAL(
      "the clock of this machine is 2 d 3 h ahead of the CA's; players judge by their own clocks",
      clock_line(51h).c_str());
  STRCMP_EQUAL("", clock_line(5min).c_str());
  STRCMP_EQUAL("", clock_line(-5min).c_str());
}
TEST(Report, ALimit) {
  AcmeQuestion question;
  question.name = "radio.example.org";
  question.not_before = utc_text(time_of("2026-11-24T05:00Z"), UtcForm::kMinute);
  report.failure = failure_of(
      json(R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":)"
           R"("too many certificates (50) already issued for \"example.org\" in the last 168h"})"),
      question);
  report.failure.retry_after = 15h;
  report.next = report.now + 15h;
  line(
      "no certificate for radio.example.org: too many certificates for example.org (CA: retry "
      "after 2026-11-24T05:00Z); nothing is asked before that");
  report.next = report.now + 10min;
  line(
      "no certificate for radio.example.org: too many certificates for example.org (CA: retry "
      "after 2026-11-24T05:00Z); again at 14:10");
}
TEST(Report, ALimitIsOfWhatTheAuthorityCounts) {
  const auto said = [](std::string_view detail, std::string_view name = "radio.example.org") {
    JsonWriter out;
    out.begin_object().key("type").text("urn:ietf:params:acme:error:rateLimited");
    out.key("detail").text(detail).end_object();
    return failure_of(json(out.take()), {.name = name, .not_before = "then"}).text;
  };
  STRCMP_EQUAL(
      "too many failed authorizations for www.example.org (CA: retry after then)",
      said("too many failed authorizations (5) for \"www.example.org\" in the last 1h0m0s, "
           "retry after 2026-11-30 00:30:00 UTC: see https://letsencrypt.org/docs/")
          .c_str());
  STRCMP_EQUAL(
      "too many new registrations (CA: retry after then)",
      said("too many new registrations (10) from this IP address in the last 3h0m0s", "").c_str());
  STRCMP_EQUAL("too many pending orders for radio.example.org (CA: retry after then)",
               said("Your account has too many pending orders").c_str());
  STRCMP_EQUAL("too many certificates for radio.example.org (CA: retry after then)",
               said("Error creating new order :: too many certificates already issued for: "
                    "radio.example.org")
                   .c_str());
  STRCMP_EQUAL("too many requests for radio.example.org (CA: retry after then)",
               said("slow down").c_str());
}
TEST(Report, ARefusedAccountIsNoNameThatLeadsElsewhere) {
  const AcmeFailure failure = failure_of(
      json(R"({"type":"urn:ietf:params:acme:error:unauthorized","detail":"deactivated"})"), {});
  CHECK(failure.kind == AcmeFailure::Kind::kOther);
  STRCMP_EQUAL("the CA refuses it (deactivated)", failure.text.c_str());
}
TEST(Report, AuthoritiesHaveNames) {
  STRCMP_EQUAL("ca.example.org:14000", authority_name("https://ca.example.org:14000/dir").c_str());
  STRCMP_EQUAL("", authority_name("").c_str());
}

TEST_GROUP(RenewalInfo){};

TEST(RenewalInfo, AWindowAndWhenItIsAskedForAgain) {
  const FetchAnswer answer{
      200,
      {"Retry-After: 21600"},
      R"({"suggestedWindow":{"start":"2026-01-02T04:00:00Z","end":"2026-01-03T06:00:00.5+02:00"},)"
      R"("explanationURL":"https://ca.test/why"})"};
  const auto window = renewal_window(answer);
  CHECK_TRUE(window.has_value());
  LONGS_EQUAL(24 * 3600, (window->ends - window->begins) / 1s);
  STRCMP_EQUAL("https://ca.test/why", window->explanation.c_str());
  const auto moment = [&](WallTime begins, WallTime ends, double chance) {
    return (renewal_moment(*window, {begins, ends, ""}, chance) - window->begins) / 1s;
  };
  const WallTime day = window->begins;
  LONGS_EQUAL(6 * 3600, moment(day - 24h * 60, day + 24h * 30, 0.25));
  // Not so late that it would end before another one comes, nor after its end.
  LONGS_EQUAL(38'880, moment(day - 24h * 9, day + 36h, 0.999));
  LONGS_EQUAL(-30 * 24 * 3600, moment(day - 24h * 90, day, 0.5));
  LONGS_EQUAL(21600, next_question(answer, {}).count());
  LONGS_EQUAL(60, next_question({200, {"Retry-After: 1"}, ""}, {}).count());
  LONGS_EQUAL(86400, next_question({200, {"Retry-After: 999999"}, ""}, {}).count());
  LONGS_EQUAL(21600, next_question({404, {}, ""}, {}).count());
}
TEST(RenewalInfo, WhatIsNoWindow) {
  for (const char* text :
       {"", "[]", "{}", R"({"suggestedWindow":7})", R"({"suggestedWindow":{"start":"2026-01-02"}})",
        R"({"suggestedWindow":{"start":"2026-01-02T04:00:00Z","end":"2026-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":"2026-01-02T04:00:00","end":"2027-01-02T04:00:00"}})",
        R"({"suggestedWindow":{"start":"2026-01-02T04:00:00Zx","end":"2027-01-02T04:00:00Z"}})",
        R"({"suggestedWindow":{"start":"9999-01-01T00:00:00Z","end":"9999-12-31T00:00:00Z"}})"})
    CHECK_FALSE(renewal_window({200, {}, text}).has_value());
  CHECK_FALSE(
      renewal_window(
          {503,
           {},
           R"({"suggestedWindow":{"start":"2026-01-02T04:00Z","end":"2027-01-02T04:00Z"}})"})
          .has_value());
}
TEST(RenewalInfo, WhereADirectoryHasIt) {
  const auto url = [](const char* text) { return renewal_info_url({200, {}, text}); };
  STRCMP_EQUAL("https://ca.test/info", url(R"({"renewalInfo":"https://ca.test/info"})").c_str());
  STRCMP_EQUAL("", url(R"({"renewalInfo":"http://ca.test/info"})").c_str());
  STRCMP_EQUAL("", url("{}").c_str());
  STRCMP_EQUAL("", url("<html>").c_str());
}
