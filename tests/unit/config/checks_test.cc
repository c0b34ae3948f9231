#include <string>

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string roles(const std::string& source, const std::string& user, const std::string& admin) {
  return "<authentication><source-password>" + source + "</source-password><admin-user>" + user +
         "</admin-user><admin-password>" + admin + "</admin-password></authentication>";
}

}  // namespace

TEST_GROUP(Checks){};

TEST(Checks, AnExamplesPasswordRefusesTheStartUnlessAllowed) {
  for (const char* text : {"hackme", "HackMe", "hackmemore", "change-me-source", "ChangeMe"}) {
    const LoadedConfig refused = load(roles(text, "a", "sekret"));
    CHECK_TEXT(refused.refuses_start(), text);
    CHECK(refused.has_errors());
    const LoadedConfig allowed =
        load(roles(text, "a", "sekret"), {.allow_default_passwords = true});
    CHECK_TEXT(!allowed.has_errors(), text);
    LONGS_EQUAL(1, count(allowed, Severity::kWarning, "a password from a published example"));
  }
  CHECK(!load(roles("nothackme", "a", "changeme2")).refuses_start());
}
TEST(Checks, AnExamplesPasswordIsFoundEverywhere) {
  const LoadedConfig loaded = load(
      "<source-password>hackme</source-password><authentication><admin-password>hackme</"
      "admin-password>"
      "<relay-password>hackme</relay-password></authentication>"
      "<mount mount-name='/a' password='hackme'/><relay port='1' password='hackme'/>"
      "<master-server>m</master-server><master-password>hackme</master-password>"
      "<master server='n' password='hackme'/><cluster><node id='a' secret='hackme'/></cluster>"
      "<mount type='default'><password>hackme</password></mount>");
  LONGS_EQUAL(9, count(loaded, Severity::kFatal, "a password from a published example"));
}
TEST(Checks, WeakPasswordsAreWarnedAbout) {
  LONGS_EQUAL(1, count(load(roles("source", "a", "b")), Severity::kWarning,
                       "<source-password>: is the same as the user name"));
  LONGS_EQUAL(1, count(load(roles("s", "a", "a")), Severity::kWarning,
                       "<admin-password>: is the same as the user name"));
  LONGS_EQUAL(
      1, count(load(roles("s", "a", "s")), Severity::kWarning, "every source is an administrator"));
  LONGS_EQUAL(
      1, count(load(roles("", "a", "s")), Severity::kWarning, "<source-password>: is not set"));
  LONGS_EQUAL(1, count(load(roles("s", "", "x")), Severity::kWarning, "are not both set"));
  LONGS_EQUAL(1, count(load(roles("s", "a", "")), Severity::kWarning, "are not both set"));
  LONGS_EQUAL(1,
              count(load("<authentication><relay-password>relay</relay-password></authentication>"),
                    Severity::kWarning, "<relay-password>: is the same as the user name"));
  LONGS_EQUAL(0, count(load(roles("s", "a", "b")), Severity::kWarning, "password"));
}
TEST(Checks, APasswordIsNeverPartOfAMessage) {
  const LoadedConfig loaded = load(
      "<authentication><source-password mount='/a'>sekret1</source-password>"
      "<admin-password> sekret2 </admin-password><relay-password>sekret3<x/></relay-password>"
      "</authentication><mount password='sekret4' "
      "mount-name='/a'><password>sekret5</password></mount>");
  for (const Diagnostic& d : loaded.diagnostics) {
    CHECK_TEXT(d.text.find("sekret") == std::string::npos, d.text.c_str());
  }
  CHECK(loaded.diagnostics.size() >= 4);
  LONGS_EQUAL(1, count(loaded, Severity::kError, "a password of one mount"));
}
TEST(Checks, AShortTouchIntervalIsNotTheDefault) {
  const LoadedConfig loaded =
      load("<directory><yp-url>http://d/</yp-url><touch-interval>5</touch-interval></directory>");
  LONGS_EQUAL(0, count(loaded, Severity::kWarning, "touch-interval"));
  LONGS_EQUAL(5, loaded.config->directories.at(0).touch_interval.count());
}
TEST(Checks, PortsAreTakenOnce) {
  LONGS_EQUAL(1, count(load("<listen-socket port='1'/><listen-socket port='1'/>"),
                       Severity::kWarning, "port 1 is taken twice"));
  LONGS_EQUAL(0, count(load("<listen-socket port='0'/><listen-socket port='0'/>"),
                       Severity::kWarning, "twice"));
  LONGS_EQUAL(0,
              count(load("<listen-socket port='1'/><listen-socket port='1' bind-address='::1'/>"),
                    Severity::kWarning, "twice"));
  LONGS_EQUAL(1,
              count(load("<listen-socket port='1' shoutcast-mount='/a'/><listen-socket port='2'/>"),
                    Severity::kWarning, "port 2 is taken twice"));
  LONGS_EQUAL(1,
              count(load("<listen-socket port='2'/><listen-socket port='1' shoutcast-mount='/a'/>"),
                    Severity::kWarning, "port 2 is taken twice"));
  LONGS_EQUAL(0, count(load("<listen-socket port='1' shoutcast-mount='/a' shoutcast-compat='1'/>"
                            "<listen-socket port='2'/>"),
                       Severity::kWarning, "twice"));
}
TEST(Checks, TlsWithoutACertificateIsNoticed) {
  LONGS_EQUAL(
      1, count(load("<listen-socket port='1' ssl='1'/>"), Severity::kWarning, "is for TLS, but"));
  LONGS_EQUAL(0, count(load("<listen-socket port='1' ssl='1'/><paths ssl-certificate='/x'/>"),
                       Severity::kWarning, "is for TLS, but"));
}
TEST(Checks, MountsThatNeverCountAreNoticed) {
  LONGS_EQUAL(1, count(load("<mount mount-name='/a'/>\n<mount mount-name='/a'/>"),
                       Severity::kWarning, "already matched by \"/a\" in line 1"));
  LONGS_EQUAL(1, count(load("<mount mount-name='/*'/><mount mount-name='/a'/>"), Severity::kWarning,
                       "already matched by \"/*\""));
  LONGS_EQUAL(0, count(load("<mount mount-name='/a'/><mount mount-name='/*'/>"), Severity::kWarning,
                       "already matched"));
}
TEST(Checks, FallbacksThatLeadNowhereAreNoticed) {
  LONGS_EQUAL(1, count(load("<mount mount-name='/a' fallback-when-full='1'/>"), Severity::kWarning,
                       "but no fallback-mount"));
  LONGS_EQUAL(1, count(load("<mount mount-name='/a' fallback-mount='/a'/>"), Severity::kWarning,
                       "falls back to itself"));
  LONGS_EQUAL(0, count(load("<mount mount-name='/a' fallback-mount='/b' fallback-override='1'/>"),
                       Severity::kWarning, "fall"));
  for (const char* name : {"/../x.mp3", "/.."})
    LONGS_EQUAL(
        1,
        count(load(std::string("<mount mount-name='/a' fallback-mount='") + name + "'/>"),
              Severity::kWarning, "<fallback-mount>: a file outside the web root is not played"));
}
TEST(Checks, AQueueHoldsTheBurst) {
  LONGS_EQUAL(1,
              count(load("<limits queue-size='5000'/>"), Severity::kWarning, "<queue-size>: 5000"));
  LONGS_EQUAL(1, count(load("<mount mount-name='/a' queue-size='5000'/>"), Severity::kWarning,
                       "\"/a\": queue-size 5000 is smaller than burst-size 65536"));
}
TEST(Checks, ARelayNeedsAPort) {
  LONGS_EQUAL(
      1, count(load("<relay><mount>/a</mount></relay>"), Severity::kError, "\"/a\" has no <port>"));
  LONGS_EQUAL(0,
              count(load("<relay><host server='x' port='1'/></relay>"), Severity::kError, "port"));
}
TEST(Checks, AProxyThatCanNeverMatchIsNoticed) {
  const LoadedConfig loaded = load(
      "<paths><x-forwarded-for>10.0.0.0/8 10.0.0.0/99 proxy.example.org</x-forwarded-for></paths>");
  LONGS_EQUAL(2, count(loaded, Severity::kWarning, "it can never match and is not used"));
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "\"10.0.0.0/99\""));
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "\"proxy.example.org\""));
}
TEST(Checks, ASocketThatBelievesEverybodyIsNoticed) {
  const auto warnings = [](const std::string& bind, const std::string& more = {}) {
    return count(load("<listen-socket><port>8001</port><proxy-protocol>1</proxy-protocol>" + bind +
                      "</listen-socket>" + more),
                 Severity::kWarning, "it believes everybody");
  };
  LONGS_EQUAL(1, warnings(""));
  LONGS_EQUAL(1, warnings("<bind-address>192.0.2.1</bind-address>"));
  LONGS_EQUAL(0, warnings("<bind-address>127.0.0.1</bind-address>"));
  LONGS_EQUAL(0, warnings("", "<paths><x-forwarded-for>192.0.2.7</x-forwarded-for></paths>"));
}
TEST(Checks, TheServerOfARelayIsANameOrAnAddressAlone) {
  const auto faults = [](const std::string& server) {
    return count(
        load("<relay><server>" + server + "</server><port>8000</port><mount>/a</mount></relay>"),
        Severity::kWarning, "not only a name or an address");
  };
  for (const char* server : {"http://a.example.org/", "a.example.org:8000", "a.example.org/live"})
    LONGS_EQUAL_TEXT(1, faults(server), server);
  for (const char* server : {"a.example.org", "192.0.2.1", "2001:db8::1", "[2001:db8::1]", "::1"})
    LONGS_EQUAL_TEXT(0, faults(server), server);
  LONGS_EQUAL(1, count(load("<relay><mount>/a</mount><host server='a:1' port='1'/><host server='b' "
                            "port='1'/></relay>"),
                       Severity::kWarning, "\"a:1\""));
}
TEST(Checks, ACharsetThatIsNotKnownIsNoticed) {
  const auto warnings = [](const std::string& charset) {
    return count(load("<mount mount-name='/a'><charset>" + charset + "</charset></mount>"),
                 Severity::kWarning, "is not known; titles");
  };
  for (const char* charset : {"UFT-8", "nonsense"}) LONGS_EQUAL_TEXT(1, warnings(charset), charset);
  for (const char* charset :
       {"UTF-8", "utf8", "UTF8", "ISO-8859-1", "latin1", "ISO8859-1", "CP1252", "KOI8-R"})
    LONGS_EQUAL_TEXT(0, warnings(charset), charset);
}
TEST(Checks, AProxyThatLogsUsersInNeedsAnAddressAndASecret) {
  const auto warnings = [](const std::string& console, std::string_view text) {
    return count(load("<console " + console + "/>"), Severity::kWarning, text);
  };
  LONGS_EQUAL(1, warnings("sso-from='10.0.0.5'", "<sso-from>: has no effect without <sso-secret>"));
  LONGS_EQUAL(1, warnings("sso-secret='long'", "<sso-secret>: has no effect without <sso-from>"));
  LONGS_EQUAL(1, warnings("sso-from='10.0.0.5 proxy' sso-secret='long'", "<sso-from>: \"proxy\""));
  LONGS_EQUAL(0, warnings("sso-from='10.0.0.5' sso-secret='long'", "sso"));
  LONGS_EQUAL(0, warnings("sso-user='X-User'", "sso"));
}
TEST(Checks, ChangeownerNeedsBoth) {
  LONGS_EQUAL(1, count(load("<security><changeowner><group>x</group></changeowner></security>"),
                       Severity::kWarning, "needs both"));
  LONGS_EQUAL(0, count(load("<security><changeowner user='a' group='x'/></security>"),
                       Severity::kWarning, "needs both"));
}
TEST(Checks, AHeaderAndAnAliasNeedBothSides) {
  LONGS_EQUAL(1, count(load("<http-headers><header value='x'/></http-headers>"), Severity::kError,
                       "<header>: has no name"));
  LONGS_EQUAL(1, count(load("<paths><alias source='/a'/></paths>"), Severity::kError,
                       "<alias>: needs both source and destination"));
  const LoadedConfig loaded = load(
      "<http-headers><header name='a' value='b'/><header value='x'/></http-headers>"
      "<paths><alias source='/a'/><alias source='/b' dest='/c'/></paths>");
  LONGS_EQUAL(1, loaded.config->http_headers.size());
  LONGS_EQUAL(1, loaded.config->paths.aliases.size());
  STRCMP_EQUAL("/c", loaded.config->paths.aliases[0].destination.c_str());
}
TEST(Checks, AHeaderThatCouldSplitAReplyIsRefused) {
  for (const char* bad :
       {"<header name='a b' value='x'/>", "<header name='a:' value='x'/>",
        "<header name='a' value='x&#10;y'/>", "<header name='a&#13;b' value='x'/>"}) {
    const LoadedConfig loaded = load("<http-headers>" + std::string(bad) +
                                     "</http-headers>"
                                     "<mount mount-name='/a'><http-headers>" +
                                     bad + "</http-headers></mount>");
    LONGS_EQUAL(0, loaded.config->http_headers.size());
    LONGS_EQUAL(0, loaded.config->mounts[0].http_headers.size());
    CHECK(loaded.has_errors());
  }
}
TEST(Checks, ADrainRateHasToBeOne) {
  LONGS_EQUAL(0,
              count(load("<cluster><drain rate='5%'/></cluster>"), Severity::kWarning, "<rate>"));
  LONGS_EQUAL(1, count(load("<cluster><drain rate='quick'/></cluster>"), Severity::kWarning,
                       "<rate>: \"quick\" is neither a number"));
}
TEST(Checks, MetricsAllowHasToBeAnAddress) {
  LONGS_EQUAL(0, count(load("<metrics><allow>10.0.0.0/8</allow><allow>::1</allow></metrics>"),
                       Severity::kWarning, "<allow>"));
  LONGS_EQUAL(0,
              count(load("<metrics><allow>none</allow></metrics>"), Severity::kWarning, "<allow>"));
  LONGS_EQUAL(1, count(load("<metrics><allow>monitor.example</allow></metrics>"),
                       Severity::kWarning, "<allow>: \"monitor.example\""));
}
TEST(Checks, ThePortOfTheAgentIsItsOwn) {
  LONGS_EQUAL(
      1, count(load("<listen-socket><port>8002</port></listen-socket><cluster><agent "
                    "port='8002'/></cluster>"),
               Severity::kWarning, "<agent>: port 8002 is taken by the listen-socket in line"));
}

TEST_GROUP(ClusterChecks){};

TEST(ClusterChecks, NameWhatIsNoNodeAndNoAddress) {
  const LoadedConfig loaded = load(
      "<cluster><id>a b</id><public-address "
      "scheme='ftp'>x:1</public-address><public-address>a/b</public-address>"
      "<node id='e 1' secret='s'/><node id='e1' secret='s' allow-public='x'/><node id='e1' "
      "secret='s' allow-public='x:1'/>"
      "<legacy-slave address='old.example' public='a@b:1'/></cluster>");
  for (const char* text :
       {"<id>: \"a b\" is not a valid node name", "the scheme \"ftp\" is neither",
        "<public-address>: \"a/b\" is neither a host", "<node>: \"e 1\" is not a valid node name",
        "allow-public: \"x\" has no port", "\"e1\" is the name of another node",
        "<legacy-slave>: \"old.example\" is not an address", "public: \"a@b\" is neither a host"})
    LONGS_EQUAL_TEXT(1, count(loaded, Severity::kError, text), text);
}
TEST(ClusterChecks, WarnOfWhatWouldHaveNoEffect) {
  const LoadedConfig loaded = load(
      "<master-public-slave>1</master-public-slave><cluster><capacity max-listeners='1000'/><token "
      "require='hard'/>"
      "<legacy-slave address='192.0.2.7'/></cluster>");
  for (const char* text :
       {"there is no <master> to report to",
        "names an address at which listeners reach this server",
        "no listener is redirected while <max-redirect-slaves> is 0",
        "is more than <limits><clients>, 256", "require has no effect without keys"})
    LONGS_EQUAL_TEXT(1, count(loaded, Severity::kWarning, text), text);
  const LoadedConfig master = load(
      "<cluster><token keys='a-long-key' require='soft'/><node id='e1'/><node id='e2' "
      "secret='s-e2'/></cluster>");
  for (const char* text :
       {"require has no effect on a node that redirects", "\"e1\" has no secret",
        "<token>: a key has 10 characters", "\"e2\": its secret has 4 characters"})
    LONGS_EQUAL_TEXT(1, count(master, Severity::kWarning, text), text);
  LONGS_EQUAL(2, count(master, Severity::kWarning, "has no allow-public"));
}
TEST(ClusterChecks, AreSilentAboutAGoodCluster) {
  const LoadedConfig loaded = load(
      "<hostname>m1.example.org</hostname><cluster><id>m1</id><public-address>m1.example.org:8000</"
      "public-address>"
      "<node id='e1' secret='secret-of-e1' allow-public='e1.example.org:8000'/>"
      "<legacy-slave address='192.0.2.7' public='old.example.org:8000'/></cluster>");
  LONGS_EQUAL(0, count(loaded, Severity::kError, "<"));
  for (const char* text : {"<node>", "<legacy-slave>", "<public-address>", "<capacity>", "<token>"})
    LONGS_EQUAL_TEXT(0, count(loaded, Severity::kWarning, text), text);
}
TEST(Checks, AStoreThatCannotWorkRefusesTheStart) {
  const auto fatal = [](const std::string& store) {
    return count(load(store), Severity::kFatal, "<store>: ");
  };
  LONGS_EQUAL(0, fatal("<store type='files' path='/tmp/x'/>"));
  LONGS_EQUAL(1, fatal("<store type='files'/>"));
  LONGS_EQUAL(1, fatal("<store type='etcd'/>"));
  LONGS_EQUAL(1, fatal("<store type='etcd'><member>e1:2379</member></store>"));
  LONGS_EQUAL(1, fatal("<store key='short'/>"));
  const std::string key(64, 'a');
  const auto good = load("<store type='etcd' prefix='/r/' key='" + key + " " + key +
                         "'><member>https://e1:2379</member><member>https://e2:2379</member>"
                         "</store>");
  LONGS_EQUAL(0, count(good, Severity::kFatal, "<store>: "));
  LONGS_EQUAL(2, good.config->store.members.size());
  LONGS_EQUAL(2, good.config->store.keys.size());
  CHECK(good.config->store.type == StoreType::kEtcd);
  LONGS_EQUAL(1, count(load("<store type='etcd'><member>http://e1:2379</member></store>"),
                       Severity::kWarning, "without TLS"));
}
TEST(Checks, AnExternalConfigurationNeedsAnAddressThatCanBeAsked) {
  LONGS_EQUAL(1, count(load("<config-external/>"), Severity::kWarning, "has no url"));
  LONGS_EQUAL(
      1, count(load("<config-external url='ftp://x'/>"), Severity::kError, "is not an address"));
  LONGS_EQUAL(0, load("<config-external url='http://h/'/>").config->external.wait.count() - 55);
  LONGS_EQUAL(0,
              load("<config-external url='http://h/' confirm='manual'/>").config->external.confirm);
}
TEST(ClusterChecks, SayWhereALimitOfAllNodesIsNone) {
  const std::string mount = "<mount mount-name='/a' max-listeners-cluster='5'/>";
  const auto master = [](const std::string& name, bool link) {
    return "<master><server>" + name + "</server><username>e</username><password>s-e</password>" +
           (link ? "<cluster-port>8100</cluster-port>" : "") + "</master>";
  };
  LONGS_EQUAL(1, count(load(mount + master("m1", false)), Severity::kWarning,
                       "there is no link to the master \"m1\""));
  LONGS_EQUAL(1, count(load(mount + master("m1", true) + master("m2", true)), Severity::kNote,
                       "the masters have to be linked to each other"));
  const LoadedConfig good = load(mount + master("m1", true));
  LONGS_EQUAL(0, count(good, Severity::kWarning, "max-listeners-cluster"));
  LONGS_EQUAL(0, count(good, Severity::kNote, "max-listeners-cluster"));
  LONGS_EQUAL(1, count(load("<mount mount-name='/a' sessions-per-user='1'/>"), Severity::kWarning,
                       "has no effect without an <authentication>"));
}
TEST(Checks, AnAudienceNeedsAPlaceAndKnownReports) {
  const auto reports = [](const std::string& name) {
    return load("<paths><state-dir>/tmp</state-dir></paths>\n<audience>\n<report name='" + name +
                "' directory='/tmp' service='x'/></audience>");
  };
  const LoadedConfig loaded = load("\n<audience/>");
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "<audience>: nothing is recorded"));
  for (const Diagnostic& one : loaded.diagnostics)
    if (one.text.find("<audience>") != std::string::npos) LONGS_EQUAL(2, one.line);
  LONGS_EQUAL(0, count(load("<audience><enabled>0</enabled></audience>"), Severity::kWarning,
                       "<audience>"));
  LONGS_EQUAL(0, count(reports("songs"), Severity::kError, "<audience>"));
  LONGS_EQUAL(0, count(reports("songs"), Severity::kWarning, "<audience>"));
  LONGS_EQUAL(1, count(reports("sondexchange"), Severity::kError,
                       "there is no report \"sondexchange\" (did you mean soundexchange?); nothing "
                       "is written"));
  LONGS_EQUAL(1, count(reports("billing"), Severity::kError,
                       "there is no report \"billing\" (there are: songs, playlist, "));
}
