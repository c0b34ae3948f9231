#include "http/parser.h"

#include <string>
#include <vector>

#include "base/encoding.h"
#include "base/random.h"
#include "http/every_split.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace lb::test;
using namespace std::literals;

namespace {

Request parsed(const std::string& wire) {
  RequestParser parser;
  parser.feed(wire);
  CHECK_TEXT(parser.status() == ParseStatus::kDone, wire.c_str());
  return parser.request();
}

bool done(const std::string& wire) { return parse(wire).rfind("done", 0) == 0; }
bool dropped(const std::string& wire) { return parse(wire).rfind("drop", 0) == 0; }
// The status it is refused with, or 0.
int refused(const std::string& wire) {
  parse(wire);
  RequestParser parser;
  parser.feed(wire);
  return parser.status() == ParseStatus::kRefuse ? parser.refuse_status() : 0;
}

std::string get(const std::string& target) { return "GET " + target + " HTTP/1.0\r\n\r\n"; }
std::string with(const std::string& headers) { return "PUT /m HTTP/1.1\r\n" + headers + "\r\n"; }

}  // namespace

TEST_GROUP(RequestParser){};
TEST(RequestParser, ReadsAWholeRequestAndLeavesTheBody) {
  const std::string head =
      "SOURCE /live.mp3?x=1&y=%20 HTTP/1.0\r\nAuthorization: Basic "
      "c291cmNlOnNyY3Bhc3M=\r\nIce-Name:My Name\r\n"
      "content-type: \t audio/mpeg \t\r\n\r\n";
  RequestParser parser;
  CHECK(!parser.started());
  LONGS_EQUAL(head.size(), parser.feed(head + "HEAD-OF-STREAM"));
  CHECK(parser.started());
  CHECK(parser.status() == ParseStatus::kDone);
  LONGS_EQUAL(0, parser.feed("more"));
  const Request& request = parser.request();
  CHECK(request.method == Method::kSource);
  CHECK(request.protocol == Protocol::kHttp);
  LONGS_EQUAL(0, request.version_minor);
  CHECK(request.target == "/live.mp3?x=1&y=%20");
  CHECK(request.path == "/live.mp3");
  CHECK(request.query == "x=1&y=%20");
  CHECK(request.headers.get("ice-name") == "My Name");
  CHECK(request.headers.get("content-type") == "audio/mpeg");
  LONGS_EQUAL(3, request.headers.all().size());
  parse(head + "HEAD-OF-STREAM");
}
TEST(RequestParser, KnowsSevenMethodsInAnyCase) {
  for (const auto& [word, method] :
       std::vector<std::pair<std::string, Method>>{{"GET", Method::kGet},
                                                   {"HEAD", Method::kHead},
                                                   {"POST", Method::kPost},
                                                   {"PUT", Method::kPut},
                                                   {"SOURCE", Method::kSource},
                                                   {"OPTIONS", Method::kOptions},
                                                   {"STATS", Method::kStats},
                                                   {"get", Method::kGet}}) {
    const Request request = parsed(word + " /x HTTP/1.1\r\n\r\n");
    CHECK(request.method == method);
    CHECK(request.method_text == (word == "get" ? "GET" : word));
    LONGS_EQUAL(1, request.version_minor);
  }
  for (const char* word :
       {"BREW", "DELETE", "PLAY", "PRI", "CONNECT", "TRACE", "GETX", "GE", "*", "\x16\x03\x01"}) {
    CHECK_TEXT(dropped(std::string(word) + " /x HTTP/1.0\r\n\r\n"), word);
  }
}
TEST(RequestParser, KnowsTwoMoreMethodsBelowApi) {
  for (const char* word : {"PATCH", "DELETE"}) {
    const Request request = parsed(std::string(word) + " /api/v1/session HTTP/1.1\r\n\r\n");
    CHECK(request.method == (word[0] == 'P' ? Method::kPatch : Method::kDelete));
    CHECK_EQUAL(std::string(word), request.method_text);
    LONGS_EQUAL(405, refused(std::string(word) + " /api HTTP/1.1\r\n\r\n"));
    LONGS_EQUAL(405, refused(std::string(word) + " /api/nowplaying HTTP/1.1\r\n\r\n"));
    CHECK(dropped(std::string(word) + " /x?/api/ HTTP/1.1\r\n\r\n"));
  }
}
TEST(RequestParser, AnswersAnUnknownMethodWithSilenceAtItsFirstLine) {
  RequestParser parser;
  parser.feed("BREW /um.mp3 HTTP/1.0\r\n");
  CHECK(parser.status() == ParseStatus::kDrop);
}
TEST(RequestParser, TellsOneThatAsksTheApiThatItsMethodIsUnknown) {
  for (const char* line : {"BREW /api/v1/mounts", "TRACE /api/nope?x", "CONNECT /api"})
    LONGS_EQUAL(501, refused(std::string(line) + " HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(dropped("BREW /apix HTTP/1.1\r\n\r\n"));
  CHECK(dropped("BR\x01EW /api/v1 HTTP/1.1\r\n\r\n"));
  CHECK(dropped("BREW /api/v1 RTSP/1.0\r\n\r\n"));
  LONGS_EQUAL(414, refused("DELETE /api/v1/" + std::string(65536, 'B')));
}
TEST(RequestParser, KnowsHttpAndIceOnly) {
  CHECK(parsed("SOURCE /m ICE/1.0\r\n\r\n").protocol == Protocol::kIce);
  LONGS_EQUAL(0, parsed("GET /m HTTP/0.9\r\n\r\n").version_minor);
  LONGS_EQUAL(0, parsed("GET /m HTTP/1\r\n\r\n").version_minor);
  LONGS_EQUAL(9, parsed("GET /m HTTP/1.9\r\n\r\n").version_minor);
  for (const char* version :
       {"ICY/1.0", "http/1.0", "HTTPS/1.1", "HTTP", "HTTP/", "HTTP/x", "HTTP/1.", "HTTP/1.x",
        "HTTP/1.10", "HTTP/11", "HTTP/-1.0", "/1.0", "RTSP/1.0"}) {
    CHECK_TEXT(dropped("GET /m " + std::string(version) + "\r\n\r\n"), version);
  }
  LONGS_EQUAL(505, refused("GET /m HTTP/2.0\r\n\r\n"));
  LONGS_EQUAL(505, refused("GET /m HTTP/9\r\n\r\n"));
}
TEST(RequestParser, DropsARequestLineWithoutItsThreeParts) {
  for (const char* line : {"GET", "GET /x", "GET  HTTP/1.0", "GET /x ", " ", "/x HTTP/1.0",
                           "GET\t/x\tHTTP/1.0", "hello", "\xff\xfe", "GET /x HTTP/1.0 extra"}) {
    CHECK_TEXT(dropped(std::string(line) + "\r\n\r\n"), line);
  }
}
TEST(RequestParser, TheTargetIsAllBetweenTheFirstAndTheLastSpace) {
  const Request request = parsed("GET /my x.mp3?a=b c HTTP/1.0\r\n\r\n");
  CHECK(request.path == "/my x.mp3");
  CHECK(request.query == "a=b c");
  CHECK(parsed("GET  /hello.txt  HTTP/1.0 \r\n\r\n").path == "/hello.txt");
}
TEST(RequestParser, AcceptsEveryLineEndThatOldEncodersSend) {
  for (const char* wire :
       {"GET /m HTTP/1.0\nA: b\n\n", "GET /m HTTP/1.0\r\nA: b\r\n\r\n",
        "GET /m HTTP/1.0\r\r\nA: b\r\r\n\r\r\n", "GET /m HTTP/1.0\nA: b\n\r\n",
        "\r\nGET /m HTTP/1.0\r\nA: b\r\n\r\n", "\nGET /m HTTP/1.0\r\nA: b\r\n\n"}) {
    CHECK_TEXT(done(wire), wire);
    CHECK(parsed(wire).headers.get("a") == "b");
  }
  CHECK(dropped("\r\n\r\nGET /m HTTP/1.0\r\n\r\n"));
}
TEST(RequestParser, AnAsteriskIsForOptionsOnly) {
  CHECK(parsed("OPTIONS * HTTP/1.1\r\n\r\n").path == "*");
  CHECK(parsed("OPTIONS /m HTTP/1.1\r\n\r\n").path == "/m");
  for (const char* line :
       {"GET * HTTP/1.1", "SOURCE * HTTP/1.0", "OPTIONS *x HTTP/1.1", "OPTIONS *?q HTTP/1.1"}) {
    CHECK_TEXT(dropped(std::string(line) + "\r\n\r\n"), line);
  }
}
TEST(RequestParser, CutsTheTargetAtTheFragment) {
  const Request request = parsed(get("/x?y#z?w"));
  CHECK(request.target == "/x?y");
  CHECK(request.query == "y");
  CHECK(parsed(get("/x#y?z")).query.empty());
  CHECK(parsed(get("/x%23y")).path == "/x#y");
}
TEST(RequestParser, DropsAddressesOfOtherServers) {
  CHECK(dropped(get("http://h/x")));
  CHECK(dropped(get("h:80")));
  CHECK(dropped("SOURCE nosl.mp3 HTTP/1.0\r\nAuthorization: Basic x\r\n\r\n"));
}
TEST(RequestParser, DropsControlBytesInPathAndQuery) {
  for (const char* target : {"/x\x1b[2J", "/x?a\rb", "/x?a\tb", "/x?\x7f", "/x#\x01"})
    CHECK_TEXT(dropped(get(target)), target);
  CHECK(dropped(get("/x?a\0b"s)));
  CHECK(done(get("/x?\xc3\xa9\xff%00%0a")));  // encoded ones stay as they are in the query
}
TEST(RequestParser, LeavesOutHeadersWithoutAValue) {
  const Request request = parsed("GET /m HTTP/1.0\r\nIce-Name:\r\nIcy-Name: x\r\nHost: \r\n\r\n");
  CHECK(request.headers.find("ice-name") == nullptr);
  CHECK(request.headers.find("host") == nullptr);
  CHECK(request.headers.get("icy-name") == "x");
}
TEST(RequestParser, AValueMayHoldAnyOtherByte) {
  CHECK(parsed("GET /m HTTP/1.0\r\nUser-Agent: a\x1b]0;x\x07 \xe4\xff:\"\r\n\r\n")
            .headers.get("user-agent") == "a\x1b]0;x\x07 \xe4\xff:\"");
}
TEST(RequestParser, RefusesSyntaxFaultsAtOnce) {
  for (const char* line :
       {" folded", "\tfolded", "Name : value", "Name\t: v", ": v", "no colon", "two words: v",
        "N\xc3\xa9: v", "(x): v", "X: a\rb", "X\r: v", "X: v\r\r"}) {
    RequestParser parser;
    parser.feed("GET /m HTTP/1.0\r\nA: b\r\n" + std::string(line) + "\r\n");
    CHECK_TEXT(parser.status() == ParseStatus::kRefuse, line);
    LONGS_EQUAL(400, parser.refuse_status());
    CHECK(!parser.refuse_text().empty());
    LONGS_EQUAL(400, refused("GET /m HTTP/1.0\r\nA: b\r\n" + std::string(line) + "\r\n\r\n"));
  }
  LONGS_EQUAL(400, refused("GET /m HTTP/1.0\r\nX: a\0b\r\n\r\n"s));
  LONGS_EQUAL(400, refused("GET /m HTTP/1.0\r\nX\0: b\r\n\r\n"s));
}
TEST(RequestParser, RefusesDuplicatesThatDiffer) {
  for (const char* name : {"Authorization", "Content-Length"}) {
    const std::string line = std::string(name) + ": 5\r\n";
    LONGS_EQUAL(400, refused(with(line + name + ": 6\r\n")));
    CHECK_TEXT(done(with(line + line)), name);
  }
  CHECK(parsed(with("X: 1\r\nX: 2\r\n")).headers.get("x") == "2");
}
TEST(RequestParser, OfTwoHostsTheLastCounts) {
  const Request request = parsed(with("Host: radio.example\r\nHost: radio.example//listen/s\r\n"));
  CHECK(request.headers.get("host") == "radio.example//listen/s");
}
TEST(RequestParser, RefusesEveryAmbiguousBody) {
  for (const char* headers : {"Content-Length: -1\r\n",
                              "Content-Length: 18446744073709551616\r\n",
                              "Content-Length: 99999999999999999999999\r\n",
                              "Content-Length: 0x10\r\n",
                              "Content-Length: +5\r\n",
                              "Content-Length: 1e9\r\n",
                              "Content-Length: 5, 6\r\n",
                              "Content-Length: \r\n",
                              "Content-Length:  \r\n",
                              "Content-Length: 5\r\nContent-Length: 900\r\n",
                              "Content-Length: 0\r\nContent-Length: 5\r\n",
                              "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                              "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                              "Transfer-Encoding : chunked\r\nContent-Length: 5\r\n",
                              "Transfer-Encoding: xchunked\r\nTransfer-Encoding: chunked\r\n",
                              "Transfer-Encoding:\r\n",
                              "Transfer-Encoding: \x0b"
                              "chunked\r\n",
                              "Transfer-Encoding: gzip\r\n",
                              "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                              "Transfer-Encoding:\r\n chunked\r\n"}) {
    LONGS_EQUAL_TEXT(400, refused(with(headers)), headers);
    LONGS_EQUAL_TEXT(
        400,
        refused("POST /hello.txt HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n0\r\n\r\n"),
        headers);
  }
  CHECK(done(with("Content-Length: 5\r\n")));
  CHECK(done(with("Transfer-Encoding: chunked\r\n")));
}

// Whether the API is there is not the parser's to know: Connection drops these where it is not.
TEST(RequestParser, WhatOnlyTheApiKnows) {
  const auto only_api = [](const std::string& line) {
    return parsed(line + " HTTP/1.1\r\nHost: x\r\n\r\n").only_api;
  };
  CHECK(only_api("PATCH /api/v1/mounts/a"));
  CHECK(only_api("DELETE /api/v1/mounts/%2Fa"));
  CHECK(only_api("GET /api/v1/mounts/%2Flive%2Fa.mp3"));
  CHECK(!only_api("GET /api/v1/mounts/a"));
  CHECK(!only_api("PUT /api/v1/mounts/a"));
  CHECK(dropped("DELETE /a HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(dropped("PATCH /apis HTTP/1.1\r\nHost: x\r\n\r\n"));
  LONGS_EQUAL(405, refused("PATCH /api/v11 HTTP/1.1\r\nHost: x\r\n\r\n"));
  LONGS_EQUAL(404, refused("GET /api/other/%2Fa HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(dropped("GET /other/%2Fa HTTP/1.1\r\nHost: x\r\n\r\n"));
  STRCMP_EQUAL("/api/v1/mounts/%2Fa",
               parsed("GET /api/v1/mounts/%2Fa?x=1 HTTP/1.1\r\nHost: x\r\n\r\n").path.c_str());
}

TEST_GROUP(RequestLimits){};
TEST(RequestLimits, AHeaderLineOf64KIsRefusedBeforeItEnds) {
  RequestParser parser;
  const std::string wire = "GET /witness.mp3 HTTP/1.1\r\nX-Big: " + std::string(65536, 'A');
  const std::size_t taken = parser.feed(wire);
  CHECK(parser.status() == ParseStatus::kRefuse);
  LONGS_EQUAL(431, parser.refuse_status());
  CHECK(taken < 17000);
  LONGS_EQUAL(431, refused(wire + "\r\n\r\n"));
}
TEST(RequestLimits, ARequestLineOf64KIsRefusedBeforeItEnds) {
  LONGS_EQUAL(414, refused("GET /" + std::string(65536, 'B')));
  LONGS_EQUAL(414, refused("SOURCE " + std::string(17000, 'B')));
  CHECK(dropped(std::string(65536, 'C')));
  CHECK(dropped("BREW /" + std::string(65536, 'B')));
}
TEST(RequestLimits, ATargetMayHave8192Bytes) {
  CHECK(done(get("/" + std::string(8191, 'x'))));
  LONGS_EQUAL(414, refused(get("/" + std::string(8192, 'x'))));
  LONGS_EQUAL(414, refused(get("/x?" + std::string(8190, 'x'))));
  CHECK(done(get("/?" + [] {
    std::string q;
    for (int i = 0; i < 900; ++i) q += "a=b&";
    return q;
  }())));
}
TEST(RequestLimits, ALineMayFillTheHead) {
  const std::string first = "GET /m HTTP/1.0\n";
  const std::string cookie = "Cookie: " + std::string(16384 - 8 - 2 - first.size(), 'x');
  CHECK(done(first + cookie + "\n\n"));
  LONGS_EQUAL(431, refused(first + cookie + "x\n\n"));
}
TEST(RequestLimits, AHeadMayHave16384Bytes) {
  const std::string first = "GET /m HTTP/1.0\r\n";
  const std::string line = "A: " + std::string(8000, 'x') + "\r\n";
  const auto head = [&](std::size_t size) {
    const std::string rest = first + line + line;
    return rest + "B: " + std::string(size - rest.size() - 3 - 4, 'y') + "\r\n\r\n";
  };
  CHECK(done(head(16384)));
  LONGS_EQUAL(431, refused(head(16385)));
}
TEST(RequestLimits, AHeadMayHave128Headers) {
  const auto request = [](int n) {
    std::string wire = "GET /hello.txt HTTP/1.0\r\n";
    for (int i = 0; i < n; ++i) wire += "H" + std::to_string(i) + ": v\r\n";
    return wire + "\r\n";
  };
  for (const int n : {33, 100, 128}) LONGS_EQUAL(n, parsed(request(n)).headers.all().size());
  for (const int n : {129, 1000, 10000}) LONGS_EQUAL(431, refused(request(n)));
  std::string empty_ones = "GET / HTTP/1.0\r\n";
  for (int i = 0; i < 200; ++i) empty_ones += "A:\r\n";
  LONGS_EQUAL(431, refused(empty_ones));
}
TEST(RequestLimits, MayBeSetByTheCaller) {
  RequestParser parser(ParseLimits{100, 50, 10, 2});
  parser.feed("GET /12345678901 HTTP/1.0\r\n");
  LONGS_EQUAL(414, parser.refuse_status());
}
TEST(RequestLimits, HoldsNothingBackFromHalfARequest) {
  RequestParser parser;
  parser.feed("GET /witness.mp3 HT");
  CHECK(parser.status() == ParseStatus::kMore);
  CHECK(parser.started());
}

TEST_GROUP(DecodePath){};
TEST(DecodePath, DecodesOnceAndKeepsPlus) {
  CHECK(decode_path("/%65nc%2Dmount%2emp3").value_or("?") == "/enc-mount.mp3");
  CHECK(decode_path("/a+b%20c").value_or("?") == "/a+b c");
  CHECK(decode_path("/%252e%252e%252fsecret.txt").value_or("?") == "/%2e%2e%2fsecret.txt");
  CHECK(decode_path("/").value_or("?") == "/");
  CHECK(decode_path("/a/b/").value_or("?") == "/a/b/");
}
TEST(DecodePath, KeepsHarmlessBytesAndDots) {
  for (const char* path : {"/.hidden", "/a.b..c", "/..a", "/a../b", "/d/..x", "/a;b=c", "/a&b",
                           "/<x>", "/]]>", "/a:b", "/..;/x"}) {
    STRCMP_EQUAL(path, decode_path(path).value_or("?").c_str());
  }
  CHECK(decode_path("/%ff%fe").value_or("?") == "/\xff\xfe");
  CHECK(decode_path("/\xc3\xa9").value_or("?") == "/\xc3\xa9");
  CHECK(decode_path("/%c0%ae%c0%ae/x").value_or("?") == "/\xc0\xae\xc0\xae/x");  // a name, not dots
}
TEST(DecodePath, RefusesEverySpellingOfTraversal) {
  for (const char* base : {"/", "/admin/"}) {
    for (const char* path :
         {"../secret.txt", "..%2fsecret.txt", "%2e%2e/secret.txt", "%2e%2e%2fsecret.txt",
          "..%5csecret.txt", "..\\secret.txt", "....//secret.txt", "..%00/secret.txt",
          "hello.txt%00/../../secret.txt", ".%2e/secret.txt", "x/../../secret.txt",
          "x/%2e%2e/%2e%2e/secret.txt", "./../secret.txt", "//../secret.txt", "x/.../y", "./x"}) {
      CHECK_TEXT(!decode_path(std::string(base) + path).has_value(), path);
      CHECK(dropped(get(std::string(base) + path)));
    }
  }
}
TEST(DecodePath, DotsAtTheEndAreNotFound) {
  for (const char* base : {"/", "/admin/"}) {
    for (const char* path : {"..", ".", "x/..", "x/.", "...", "%2e", "x/%2e%2e", "..?x=/../y"}) {
      const std::string target = std::string(base) + path;
      CHECK_TEXT(!decode_path(target.substr(0, target.find('?'))).has_value(), path);
      LONGS_EQUAL_TEXT(404, refused(get(target)), path);
    }
  }
  CHECK(dropped(get("/../..")));
  CHECK(dropped(get("/a//..")));
  CHECK(dropped(get("/a%00/..")));
}
TEST(DecodePath, RefusesTheRest) {
  for (const char* path : {"",
                           "x",
                           "*",
                           "//",
                           "//x",
                           "/x//y",
                           "/x//",
                           "/%2fx",
                           "/x%2f/y",
                           "/%00",
                           "/hello.txt%00.mp3",
                           "/hello.txt%0d%0aSet-Cookie:%20x=1",
                           "/a%0ab.m3u",
                           "/%1b[2J",
                           "/%7f",
                           "/%",
                           "/%2",
                           "/%zz",
                           "/a\\b",
                           "/a%5cb",
                           "?x",
                           "%2f",
                           "/a\x01"
                           "b"}) {
    CHECK_TEXT(!decode_path(path).has_value(), path);
  }
}

TEST_GROUP(ParserSplits){};
TEST(ParserSplits, RandomHeadsGiveTheSameInEverySplit) {
  const std::vector<std::string> words = {"GET ",
                                          "SOURCE ",
                                          "OPTIONS *",
                                          "/a",
                                          "/..",
                                          "%2e",
                                          "%00",
                                          "?q=1",
                                          "#",
                                          " HTTP/1.0",
                                          " HTTP/1.1",
                                          " ICE/1.0",
                                          "\r\n",
                                          "\n",
                                          "\r\r\n",
                                          "\r",
                                          "Host: h\r\n",
                                          "Content-Length: 5\r\n",
                                          "Content-Length: 6\r\n",
                                          "Transfer-Encoding: chunked\r\n",
                                          "X:\r\n",
                                          " folded\r\n",
                                          ":",
                                          std::string(1, '\0'),
                                          std::string(3000, 'x'),
                                          "\r\n\r\n",
                                          "body",
                                          "\xff"};
  Rng rng(99);
  for (int round = 0; round < 2000; ++round) {
    std::string wire = rng.below(2) != 0 ? "GET /x HTTP/1.0\r\n" : "";
    for (std::uint64_t n = rng.below(12); n > 0; --n) wire += words[rng.below(words.size())];
    parse(wire);
    parse<ShoutcastParser>(wire);
  }
}
