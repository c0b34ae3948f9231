#include "http/message.h"

#include <string>

#include "http/error_page.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// 2023-11-14 22:13:20 UTC
const WallTime kNow{std::chrono::seconds(1'700'000'000)};

std::string param(std::string_view query, std::string_view name) {
  return query_param(query, name).value_or("(none)");
}

}  // namespace

TEST_GROUP(Headers){};
TEST(Headers, TheLastOfANameCounts) {
  Headers headers;
  CHECK(headers.find("a") == nullptr);
  CHECK(headers.get("a", "otherwise") == "otherwise");
  headers.add("a", "1");
  headers.add("b", "x");
  headers.add("a", "2");
  CHECK(headers.find("a") != nullptr);
  CHECK(*headers.find("a") == "2");
  CHECK(headers.get("a") == "2");
  LONGS_EQUAL(3, headers.all().size());
  CHECK(headers.all()[0].second == "1");
}

TEST_GROUP(QueryParam){};
TEST(QueryParam, OneThatCannotBeReadIsThere) {
  for (const char* query : {"at=%00", "a=1&at=%zz", "%61t=", "at=1"})
    CHECK_TEXT(has_query_param(query, "at"), query);
  for (const char* query : {"", "at", "a=at=1", "mat=1", "at%00=1"})
    CHECK_TEXT(!has_query_param(query, "at"), query);
}
TEST(QueryParam, DecodesPercentAndPlus) {
  CHECK(param("mount=/a.mp3&mode=updinfo&song=SC+Title%20One", "song") == "SC Title One");
  CHECK(param("mount=%2Fa.mp3", "mount") == "/a.mp3");
  CHECK(param("so%6eg=x", "song") == "x");
  CHECK(param("song=a=b", "song") == "a=b");
  CHECK(param("song=%26%3d%25", "song") == "&=%");
}
TEST(QueryParam, TheLastOneWins) {
  CHECK(param("pass=a&pass=b", "pass") == "b");
  CHECK(param("pass=a&x=1&pass=", "pass") == "");
}
TEST(QueryParam, AbsentIsNotEmpty) {
  CHECK(param("", "mount") == "(none)");
  CHECK(param("mounts=x&amount=y", "mount") == "(none)");
  CHECK(param("mount=", "mount") == "");
  CHECK(param("&&&==&=x&mount=/m&", "mount") == "/m");
}
TEST(QueryParam, ANameAloneIsPassedOver) {
  CHECK(param("mount", "mount") == "(none)");
  CHECK(param("mount&x=1", "mount") == "(none)");
  CHECK(param("pass=a&pass", "pass") == "a");
}
TEST(QueryParam, ABrokenValueIsAbsentAndANulNeverTruncates) {
  CHECK(param("song=100%", "song") == "(none)");
  CHECK(param("song=%zz&song=b", "song") == "b");
  CHECK(param("song=b&song=%zz", "song") == "(none)");
  CHECK(param("mount=/a%00.mp3", "mount") == "(none)");
  CHECK(param("%zz=1&mount=/m", "mount") == "/m");
  CHECK(param("%00=1&mount%00x=/n&mount=/m", "mount") == "/m");
}

TEST_GROUP(HttpDate){};
TEST(HttpDate, IsRfc1123InGmt) {
  CHECK(http_date(kNow) == "Tue, 14 Nov 2023 22:13:20 GMT");
  CHECK(http_date(WallTime{}) == "Thu, 01 Jan 1970 00:00:00 GMT");
  CHECK(http_date(WallTime{std::chrono::seconds(951'782'399)}) == "Mon, 28 Feb 2000 23:59:59 GMT");
  CHECK(http_date(WallTime{std::chrono::seconds(951'782'400)}) == "Tue, 29 Feb 2000 00:00:00 GMT");
  CHECK(http_date(WallTime{std::chrono::seconds(4'102'444'800)}) ==
        "Fri, 01 Jan 2100 00:00:00 GMT");
  CHECK(http_date(WallTime{std::chrono::milliseconds(-1)}) == "Wed, 31 Dec 1969 23:59:59 GMT");
}
TEST(HttpDate, ReadsTheDatesThatItWrites) {
  for (const std::int64_t at : std::initializer_list<std::int64_t>{0, 951'782'399, 951'868'800,
                                                                   1'700'000'000, 4'000'000'000})
    CHECK(parse_http_date(http_date(WallTime{std::chrono::seconds(at)})) ==
          WallTime{std::chrono::seconds(at)});
  // A WallTime ends in 2262.
  CHECK(http_date(*parse_http_date("Fri, 31 Dec 9999 23:59:59 GMT")) ==
        "Wed, 01 Jan 2200 00:00:00 GMT");
  CHECK(*parse_http_date("Mon, 01 Jan 1601 00:00:00 GMT") == WallTime{});
  for (const char* text : {"", "Tue, 14 Nov 2023 22:13:20 UTC", "Tue, 31 Feb 2023 22:13:20 GMT",
                           "Tue, 14 Nvo 2023 22:13:20 GMT", "Tue, 14 Nov 2023 24:13:20 GMT",
                           "Tue, 1x Nov 2023 22:13:20 GMT", "Tuesday, 14-Nov-23 22:13:20 GMT"})
    CHECK_FALSE(parse_http_date(text).has_value());
}

TEST_GROUP(RenderHead) {
  const HttpHeader global[3] = {
      {"Access-Control-Allow-Origin", "*", 0}, {"X-Only-404", "yes", 404}, {"X-200", "y", 200}};
  const HttpHeader mount[1] = {{"X-Mount", "m", 0}};
  ReplyFacts facts{"Icecast 2.4.4", kNow, global, {}};
};
TEST(RenderHead, IsTheHeadOfIcecastsAdminReply) {
  ResponseHead head;
  head.content_type = "text/xml; charset=utf-8";
  head.content_length = 113;
  CHECK(render_head(head, facts) ==
        "HTTP/1.0 200 OK\r\nServer: Icecast 2.4.4\r\nConnection: Close\r\nDate: Tue, 14 Nov 2023 "
        "22:13:20 GMT\r\n"
        "Content-Type: text/xml; charset=utf-8\r\nCache-Control: no-cache, no-store\r\n"
        "Expires: Mon, 26 Jul 1997 05:00:00 GMT\r\nPragma: "
        "no-cache\r\nAccess-Control-Allow-Origin: *\r\nX-200: y\r\n"
        "Content-Length: 113\r\n\r\n");
}
TEST(RenderHead, AsksForAPasswordWith401) {
  ResponseHead head;
  head.status = 401;
  head.content_type = "text/plain; charset=utf-8";
  facts.http_headers = {};
  CHECK(render_head(head, facts) ==
        "HTTP/1.0 401 Authentication Required\r\nServer: Icecast 2.4.4\r\nConnection: Close\r\n"
        "Date: Tue, 14 Nov 2023 22:13:20 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "WWW-Authenticate: Basic realm=\"Icecast2 Server\"\r\nCache-Control: no-cache, no-store\r\n"
        "Expires: Mon, 26 Jul 1997 05:00:00 GMT\r\nPragma: no-cache\r\n\r\n");
}
TEST(RenderHead, PutsStreamHeadersAfterThoseOfTheMount) {
  ResponseHead head;
  head.content_type = "audio/mpeg";
  head.extra = "icy-br:128\r\nicy-metaint:16000\r\n";
  head.mount_http_headers = mount;
  const std::string text = render_head(head, facts);
  STRCMP_CONTAINS("X-200: y\r\nX-Mount: m\r\nicy-br:128\r\nicy-metaint:16000\r\n\r\n",
                  text.c_str());
  CHECK(text.find("X-Only-404") == std::string::npos);
  CHECK(text.find("Content-Length") == std::string::npos);
}
TEST(RenderHead, APartIsAnnouncedWithHttp11) {
  ResponseHead head;
  head.status = 206;
  CHECK(render_head(head, facts).rfind("HTTP/1.1 206 Partial Content\r\n", 0) == 0);
}
TEST(RenderHead, ContinueHasNothingButItsLength) {
  ResponseHead head;
  head.status = 100;
  CHECK(render_head(head, facts) == "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n");
}
TEST(RenderHead, KeepsTheConnectionOnlyWhenTold) {
  ResponseHead head;
  head.keep_alive = true;
  head.reason = "Fine";
  head.content_length = 0;
  const std::string text = render_head(head, facts);
  STRCMP_CONTAINS("HTTP/1.0 200 Fine\r\n", text.c_str());
  STRCMP_CONTAINS("\r\nConnection: Keep-Alive\r\n", text.c_str());
  STRCMP_CONTAINS("\r\nContent-Length: 0\r\n\r\n", text.c_str());
  CHECK(text.find("Content-Type") == std::string::npos);
}
TEST(RenderHead, WhatMayBeKeptSaysHowLongAndNothingElse) {
  ResponseHead head;
  head.http_1_1 = true;
  head.cache = "max-age=1";
  const std::string text = render_head(head, facts);
  CHECK(text.rfind("HTTP/1.1 200 OK\r\n", 0) == 0);
  STRCMP_CONTAINS("\r\nCache-Control: max-age=1\r\n", text.c_str());
  CHECK(text.find("Expires") == std::string::npos && text.find("Pragma") == std::string::npos);
}
TEST(RenderHead, AClientKeepsItsConnectionAsItsVersionHasIt) {
  Request request;
  CHECK(!client_keeps_alive(request));
  request.headers.add("connection", "TE, Keep-Alive");
  CHECK(client_keeps_alive(request));
  request.version_minor = 1;
  CHECK(client_keeps_alive(request));
  request.headers.add("connection", "x, Close");
  CHECK(!client_keeps_alive(request));
}
TEST(RenderHead, FilterShowsAHeaderOnItsStatusOnly) {
  ResponseHead head;
  head.status = 404;
  const std::string text = render_head(head, facts);
  STRCMP_CONTAINS("X-Only-404: yes\r\n", text.c_str());
  CHECK(text.find("X-200") == std::string::npos);
}

TEST_GROUP(ReasonPhrase){};
TEST(ReasonPhrase, SpeaksIcecastsWords) {
  CHECK(reason_phrase(401) == "Authentication Required");
  CHECK(reason_phrase(404) == "File Not Found");
  CHECK(reason_phrase(416) == "Request Range Not Satisfiable");
  CHECK(reason_phrase(302) == "Found");
}
TEST(ReasonPhrase, IsNeverEmptyBecauseSlavesNeedThreeWords) {
  for (int status = 100; status < 600; ++status) CHECK(!reason_phrase(status).empty());
}

TEST_GROUP(ErrorPage){};
TEST(ErrorPage, IsTheTextThatEncodersMatch) {
  CHECK(error_page(404, "The file you requested could not be found") ==
        "<html><head><title>Error 404</title></head><body><b>404 - The file you requested could "
        "not be "
        "found</b></body></html>\r\n");
}
TEST(ErrorPage, EscapesItsText) {
  CHECK(html_escape("<a href=\"x\">&'") == "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
  STRCMP_CONTAINS("400 - &lt;script&gt;", error_page(400, "<script>").c_str());
}

TEST_GROUP(ErrorPages){};
TEST(ErrorPages, ABrowserAsksForAPageByItsType) {
  Headers browser, player;
  browser.add("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
  player.add("accept", "*/*");
  CHECK(wants_page(browser));
  CHECK(!wants_page(player));
  CHECK(!wants_page(Headers()));
}
TEST(ErrorPages, HaveTheWordsAViewportAndOurName) {
  const std::string page = styled_error_page(404, "no <b> here\r\nand more");
  STRCMP_CONTAINS("<b>404 - no &lt;b&gt; here</b>", page.c_str());
  STRCMP_CONTAINS("name=\"viewport\"", page.c_str());
  STRCMP_CONTAINS("icecast-lb", page.c_str());
  CHECK(page.find("and more") == std::string::npos);
}
