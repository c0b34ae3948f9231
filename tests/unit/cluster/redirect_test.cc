// The token and the bytes of a redirect.
#include <string>

#include "base/clock.h"
#include "base/encoding.h"
#include "cluster/balance/redirect_reply.h"
#include "cluster/balance/redirect_token.h"
#include "net/crypto/digest.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;
using Verdict = RedirectToken::Verdict;

TEST_GROUP(RedirectToken) {
  WallTime now{1'700'000'000s};
  TokenKeys keys{"new old"};
  Verdict check(std::string_view token, std::string_view node = "e1",
                std::string_view mount = "/a") {
    return keys.check(token, node, mount, now).verdict;
  }
};

TEST(RedirectToken, IsValidForItsNodeAndItsMount) {
  const std::string token = keys.sign("e1", "/a", 0xfe, now);
  UNSIGNED_LONGS_EQUAL(27, token.size());
  const RedirectToken read = keys.check(token, "e1", "/a", now);
  CHECK(read.verdict == Verdict::kValid);
  UNSIGNED_LONGS_EQUAL(0xfe, read.master);
  UNSIGNED_LONGS_EQUAL(1, read.hops);
  const std::string listed = keys.sign("e1", "/a", 0xfe, now, 0);
  UNSIGNED_LONGS_EQUAL(0, keys.check(listed, "e1", "/a", now).hops);
  CHECK(keys.check(listed, "e1", "/a", now).verdict == RedirectToken::Verdict::kValid);
  CHECK(check(token, "e2") == Verdict::kForged);
  CHECK(check(token, "e1", "/b") == Verdict::kForged);
}
// The keys of nodes are kept; which one is taken must not depend on what was signed before.
TEST(RedirectToken, IsTheSameWithAKeptKey) {
  const TokenKeys copy = keys;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 1100; ++i) {  // more than are kept
      const std::string node = "e" + std::to_string(i);
      const std::string token = TokenKeys("new").sign(node, "/a", 1, now);
      CHECK(keys.sign(node, "/a", 1, now) == token);
      CHECK(copy.sign(node, "/a", 1, now) == token);
      CHECK(check(token, node) == Verdict::kValid);
      const std::string older = TokenKeys("old").sign(node, "/a", 1, now);
      CHECK(check(older, node) == Verdict::kValid);
      CHECK(older != token);
    }
  }
}

TEST(RedirectToken, LastsAMinuteAndALittleForTheClocks) {
  const std::string token = keys.sign("e1", "/a", 1, now);
  now += 65s;
  CHECK(check(token) == Verdict::kValid);
  now += 1s;
  CHECK(check(token) == Verdict::kExpired);
}
TEST(RedirectToken, NobodyHasMadeItYet) {
  const std::string token = keys.sign("e1", "/a", 1, now + 5s);
  CHECK(check(token) == Verdict::kValid);
  const std::string future = keys.sign("e1", "/a", 1, now + 6s);
  CHECK(check(future) == Verdict::kEarly);
  CHECK(check(keys.sign("e1", "/a", 1, now + 1h)) == Verdict::kEarly);
}
// A node whose clock is wrong accepts the same tokens for the same time as one whose clock is
// right.
TEST(RedirectToken, IsJudgedByTheClockOfWhoSignedIt) {
  for (const auto ahead : {0s, 70s, -70s, 3600s, -3600s}) {
    const std::string token = keys.sign("e1", "/a", 1, now + ahead);  // the master's clock
    for (int age = -10; age <= 80; ++age) {
      const WallTime ours = now + std::chrono::seconds(age);
      RedirectToken read = keys.check(token, "e1", "/a", ours);
      const Verdict expected = age > 65   ? Verdict::kExpired
                               : age < -5 ? Verdict::kEarly
                                          : Verdict::kValid;
      CHECK(read.verdict_at(ours + ahead) == expected);
    }
  }
}
TEST(RedirectToken, IsMadeWithTheFirstKeyAndReadWithAll) {
  const std::string old = TokenKeys("old").sign("e1", "/a", 1, now);
  CHECK(check(old) == Verdict::kValid);
  const std::string fresh = keys.sign("e1", "/a", 1, now);
  CHECK(TokenKeys("old").check(fresh, "e1", "/a", now).verdict == Verdict::kForeign);
  CHECK(TokenKeys("new").check(fresh, "e1", "/a", now).verdict == Verdict::kValid);
  CHECK(TokenKeys("  ").empty());
  const RedirectToken foreign = TokenKeys("").check(fresh, "e1", "/a", now);
  CHECK(foreign.verdict == Verdict::kForeign);
  UNSIGNED_LONGS_EQUAL(1, foreign.hops);
  CHECK(foreign.verdict_at(now) == Verdict::kValid);  // what it says of itself
}
TEST(RedirectToken, IsForgedWhenAnyCharacterIsAnother) {
  const std::string token = keys.sign("e1", "/a", 1, now);
  for (std::size_t i = 0; i < token.size(); ++i) {
    std::string other = token;
    other[i] = other[i] == 'A' ? 'Q' : 'A';  // differ in the bits of the last character that count
    CHECK_TEXT(check(other) != Verdict::kValid, other.c_str());
  }
  for (const char* text : {"", "x", "lb", "!!!!!!!!!!!!!!!!!!!!!!!!!!!",
                           "AAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA"})
    CHECK_TEXT(check(text) == Verdict::kForged, text);
}
TEST(RedirectToken, IsWhatTheProtocolSays) {
  std::string token = keys.sign("e1", "/a", 9, now);
  for (char& c : token) c = c == '-' ? '+' : c == '_' ? '/' : c;
  const std::string bytes = *base64_decode(token);
  const std::string facts = bytes.substr(0, 8);
  STRCMP_EQUAL("01", hex_encode(facts.substr(0, 1)).c_str());
  CHECK(facts[1] == hmac_sha256("new", "icecast-lb key")[0]);
  STRCMP_EQUAL("01", hex_encode(facts.substr(2, 1)).c_str());
  STRCMP_EQUAL("6553f13c", hex_encode(facts.substr(3, 4)).c_str());  // 1 700 000 060
  STRCMP_EQUAL("09", hex_encode(facts.substr(7, 1)).c_str());
  const std::string node_key = hmac_sha256("new", "icecast-lb node e1");
  STRCMP_EQUAL(hex_encode(hmac_sha256(node_key, facts + "/a").substr(0, 12)).c_str(),
               hex_encode(bytes.substr(8)).c_str());
}

TEST(RedirectToken, OfALinkNamesTheClientAndIsForItsNode) {
  const TokenKeys master("of this run");
  const std::string text =
      master.sign_for_link("edge1", "/a", 7, now, RedirectToken::kAgain, 0xfedcba98U);
  LONGS_EQUAL(RedirectToken::kTextBytes, text.size());
  const std::vector<LinkKey> told{make_link_key("other", 1, "x"),
                                  make_link_key("m1", master.name(), master.link_key("edge1"))};
  const RedirectToken read = check_link_token(text, told, "/a", now);
  CHECK(read.verdict == RedirectToken::Verdict::kValid);
  LONGS_EQUAL(0xfedcba98U, read.client);
  LONGS_EQUAL(7, read.master);
  LONGS_EQUAL(RedirectToken::kAgain, read.hops);
  CHECK(check_link_token(text, told, "/b", now).verdict == RedirectToken::Verdict::kForeign);
  CHECK(check_link_token(text, told, "/a", now + std::chrono::seconds(66)).verdict ==
        RedirectToken::Verdict::kExpired);
  const std::vector<LinkKey> others{make_link_key("m1", master.name(), master.link_key("edge2"))};
  CHECK(check_link_token(text, others, "/a", now).verdict == RedirectToken::Verdict::kForeign);
  std::string changed = text;
  changed[12] = changed[12] == 'A' ? 'B' : 'A';  // the client
  CHECK(check_link_token(changed, told, "/a", now).verdict == RedirectToken::Verdict::kForeign);
  // One is not taken for the other.
  CHECK(master.check(text, "edge1", "/a", now).verdict == RedirectToken::Verdict::kForged);
  CHECK(check_link_token(master.sign("edge1", "/a", 7, now), told, "/a", now).verdict ==
        RedirectToken::Verdict::kForeign);
}

TEST_GROUP(TakeToken) {
  const std::string token = std::string(26, 'a') + "-";
  std::string left, taken;
  void take(std::string query) {
    const auto found = take_token(query);
    taken = found.value_or("(none)");
    left = query;
  }
};

TEST(TakeToken, FromWhereverItStands) {
  take("lb=" + token);
  STRCMP_EQUAL("", left.c_str());
  STRCMP_EQUAL(token.c_str(), taken.c_str());
  take("x=1&lb=" + token);
  STRCMP_EQUAL("x=1", left.c_str());
  take("lb=" + token + "&x=1");
  STRCMP_EQUAL("x=1", left.c_str());
  take("x=1&lb=" + token + "&y=2");
  STRCMP_EQUAL("x=1&y=2", left.c_str());
}
TEST(TakeToken, LeavesWhatIsNone) {
  for (const std::string& query :
       {std::string(), std::string("lb=1"), std::string("xlb=" + token), "lb=" + token + "a",
        "lb=" + token.substr(1), "lb=" + token.substr(1) + "!", std::string("&&"),
        std::string("lb")}) {
    take(query);
    STRCMP_EQUAL(query.c_str(), left.c_str());
    STRCMP_EQUAL("(none)", taken.c_str());
  }
}
TEST(TakeToken, TakesTheLastOfSeveral) {
  take("lb=" + std::string(27, 'b') + "&lb=" + token);
  STRCMP_EQUAL(token.c_str(), taken.c_str());
  STRCMP_EQUAL(("lb=" + std::string(27, 'b')).c_str(), left.c_str());
}

TEST_GROUP(RedirectReply){};

TEST(RedirectReply, HasTheseBytes) {
  STRCMP_EQUAL(
      "HTTP/1.0 302 Temporarily Moved\r\n"
      "Location: http://e:8000/a.mp3?x=1&lb=T\r\n"
      "Content-Type: text/html; charset=utf-8\r\n"
      "Content-Length: 81\r\n"
      "Connection: close\r\n"
      "Cache-Control: no-store\r\n"
      "Access-Control-Allow-Origin: *\r\n\r\n"
      "<a href=\"http://e:8000/a.mp3?x=1&amp;lb=T\">http://e:8000/a.mp3?x=1&amp;lb=T</a>\r\n",
      redirect_reply("http://e:8000", "/a.mp3", "x=1", "T", {}).c_str());
}
TEST(RedirectReply, NamesAnAddressWithoutMarkupAsItIs) {
  const std::vector<HttpHeader> headers = {{"Access-Control-Allow-Origin", "https://a", 0}};
  STRCMP_EQUAL(
      "HTTP/1.0 302 Temporarily Moved\r\n"
      "Location: http://e/a%20b\r\n"
      "Content-Type: text/html; charset=utf-8\r\n"
      "Content-Length: 45\r\n"
      "Connection: close\r\n"
      "Cache-Control: no-store\r\n"
      "Access-Control-Allow-Origin: https://a\r\n\r\n"
      "<a href=\"http://e/a%20b\">http://e/a%20b</a>\r\n",
      redirect_reply("http://e", "/a b", "", "", headers).c_str());
}
TEST(RedirectReply, KeepsAQueryAsItWasSent) {
  const auto query_of = [](std::string_view query) {
    return redirect_location("http://e", "/a", query, "");
  };
  STRCMP_EQUAL("http://e/a", query_of("").c_str());
  STRCMP_EQUAL("http://e/a?%41+%zz&;='()*", query_of("%41+%zz&;='()*").c_str());
  STRCMP_EQUAL("http://e/a?%0D%0A%20%22%3C%3E%7F%C3%A9", query_of("\r\n \"<>\x7f\xc3\xa9").c_str());
  STRCMP_EQUAL("http://e/a?lb=T", redirect_location("http://e", "/a", "", "T").c_str());
}
TEST(RedirectReply, EncodesThePath) {
  STRCMP_EQUAL("http://e/a%20b%3Fc%23%25%0D%0A/d&e@f:g",
               redirect_location("http://e", "/a b?c#%\r\n/d&e@f:g", "", "").c_str());
}

TEST_GROUP(MountRedirect){};

TEST(MountRedirect, PutsTheMountBehindTheAddressOrWhereItIsAskedFor) {
  STRCMP_EQUAL("https://cdn:8/live.mp3",
               mount_redirect_location("https://cdn:8", "", "/live.mp3").c_str());
  STRCMP_EQUAL("https://cdn/live.mp3",
               mount_redirect_location("https://cdn/", "http://other/", "/live.mp3").c_str());
  STRCMP_EQUAL("http://c/x/a/b.mp3?m=a/b.mp3",
               mount_redirect_location("", "http://c/x/${mount}?m=${mount}", "/a/b.mp3").c_str());
  STRCMP_EQUAL("http://c/fixed", mount_redirect_location("", "http://c/fixed", "/a").c_str());
}
TEST(MountRedirect, NoByteOfAMountEndsTheLine) {
  STRCMP_EQUAL("http://c/a%0D%0AX:%20y%22",
               mount_redirect_location("http://c", "", "/a\r\nX: y\"").c_str());
}
TEST(MountRedirect, IsNothingWhereThereIsNoAddress) {
  for (const char* bad : {"", "cdn.example.org", "/other", "ftp://c/", "http://", "http:///x",
                          "http://c/ x", "http://c/\r\nX: y"})
    STRCMP_EQUAL_TEXT("", mount_redirect_location("", bad, "/m").c_str(), bad);
}
