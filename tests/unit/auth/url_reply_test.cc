#include <string>
#include <vector>

#include "auth/listener/url_form.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(UrlReply) {
  UrlOptions options;
  UrlReply reply;
  void read(const std::vector<std::string>& headers, int status = 200) {
    FetchAnswer answer;
    answer.status = status;
    answer.headers = headers;
    reply = parse_url_reply(answer, options);
  }
};

TEST(UrlReply, TheDefaultHeaderMustBeTheWholeLine) {
  read({"icecast-auth-user: 1"});
  CHECK(reply.accepted);
  read({"Icecast-Auth-User: 1"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: 12"});
  CHECK(!reply.accepted);
  CHECK(!reply.forbidden);
  read({"x-icecast-auth-user: 1"});
  CHECK(!reply.accepted);
  read({});
  CHECK(!reply.accepted);
}
TEST(UrlReply, TheStatusDoesNotCountWhereTheHeaderIsThere) {
  read({"icecast-auth-user: 1"}, 500);
  CHECK(reply.accepted);
  CHECK(!reply.failed);
}
TEST(UrlReply, KhsWordsAreAcceptedAndItsZeroIsARefusal) {
  read({"icecast-auth-user: withintro"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: hijack"});
  CHECK(reply.accepted);
  read({"icecast-auth-user:1"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: 0"});
  CHECK(!reply.accepted);
  CHECK(reply.forbidden);
}
TEST(UrlReply, AzuraCastsLiteralWithoutLineEndIsAPrefix) {
  options.auth_header = "icecast-auth-user: 1";
  read({"icecast-auth-user: 1"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: 0", "icecast-auth-message: geo-blocked"});
  CHECK(reply.forbidden);
  STRCMP_EQUAL("geo-blocked", reply.message.c_str());
}
TEST(UrlReply, AnotherValueOfTheDefaultHeaderIsTheOnlyOne) {
  options.auth_header = "icecast-auth-user: withlimit";
  for (const char* line : {"icecast-auth-user: 1", "icecast-auth-user: withintro"}) {
    read({line});
    CHECK(!reply.accepted);
  }
  read({"icecast-auth-user: withlimit"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: 0"});
  CHECK(reply.forbidden);
}
TEST(UrlReply, KhsBareNameIsTheDefaultRule) {
  options.auth_header = "icecast-auth-user:";
  read({"icecast-auth-user: withintro"});
  CHECK(reply.accepted);
  CHECK(reply.with_intro);
}
TEST(UrlReply, AnotherHeaderIsTakenByItsLetters) {
  options.auth_header = "x-let-in: yes";
  read({"X-Let-In: yes please"});
  CHECK(reply.accepted);
  read({"icecast-auth-user: 1"});
  CHECK(!reply.accepted);
  options.auth_header = "x-let-in: yes\r\n";
  read({"X-Let-In: yes please"});
  CHECK(!reply.accepted);
}
TEST(UrlReply, AHeaderOfLineEndsOnlyAllowsNoListener) {
  options.auth_header = "\r\n";
  read({"", "anything: 1"});
  CHECK(!reply.accepted);
}
TEST(UrlReply, ReadsTheTimeLimit) {
  read({"icecast-auth-user: 1", "icecast-auth-timelimit: 900"});
  LONGS_EQUAL(900, reply.time_limit->count());
  read({"icecast-auth-timelimit:60 s"});
  LONGS_EQUAL(60, reply.time_limit->count());
  read({"icecast-auth-timelimit: soon"});
  CHECK(!reply.time_limit.has_value());
  read({"icecast-auth-timelimit: 99999999999999999"});
  CHECK(reply.time_limit->count() > 0);
  options.timelimit_header = "x-limit:";
  read({"X-Limit: 5", "icecast-auth-timelimit: 9"});
  LONGS_EQUAL(5, reply.time_limit->count());
}
TEST(UrlReply, ReadsTheHeadersOfKh) {
  read({"icecast-auth-user: 1", "icecast-slave: 1", "Mountpoint: /other", "ice-username: jane",
        "Location: http://x/y"});
  CHECK(reply.is_relay);
  STRCMP_EQUAL("/other", reply.mount.c_str());
  STRCMP_EQUAL("jane", reply.user.c_str());
  STRCMP_EQUAL("http://x/y", reply.location.c_str());
  read({"icecast-slave: 0", "Mountpoint: other"});
  CHECK(!reply.is_relay);
  STRCMP_EQUAL("", reply.mount.c_str());
}
// Each listener keeps its name, and a hand-over has those of all.
TEST(UrlReply, ANameOfKilobytesIsNotTaken) {
  const std::string longest(256, 'x');
  read({"icecast-auth-user: 1", "ice-username: " + longest});
  CHECK(reply.user == longest);
  read({"icecast-auth-user: 1", "ice-username: x" + longest, "Mountpoint: /" + longest,
        "icecast-auth-message: x" + longest});
  CHECK(reply.accepted && reply.user.empty() && reply.mount.empty());
  UNSIGNED_LONGS_EQUAL(256, reply.message.size());
}
TEST(UrlReply, ALocationThatIsNoneIsPassedOver) {
  read({"Location: javascript:alert(1)"});
  STRCMP_EQUAL("", reply.location.c_str());
  read({"Location: /x y"});
  STRCMP_EQUAL("", reply.location.c_str());
  read({"Location: /there"});
  STRCMP_EQUAL("/there", reply.location.c_str());
  read({"Location: http://x/\x01"});
  STRCMP_EQUAL("", reply.location.c_str());
}
TEST(UrlReply, AForbiddenStatusIsNoFailure) {
  read({}, 403);
  CHECK(reply.forbidden);
  read({"icecast-auth-user: 1"}, 403);
  CHECK(reply.accepted);
}
TEST(UrlReply, DistinguishesAFailingBackendFromOneThatRefuses) {
  for (const int status : {500, 502, 503, 404, 429}) {
    read({}, status);
    CHECK(reply.failed);
  }
  for (const int status : {200, 401, 302, 400}) {
    read({}, status);
    CHECK(!reply.failed);
  }
}

TEST_GROUP(UrlOptions) { std::vector<std::string> complaints; };

TEST(UrlOptions, HasIcecastsDefaults) {
  const UrlOptions options = parse_url_options({}, complaints);
  STRCMP_EQUAL("icecast-auth-user: 1\r\n", options.auth_header.c_str());
  STRCMP_EQUAL("icecast-auth-timelimit:", options.timelimit_header.c_str());
  LONGS_EQUAL(15, options.timeout.count());
  LONGS_EQUAL(0, options.on_error_wait.count());
  LONGS_EQUAL(0, options.redirect_limit);
  CHECK(!options.presume_innocent);
  LONGS_EQUAL(0, complaints.size());
}
TEST(UrlOptions, TakesEveryOption) {
  const UrlOptions options = parse_url_options({{"listener_add", "http://a/1"},
                                                {"listener_remove", "http://a/2"},
                                                {"mount_add", "http://a/3"},
                                                {"mount_remove", "http://a/4"},
                                                {"stream_auth", "http://a/5"},
                                                {"username", "u"},
                                                {"password", "p"},
                                                {"auth_header", "x: 1"},
                                                {"timelimit_header", "y:"},
                                                {"headers", "X-Foo, referer ,,"},
                                                {"header_prefix", "H-"},
                                                {"handlers", "7"},
                                                {"timeout", "3"},
                                                {"on_error_wait", "30"},
                                                {"presume_innocent", "yes"},
                                                {"redirect_limit", "2"},
                                                {"allow_duplicate_users", "1"}},
                                               complaints);
  LONGS_EQUAL(0, complaints.size());
  STRCMP_EQUAL("http://a/1", options.listener_add.c_str());
  STRCMP_EQUAL("http://a/5", options.stream_auth.c_str());
  STRCMP_EQUAL("x: 1", options.auth_header.c_str());
  LONGS_EQUAL(2, options.headers.size());
  STRCMP_EQUAL("x-foo", options.headers[0].c_str());
  STRCMP_EQUAL("referer", options.headers[1].c_str());
  LONGS_EQUAL(7, options.handlers);
  LONGS_EQUAL(3, options.timeout.count());
  LONGS_EQUAL(30, options.on_error_wait.count());
  CHECK(options.presume_innocent);
  LONGS_EQUAL(2, options.redirect_limit);
}
TEST(UrlOptions, ReportsOptionsThatMakeNoSense) {
  const UrlOptions options = parse_url_options({{"listener_add", "ftp://a/"},
                                                {"handlers", "0"},
                                                {"timeout", "ten"},
                                                {"listner_add", "http://a/"}},
                                               complaints);
  LONGS_EQUAL(4, complaints.size());
  LONGS_EQUAL(10, options.handlers);
  LONGS_EQUAL(15, options.timeout.count());
}
TEST(UrlOptions, TheLastOfAnOptionCounts) {
  STRCMP_EQUAL(
      "http://b/",
      parse_url_options({{"listener_add", "http://a/"}, {"listener_add", "http://b/"}}, complaints)
          .listener_add.c_str());
}
