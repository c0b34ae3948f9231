#include "admin/command/security.h"

#include <string>
#include <utility>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

Headers headers(std::initializer_list<std::pair<const char*, const char*>> rows) {
  Headers out;
  for (const auto& [name, value] : rows) out.add(name, value);
  return out;
}

constexpr const char* kChrome = "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0";

}  // namespace

TEST_GROUP(SameSite){};

TEST(SameSite, LetsScriptsAndEncodersPass) {
  CHECK(same_site_request(headers({})));
  CHECK(same_site_request(headers({{"host", "r:8000"}, {"user-agent", "curl/7.88"}})));
  CHECK(same_site_request(headers({{"user-agent", "Mozilla"}})));  // butt
  CHECK(same_site_request(headers({{"user-agent", "edcast (Mozilla compatible)"}})));
  CHECK(same_site_request(headers({{"user-agent", kChrome}})));  // a script in disguise
  CHECK(same_site_request(headers({{"user-agent", "curl"}, {"accept-language", "en"}})));
}
TEST(SameSite, RefusesWhatTheBrowserCallsCrossSite) {
  for (const char* site : {"cross-site", "same-site", "nonsense", ""})
    CHECK(!same_site_request(headers({{"sec-fetch-site", site}, {"host", "r"}})));
}
TEST(SameSite, LetsOwnPagesAndTheAddressBarPass) {
  CHECK(same_site_request(headers({{"sec-fetch-site", "same-origin"}})));
  CHECK(same_site_request(headers({{"sec-fetch-site", "none"}, {"user-agent", kChrome}})));
}
TEST(SameSite, TrustsTheBrowsersVerdictBehindAProxyThatRenamesTheHost) {
  CHECK(same_site_request(headers({{"sec-fetch-site", "same-origin"},
                                   {"host", "backend:8000"},
                                   {"origin", "https://radio.example"}})));
}
TEST(SameSite, ComparesTheOriginWithTheHost) {
  CHECK(same_site_request(
      headers({{"host", "radio.example:8000"}, {"origin", "http://radio.example:8000"}})));
  CHECK(same_site_request(
      headers({{"host", "Radio.Example"}, {"origin", "http://radio.example:8000"}})));
  CHECK(
      !same_site_request(headers({{"host", "radio.example"}, {"origin", "http://evil.example"}})));
  CHECK(!same_site_request(headers({{"host", "radio.example"}, {"origin", "null"}})));
  CHECK(!same_site_request(headers({{"host", "radio.example"}, {"origin", ""}})));
  CHECK(!same_site_request(headers({{"origin", "http://radio.example"}})));
}
TEST(SameSite, DistinguishesHostsOfSimilarNames) {
  for (const char* origin :
       {"http://radio.example.evil.example", "http://evil.example/radio.example",
        "http://radio.example@evil.example", "http://xradio.example",
        "http://evil.example?radio.example", "http://evil.example#radio.example"})
    CHECK(!same_site_request(headers({{"host", "radio.example"}, {"origin", origin}})));
}
TEST(SameSite, ComparesAddressesOfVersion6) {
  CHECK(same_site_request(headers({{"host", "[::1]:8000"}, {"origin", "http://[::1]:8000"}})));
  CHECK(!same_site_request(headers({{"host", "[::1]:8000"}, {"origin", "http://[::2]:8000"}})));
}
TEST(SameSite, AcceptsTheHostThatAProxyReports) {
  CHECK(same_site_request(headers({{"host", "backend:8000"},
                                   {"x-forwarded-host", "radio.example"},
                                   {"origin", "https://radio.example"}})));
}
TEST(SameSite, RefusesAnOriginThatOneOfTwoHostsContradicts) {
  for (const char* origin : {"http://radio.example", "http://other.example"})
    CHECK(!same_site_request(
        headers({{"host", "radio.example"}, {"host", "other.example"}, {"origin", origin}})));
  CHECK(same_site_request(headers({{"host", "radio.example"},
                                   {"host", "radio.example//listen/s"},
                                   {"origin", "http://radio.example"}})));
}
TEST(SameSite, ChecksTheRefererWithoutAnOrigin) {
  CHECK(same_site_request(
      headers({{"host", "r:8000"}, {"referer", "http://r:8000/admin/listmounts.xsl"}})));
  CHECK(
      !same_site_request(headers({{"host", "r:8000"}, {"referer", "http://evil.example/r:8000"}})));
}
TEST(SameSite, GoesByTheOriginWhenBothAreThere) {
  CHECK(!same_site_request(
      headers({{"host", "r"}, {"origin", "http://evil.example"}, {"referer", "http://r/admin/"}})));
}
TEST(SameSite, RefusesABrowserThatHidesWhereItComesFrom) {
  CHECK(!same_site_request(headers(
      {{"host", "r:8000"}, {"user-agent", kChrome}, {"accept-language", "en-GB,en;q=0.9"}})));
}
TEST(SameSite, RefusesWhatIsFetchedBeforeAnybodyHasClicked) {
  for (const char* name : {"sec-purpose", "purpose", "x-moz", "x-purpose"}) {
    CHECK_TEXT(!same_site_request(headers({{"sec-fetch-site", "same-origin"}, {name, "prefetch"}})),
               name);
    CHECK_TEXT(same_site_request(headers({{"sec-fetch-site", "same-origin"}, {name, "other"}})),
               name);
  }
  CHECK(!same_site_request(
      headers({{"sec-fetch-site", "none"}, {"sec-purpose", "prefetch;prerender"}})));
  CHECK(!same_site_request(headers({{"x-purpose", "preview"}})));
}
