#include "cluster/polling/node_report.h"

#include <string>

#include "cluster/nodes/names.h"
#include "cluster/nodes/public_address.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using namespace std::chrono_literals;

TEST_GROUP(NodeReport){static NodeReport good(std::string_view header, std::string_view body = ""){
    auto report = parse_node_report(header, body);
if (!report.has_value()) FAIL(report.error().what.c_str());
return *report;
}
static std::string fault(std::string_view header, std::string_view body = "") {
  const auto report = parse_node_report(header, body);
  return report.has_value() ? "" : report.error().what;
}
}
;

TEST(NodeReport, SaysWhoANodeIsAndWhatItCarries) {
  const NodeReport r = good(
      "edge3; public=edge3.example.org:8000; public-https=edge3.example.org; max=5000; "
      "max-kbps=900000; accept=800; listeners=1234; kbps=158300; arrived=20411; interval=5; "
      "seq=17; "
      "epoch=9f3c; masters=2; relays=41; tags=eu,premium; countries=DE,AT; tokens=1; draining=1; "
      "later=whatever",
      "/rock.mp3\t812\n/jazz%20x.ogg\t17\tidle,auth,limits,new\r\n\n");
  CHECK(r.form == NodeReport::Form::kOurs);
  STRCMP_EQUAL("edge3", r.id.c_str());
  STRCMP_EQUAL("9f3c", r.epoch.c_str());
  UNSIGNED_LONGS_EQUAL(17, r.seq);
  UNSIGNED_LONGS_EQUAL(2, r.addresses.size());
  STRCMP_EQUAL("http://edge3.example.org:8000", origin_of(r.addresses[0]).c_str());
  STRCMP_EQUAL("https://edge3.example.org:8000", origin_of(r.addresses[1]).c_str());
  UNSIGNED_LONGS_EQUAL(5000, r.capacity.listeners);
  DOUBLES_EQUAL(900000, r.capacity.kbps, 0);
  UNSIGNED_LONGS_EQUAL(800, r.capacity.accepts);
  UNSIGNED_LONGS_EQUAL(1234, *r.listeners);
  DOUBLES_EQUAL(158300, *r.kbps, 0);
  UNSIGNED_LONGS_EQUAL(20411, *r.arrived);
  CHECK(r.every == 5s);
  UNSIGNED_LONGS_EQUAL(2, r.masters);
  UNSIGNED_LONGS_EQUAL(41, r.relays);
  UNSIGNED_LONGS_EQUAL(2, r.tags.size());
  UNSIGNED_LONGS_EQUAL(2, r.countries.size());
  STRCMP_EQUAL("AT", r.countries[1].c_str());
  CHECK(r.tokens && r.draining && !r.leaving);
  UNSIGNED_LONGS_EQUAL(2, r.mounts.size());
  CHECK((r.mounts[0] == MountLoad{"/rock.mp3", 812, true, 0}));
  CHECK((r.mounts[1] == MountLoad{"/jazz x.ogg", 17, false, 5}));
}
TEST(NodeReport, ReadsWhatItWrites) {
  NodeReport r = good(
      "e; public=[2001:db8::2]:8000; port=8000; max=5; max-kbps=6; accept=7; listeners=3; kbps=9; "
      "arrived=0; interval=5; seq=8; epoch=a; masters=3; relays=2; tags=a,b; countries=US; "
      "tokens=1; draining=1; "
      "leaving=1",
      "/a b%25.mp3\t1\n/idle.mp3\t0\tidle,lists\n");
  const NodeReport again = good(node_header(r), node_body(r));
  STRCMP_EQUAL(node_header(r).c_str(), node_header(again).c_str());
  CHECK(r.mounts == again.mounts);
  STRCMP_EQUAL("/a b%.mp3", r.mounts[0].mount.c_str());
  CHECK(r.addresses == again.addresses && r.capacity == again.capacity);
  CHECK(again.leaving && again.draining && again.tokens && *again.arrived == 0);
}
TEST(NodeReport, OfThePatchOf2004IsAListOfMounts) {
  const NodeReport r = good("", "/rock.mp3\r\n/jazz.ogg");
  CHECK(r.form == NodeReport::Form::kPlain);
  UNSIGNED_LONGS_EQUAL(2, r.mounts.size());
  CHECK(!r.listeners.has_value());
  CHECK(r.every == 120s);
  CHECK(good("", "").mounts.empty());
}
TEST(NodeReport, CountsListenersOfMountsWhereTheNodeDoesNot) {
  UNSIGNED_LONGS_EQUAL(5, *good("e", "/a\t2\n/b\t3\n").listeners);
  UNSIGNED_LONGS_EQUAL(9, *good("e; listeners=9", "/a\t2\n/b\t3\n").listeners);
}
TEST(NodeReport, MaySayTheRestInACommentOfItsBody) {
  const NodeReport r = good("", "# public=a.b:1 max=7 x=y\n/a\n#\n");
  UNSIGNED_LONGS_EQUAL(7, r.capacity.listeners);
  UNSIGNED_LONGS_EQUAL(1, r.addresses.size());
}
TEST(NodeReport, WithAnAbsurdNumberIsNone) {
  for (const char* pair : {"listeners=-1",       "listeners=",      "listeners=1x",
                           "listeners=10000001", "max=1e3",         "max=99999999999999999999",
                           "kbps=nan",           "kbps=1000000001", "interval=0",
                           "interval=86401",     "seq=-1",          "port=0",
                           "port=65536",         "masters=1001",    "epoch=",
                           "epoch=a b",          "tokens=yes",      "draining=2",
                           "tags=a b",           "tags=",           "countries=",
                           "countries=D E",      "public=x:0",      "public=a@b:1",
                           "public-https=:1"}) {
    const std::string what = fault("e; " + std::string(pair));
    CHECK_TEXT(what.ends_with(" cannot be"), pair);
  }
}
TEST(NodeReport, WithAMountThatCannotBeIsNone) {
  for (const char* line : {"rock", "/admin/stats", "/a.xsl", "/..", "/a/../b", "/%zz", "/a\t",
                           "/a\t-1", "/a\t1 ", "/a\t10000001", "/%0a", "/"})
    CHECK_TEXT(!fault("e", std::string(line) + "\n").empty(), line);
}
TEST(NodeReport, HasLimits) {
  CHECK(!fault("e; " + std::string(2048, ' ')).empty());
  CHECK(!fault("e", std::string((1 << 20) + 1, '\n')).empty());
  std::string body;
  for (int i = 0; i < 10'000; ++i) body += "/" + std::to_string(i) + "\n";
  CHECK(fault("e", body).empty());
  CHECK(!fault("e", body + "/x\n").empty());
  std::string tags;
  for (int i = 0; i < 17; ++i) tags += "t" + std::to_string(i) + ",";
  tags.pop_back();
  CHECK(!fault("e; tags=" + tags).empty());
  CHECK(!fault("e; public=a:1; public=b:1; public=c:1; public=d:1; public=e:1").empty());
  CHECK(fault("e; public=a:1; public=b:1; public=c:1; public=d:1").empty());
}
TEST(NodeReport, NamesFaultsInOneHarmlessLine) {
  const std::string what = fault("e; max=\x01\xff<b>" + std::string(200, 'x'));
  CHECK(what.size() < 120);
  CHECK(what.find('\x01') == std::string::npos && what.find('\xff') == std::string::npos);
}
TEST(NodeReport, IsOfANodeWithAName) {
  for (const char* id : {"", " ", "a b", "a\r\nb", "a/b", "\xc3\xa9"})
    CHECK_TEXT(!is_node_id(id), id);
  CHECK(is_node_id("edge-1.example_ORG"));
  CHECK(!is_node_id(std::string(65, 'a')));
  CHECK(!fault("a b; max=1").empty());
}

TEST_GROUP(KhRegistration){};

TEST(KhRegistration, IsAQueryWithServerAndPort) {
  CHECK(is_kh_registration("rserver=a&rport=1&interval=5"));
  CHECK(is_kh_registration("rserver=&rport="));
  CHECK(!is_kh_registration("rserver=a"));
  CHECK(!is_kh_registration("mount=/a"));
  const auto report = parse_kh_registration("rserver=Edge.example&rport=8010&interval=5");
  CHECK(report.has_value());
  CHECK(report->form == NodeReport::Form::kKh);
  STRCMP_EQUAL("edge.example:8010", to_text(report->addresses[0]).c_str());
  CHECK(report->every == 5s && report->port == 8010 && !report->listeners.has_value());
  STRCMP_EQUAL("[::2]:1",
               to_text(parse_kh_registration("rserver=%5b::2%5d&rport=1")->addresses[0]).c_str());
}
TEST(KhRegistration, IsRefusedWhereItCouldBecomeAnythingElseThanAHost) {
  for (const char* query :
       {"rserver=&rport=1", "rserver=a%0d%0aX:1&rport=1", "rserver=a/b&rport=1",
        "rserver=joe@a&rport=1", "rserver=a&rport=0", "rserver=a&rport=x", "rserver=a&rport=70000",
        "rserver=a&rport=1&interval=0", "rserver=a&rport=1&interval=-5", "rserver=a%00b&rport=1"})
    CHECK_TEXT(!parse_kh_registration(query).has_value(), query);
}
