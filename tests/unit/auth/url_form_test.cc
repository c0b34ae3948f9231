#include "auth/listener/url_form.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(UrlForm) {
  AuthServer server{"127.0.0.1", 8000, "Icecast 2.4.4"};
  ListenerAsk ask;
  UrlOptions options;
  void setup() override {
    ask.client_id = 51;
    ask.mount = "/u.mp3";
    ask.target = "/u.mp3?tok=a%20b&x=1";
    ask.given = Credentials{"jo", "p w"};
    ask.ip = "192.0.2.1";
    ask.headers.add("user-agent", "Pl ayer/1");
    ask.listeners = 7;
  }
};

TEST(UrlForm, EscapesEverythingButLettersAndDigitsInLowerCase) {
  STRCMP_EQUAL("azAZ09%2d%5f%2e%7e%2f%20%25%26%3d%2b%c3%a9%00%0a",
               form_escape(std::string("azAZ09-_.~/ %&=+\xc3\xa9\0\n", 20)).c_str());
  STRCMP_EQUAL("", form_escape("").c_str());
}
TEST(UrlForm, ListenerAddIsIcecastsByteForByteAndThenThatOfKh) {
  STRCMP_EQUAL(
      "action=listener_add&server=127%2e0%2e0%2e1&port=8000&client=51&mount=%2fu%2emp3%3ftok%3da%"
      "2520b%26x%3d1"
      "&user=jo&pass=p%20w&ip=192%2e0%2e2%2e1&agent=Pl%20ayer%2f1&referer=&listeners=7",
      listener_add_form(ask, server, options).c_str());
}
TEST(UrlForm, AListenerWithoutANameHasEmptyFieldsAndTheAgentIsADash) {
  ask.given.reset();
  ask.headers = {};
  ask.headers.add("referer", "http://r/");
  STRCMP_EQUAL(
      "action=listener_add&server=127%2e0%2e0%2e1&port=8000&client=51&mount=%2fu%2emp3%3ftok%3da%"
      "2520b%26x%3d1"
      "&user=&pass=&ip=192%2e0%2e2%2e1&agent=-&referer=http%3a%2f%2fr%2f&listeners=7",
      listener_add_form(ask, server, options).c_str());
}
TEST(UrlForm, PassesTheHeadersOnThatAreThere) {
  options.headers = {"x-foo", "x-none", "referer"};
  options.header_prefix = "ClientHeader.";
  ask.headers.add("x-foo", "b r");
  ask.headers.add("referer", "http://r/");
  const std::string form = listener_add_form(ask, server, options);
  CHECK(
      form.ends_with("&ClientHeader.x-foo=b%20r&ClientHeader.referer=http%3a%2f%2fr%2f"
                     "&referer=http%3a%2f%2fr%2f&listeners=7"));
}
TEST(UrlForm, ListenerRemoveHasTheDurationWhereIcecastHasIt) {
  const RemovalNotice notice = listener_remove_parts(ask, {}, server);
  STRCMP_EQUAL(
      "action=listener_remove&server=127%2e0%2e0%2e1&port=8000&client=51&mount=%2fu%2emp3%3ftok%"
      "3da%2520b%26x%3d1"
      "&user=jo&pass=p%20w&duration=3600&ip=192%2e0%2e2%2e1&agent=Pl%20ayer%2f1&sent=57600000",
      listener_remove_form(notice, 3600, 57'600'000).c_str());
}
TEST(UrlForm, MountAddAndRemoveAreIcecasts) {
  STRCMP_EQUAL("action=mount_add&mount=%2fm%2emp3&server=127%2e0%2e0%2e1&port=8000",
               mount_form("mount_add", "/m.mp3", server).c_str());
  STRCMP_EQUAL("action=mount_remove&mount=%2fm%2emp3&server=127%2e0%2e0%2e1&port=8000",
               mount_form("mount_remove", "/m.mp3", server).c_str());
}
TEST(UrlForm, StreamAuthIsIcecasts) {
  SourceAsk source{"/s.mp3", "::1", {"good", "a:b"}, false};
  STRCMP_EQUAL(
      "action=stream_auth&mount=%2fs%2emp3&ip=%3a%3a1&server=127%2e0%2e0%2e1&port=8000&user=good&"
      "pass=a%3ab",
      stream_auth_form(source, server).c_str());
  source.admin = true;
  CHECK(stream_auth_form(source, server).ends_with("&pass=a%3ab&admin=1"));
}
