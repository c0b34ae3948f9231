#include "http/playlist.h"

#include <time.h>

#include <string>
#include <vector>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Playlist){};
TEST(Playlist, M3uIsOneAddress) {
  CHECK(m3u("radio.example:9", "/a.mp3") == "http://radio.example:9/a.mp3\r\n");
}
TEST(Playlist, M3uKeepsWhatMayStandInAPathAndEncodesTheRest) {
  CHECK(m3u("h:1", "/a+b;c=1,(2)@:!~$&'*-._.mp3") == "http://h:1/a+b;c=1,(2)@:!~$&'*-._.mp3\r\n");
  CHECK(m3u("h:1", "/my x\xc3\xa9\r\n?#%.mp3") == "http://h:1/my%20x%C3%A9%0D%0A%3F%23%25.mp3\r\n");
}
TEST(Playlist, PlsIsVersion2) {
  CHECK(
      pls("h:1", "/a b", "https") ==
      "[playlist]\r\nNumberOfEntries=1\r\nFile1=https://h:1/a%20b\r\nLength1=-1\r\nVersion=2\r\n");
}
TEST(Playlist, TakesTheHostThatNamesItsPort) {
  CHECK(playlist_host("radio.example:9", "localhost", 8000) == "radio.example:9");
  CHECK(playlist_host("[2001:db8::1]:8443", "localhost", 8000) == "[2001:db8::1]:8443");
  CHECK(playlist_host("127.0.0.1:65535", "localhost", 8000) == "127.0.0.1:65535");
  CHECK(playlist_host("[::1]", "localhost", 8000) == "[::1]");  // at the usual port, as in Icecast
}
TEST(Playlist, OtherwiseTheConfiguredHostAndPort) {
  for (const char* host :
       {"", "radio.example", "[::x]", "::1]", "[]", ":80", "a:", "a:0", "a:65536", "a:+5",
        "a:1/<x>", "a:1 ", "<script>:80", "a\r\nX: y:80", "evil.example/a:80", "u:p@h:80"}) {
    STRCMP_EQUAL_TEXT("localhost:8000", playlist_host(host, "localhost", 8000).c_str(), host);
  }
}
TEST(Playlist, AnIpv6HostnameGetsBrackets) {
  CHECK(playlist_host("", "2001:db8::1", 8000) == "[2001:db8::1]:8000");
  CHECK(playlist_host("", "[2001:db8::1]", 8000) == "[2001:db8::1]:8000");
}

TEST_GROUP(PlaylistOfSeveral) {
  const std::vector<std::string> addresses = {"http://e1:1/a?x=1&y", "http://m:2/a"};
};

TEST(PlaylistOfSeveral, NamesThemInTheirOrder) {
  STRCMP_EQUAL("http://e1:1/a?x=1&y\r\nhttp://m:2/a\r\n", m3u_of(addresses).c_str());
  STRCMP_EQUAL(
      "[playlist]\r\nNumberOfEntries=2\r\nFile1=http://e1:1/a?x=1&y\r\nLength1=-1\r\n"
      "File2=http://m:2/a\r\nLength2=-1\r\nVersion=2\r\n",
      pls_of(addresses).c_str());
  const std::string xspf = xspf_of(addresses);
  const auto first = xspf.find("<track><location>http://e1:1/a?x=1&amp;y</location></track>");
  const auto second = xspf.find("<track><location>http://m:2/a</location></track>");
  CHECK(first != std::string::npos && second != std::string::npos && first < second);
}
TEST(PlaylistOfSeveral, MayBeEmpty) {
  STRCMP_EQUAL("", m3u_of({}).c_str());
  CHECK(pls_of({}).find("NumberOfEntries=0\r\n") != std::string::npos);
  CHECK(xspf_of({}).find("<track>") == std::string::npos);
}

TEST_GROUP(Site) { const std::string own = "http://localhost:8000"; };

TEST(Site, BeginsEachAddressOfThisServer) {
  STRCMP_EQUAL(
      "https://radio.example/a http://localhost:80001/b https://radio.example/",
      with_site(own + "/a " + own + "1/b " + own + "/", own, "https://radio.example").c_str());
  STRCMP_EQUAL("http://x:1//http://x:1/",
               with_site(own + "//" + own + "/", own, "http://x:1").c_str());
  STRCMP_EQUAL(own.c_str(), with_site(own, own, "http://x:1").c_str());
  STRCMP_EQUAL("", with_site("", own, "http://x:1").c_str());
}
// Moved once for each address, these are 2,500 GB.
TEST(Site, CostsWhatItsBytesCost) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "\"" + own + "/art\", ";
  timespec before{}, after{};
  CHECK_EQUAL(0, ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before));
  const std::string made = with_site(text, own, "http://radio.example:8000");
  CHECK_EQUAL(0, ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after));
  CHECK_EQUAL(text.size() + 1'600'000, made.size());
  CHECK(after.tv_sec - before.tv_sec < 2);
}
