#include "config/load/loader.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Loader){};

TEST(Loader, AnEmptyFileOfSettingsHasIcecastsDefaults) {
  const LoadedConfig loaded = load("");
  const Config& c = *loaded.config;
  STRCMP_EQUAL("test.xml", c.file.c_str());
  STRCMP_EQUAL("Earth", c.location.c_str());
  STRCMP_EQUAL("icemaster@localhost", c.admin.c_str());
  STRCMP_EQUAL("localhost", c.hostname.c_str());
  CHECK(c.server_id.starts_with("Icecast 2.4.4 (icecast-lb "));
  LONGS_EQUAL(1, c.listen.size());
  LONGS_EQUAL(8000, c.listen[0].port);
  LONGS_EQUAL(8000, c.port);
  LONGS_EQUAL(256, c.limits.clients);
  LONGS_EQUAL(16, c.limits.sources);
  LONGS_EQUAL(512000, c.default_mount.queue_bytes);
  LONGS_EQUAL(65536, c.default_mount.burst_bytes);
  STRCMP_EQUAL("relay", c.authentication.relay_user.c_str());
  STRCMP_EQUAL("/etc/mime.types", c.paths.mime_types.c_str());
  STRCMP_EQUAL("-", c.logging.error_path.c_str());
  STRCMP_EQUAL("", c.logging.access_path.c_str());
  CHECK(c.logging.max_bytes == 1u << 30);
  CHECK(c.fileserve);
  CHECK(!loaded.has_errors());
}
TEST(Loader, AMountInheritsTheDefaultMountAndTheLimits) {
  const LoadedConfig loaded = load(
      "<mount><mount-name>/a</mount-name><max-listeners>5</max-listeners></mount>"
      "<mount type='default'><max-listeners>7</max-listeners><hidden>1</hidden>"
      "<http-headers><header name='a' value='b'/></http-headers></mount>"
      "<mount mount-name='/b/*'><http-headers><header name='c' value='d'/></http-headers></mount>"
      "<limits><burst-size>1000</burst-size></limits>");
  const Config& c = *loaded.config;
  const MountSettings a = mount_settings(c, "/a");
  LONGS_EQUAL(5, a.max_listeners);
  CHECK(a.hidden);
  LONGS_EQUAL(1000, a.burst_bytes);
  const MountSettings b = mount_settings(c, "/b/x");
  LONGS_EQUAL(7, b.max_listeners);
  LONGS_EQUAL(2, b.http_headers.size());
  STRCMP_EQUAL("c", b.http_headers[0].name.c_str());
  STRCMP_EQUAL("a", b.http_headers[1].name.c_str());
  STRCMP_EQUAL("/b/x", b.name.c_str());
  const MountSettings other = mount_settings(c, "/b/x/y");
  LONGS_EQUAL(7, other.max_listeners);
  LONGS_EQUAL(1, other.http_headers.size());
  STRCMP_EQUAL("/b/x/y", other.name.c_str());
}
TEST(Loader, ValuesThatMeanUnsetAreInheritedAndAnExplicitNoIsNot) {
  const LoadedConfig loaded = load(
      "<mount type='default'><max-listeners>7</max-listeners><queue-size>90000</queue-size>"
      "<source-timeout>77</source-timeout><burst-size>5</burst-size><public>1</public>"
      "<mp3-metadata-interval>99</mp3-metadata-interval><hidden>1</hidden></mount>"
      "<mount mount-name='/a'><max-listeners>-1</max-listeners><queue-size>0</queue-size>"
      "<source-timeout>0</source-timeout><burst-size>-1</burst-size><public>-1</public>"
      "<mp3-metadata-interval>-1</mp3-metadata-interval><hidden>0</hidden></mount>");
  const MountSettings a = mount_settings(*loaded.config, "/a");
  LONGS_EQUAL(7, a.max_listeners);
  LONGS_EQUAL(90000, a.queue_bytes);
  LONGS_EQUAL(77, a.source_timeout.count());
  LONGS_EQUAL(5, a.burst_bytes);
  LONGS_EQUAL(1, a.is_public);
  LONGS_EQUAL(99, a.metaint);
  CHECK(!a.hidden);
}
TEST(Loader, OfSeveralRelaysOfAMountTheLastCounts) {
  const LoadedConfig loaded = load(
      "<relay><server>a</server><port>1</port><mount>/x</mount></relay>"
      "<relay><server>b</server><port>1</port><mount>/y</mount></relay>\n"
      "<relay><server>c</server><port>1</port><local-mount>/x</local-mount></relay>");
  const auto& relays = loaded.config->relays;
  LONGS_EQUAL(2, relays.size());
  STRCMP_EQUAL("c", relays[0].host.server.c_str());
  STRCMP_EQUAL("b", relays[1].host.server.c_str());
  LONGS_EQUAL(1, count(loaded, Severity::kWarning,
                       "<relay>: \"/x\" is written twice, first in line 1; this one counts"));
}
TEST(Loader, OfSeveralRelaysOfAMountOneThatIsOffDoesNotCount) {
  const LoadedConfig loaded = load(
      "<relay server='a' port='1' mount='/x'/><relay server='b' port='1' mount='/x' enable='0'/>"
      "<relay server='c' port='1' mount='/y' enable='0'/><relay server='d' port='1' mount='/y'/>");
  const auto& relays = loaded.config->relays;
  LONGS_EQUAL(2, relays.size());
  STRCMP_EQUAL("a", relays[0].host.server.c_str());
  CHECK(relays[0].enabled);
  STRCMP_EQUAL("d", relays[1].host.server.c_str());
}
TEST(Loader, TheAuthenticatorOfTheDefaultMountIsNotInherited) {
  const LoadedConfig loaded = load(
      "<mount type='default'><authentication type='url'><option name='listener_add' value='x'/>"
      "</authentication><password>sekret</password></mount><mount mount-name='/a'/>");
  const Config& c = *loaded.config;
  STRCMP_EQUAL("", mount_settings(c, "/a").authenticator.type.c_str());
  LONGS_EQUAL(0, mount_settings(c, "/a").authenticator.options.size());
  STRCMP_EQUAL("sekret", mount_settings(c, "/a").password.c_str());
  STRCMP_EQUAL("url", mount_settings(c, "/b").authenticator.type.c_str());
  STRCMP_EQUAL("listener_add", mount_settings(c, "/b").authenticator.options[0].first.c_str());
}
TEST(Loader, TheFirstMountInTheFileThatMatchesCounts) {
  const LoadedConfig loaded = load(
      "<mount mount-name='/x*' max-listeners='1'/><mount mount-name='/xy' max-listeners='2'/>"
      "<mount mount-name='/[' max-listeners='3'/>");
  LONGS_EQUAL(1, mount_settings(*loaded.config, "/xy").max_listeners);
  LONGS_EQUAL(3, mount_settings(*loaded.config, "/[").max_listeners);  // a name, if no pattern
  LONGS_EQUAL(-1, mount_settings(*loaded.config, "/x/y").max_listeners);
}
TEST(Loader, TwoDefaultMountsAddUp) {
  const LoadedConfig loaded = load(
      "<mount type='default'><hidden>1</hidden></mount>"
      "<mount type='default'><no-mount>1</no-mount></mount>");
  CHECK(loaded.config->default_mount.hidden);
  CHECK(loaded.config->default_mount.no_mount);
}
TEST(Loader, TheBurstIsOffOnlyIfThatIsSaidAfterItsSize) {
  LONGS_EQUAL(0, load("<limits><burst-size>9</burst-size><burst-on-connect>0</burst-on-connect>"
                      "</limits>")
                     .config->limits.burst_bytes);
  const LoadedConfig before =
      load("<limits><burst-on-connect>0</burst-on-connect><burst-size>9</burst-size></limits>");
  LONGS_EQUAL(9, before.config->limits.burst_bytes);
  LONGS_EQUAL(1, count(before, Severity::kWarning, "0 has no effect, because <burst-size>"));
  LONGS_EQUAL(0, load("<limits><burst-on-connect>0</burst-on-connect></limits>")
                     .config->default_mount.burst_bytes);
  LONGS_EQUAL(
      65536,
      load("<limits><burst-on-connect>1</burst-on-connect></limits>").config->limits.burst_bytes);
  // The order makes no difference here, so there is no diagnostic.
  LONGS_EQUAL(0,
              count(load("<limits><burst-on-connect>0</burst-on-connect><burst-size>0</burst-size>"
                         "</limits>"),
                    Severity::kWarning, "burst"));
}
TEST(Loader, RelaysAreOnDemandAsSaidBeforeThem) {
  const LoadedConfig loaded = load(
      "<relay><server>a</server><port>1</port><mount>/a</mount></relay>"
      "<relays-on-demand>1</relays-on-demand>"
      "<relay><server>b</server><port>1</port><mount>/b</mount><local-mount>/c</local-mount></"
      "relay>"
      "<relay><port>1</port><on-demand>0</on-demand></relay>"
      "<master-server>m</master-server>");
  const Config& c = *loaded.config;
  LONGS_EQUAL(3, c.relays.size());
  CHECK(!c.relays[0].on_demand);
  CHECK(c.relays[1].on_demand);
  CHECK(!c.relays[2].on_demand);
  STRCMP_EQUAL("/a", c.relays[0].local_mount.c_str());
  STRCMP_EQUAL("/c", c.relays[1].local_mount.c_str());
  STRCMP_EQUAL("127.0.0.1", c.relays[2].host.server.c_str());
  LONGS_EQUAL(1, c.relays[2].line);
  LONGS_EQUAL(1, c.masters.size());
  CHECK(c.masters[0].on_demand);
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "holds only for relays written after it"));
}
TEST(Loader, FlatMasterElementsAreOneMasterAndNoneWithoutAServer) {
  const LoadedConfig none = load("<master-update-interval>5</master-update-interval>");
  LONGS_EQUAL(0, none.config->masters.size());
  const LoadedConfig loaded = load(
      "<master-password>p</master-password><master><server>b</server><on-demand>1</on-demand></"
      "master>"
      "<master-server>a</master-server><master-server-port>81</master-server-port>"
      "<master-username>u</master-username><master-relay-auth>1</master-relay-auth>"
      "<master-ssl-port>82</master-ssl-port><master-bind>::1</master-bind>");
  LONGS_EQUAL(2, loaded.config->masters.size());
  const MasterSettings& flat = loaded.config->masters[0];
  CHECK(flat.flat);
  STRCMP_EQUAL("a", flat.server.c_str());
  STRCMP_EQUAL("u", flat.username.c_str());
  STRCMP_EQUAL("p", flat.password.c_str());
  STRCMP_EQUAL("::1", flat.bind_address.c_str());
  LONGS_EQUAL(81, flat.port);
  LONGS_EQUAL(82, flat.tls_port);
  LONGS_EQUAL(0, flat.interval.count());  // not given
  CHECK(flat.relay_auth);
  STRCMP_EQUAL("b", loaded.config->masters[1].server.c_str());
  CHECK(loaded.config->masters[1].on_demand);
}
TEST(Loader, ThePublicPortIsThatOfTheRootElseOfTheFirstSocket) {
  LONGS_EQUAL(80, load("<port>80</port><listen-socket port='8000'/>").config->port);
  const LoadedConfig after = load("<x/>\n<listen-socket port='8000'/>\n<port>80</port>");
  LONGS_EQUAL(80, after.config->port);
  LONGS_EQUAL(1, after.config->listen.size());
  LONGS_EQUAL(2, after.config->listen[0].line);
  LONGS_EQUAL(8000, after.config->listen[0].port);
  LONGS_EQUAL(8000, load("<listen-socket port='8000'/><listen-socket port='9000'/>").config->port);
  LONGS_EQUAL(9000, load("<port/><listen-socket port='9000'/>").config->port);
  const auto attribute =
      load_config_text("<icecast port='80'><listen-socket port='9000'/></icecast>", "x");
  LONGS_EQUAL(80, attribute->config->port);
  LONGS_EQUAL(8000, load("<hostname>x</hostname><listen-socket/>").config->port);
  const LoadedConfig alone = load("<bind-address>::1</bind-address>\n<port>81</port>");
  LONGS_EQUAL(81, alone.config->listen[0].port);
  LONGS_EQUAL(2, alone.config->listen[0].line);
  STRCMP_EQUAL("::1", alone.config->listen[0].bind_address.c_str());
}
TEST(Loader, NamingANodeOfTheClusterTurnsRedirectingOn) {
  LONGS_EQUAL(0, load("<cluster><id>x</id></cluster>").config->cluster.max_redirect_slaves);
  LONGS_EQUAL(-1, load("<cluster><node id='a'/></cluster>").config->cluster.max_redirect_slaves);
  LONGS_EQUAL(0,
              load("<max-redirect-slaves>0</max-redirect-slaves><cluster><node id='a'/></cluster>")
                  .config->cluster.max_redirect_slaves);
}
TEST(Loader, LogFilesLieInTheLogDirectory) {
  const LoadedConfig loaded = load(
      "<logging><accesslog>-</accesslog><errorlog>/e</errorlog><playlistlog>p</playlistlog>"
      "<logsize>7</logsize><logarchive>1</logarchive><loglevel>debug</loglevel></logging>"
      "<paths><logdir>/d</logdir><webroot>/w//</webroot><adminroot>/</adminroot></paths>");
  const Config& c = *loaded.config;
  STRCMP_EQUAL("-", c.logging.access_path.c_str());
  STRCMP_EQUAL("/e", c.logging.error_path.c_str());
  STRCMP_EQUAL("/d/p", c.logging.playlist_path.c_str());
  LONGS_EQUAL(7 * 1024, c.logging.max_bytes);
  CHECK(c.logging.archive);
  CHECK(c.logging.level == LogLevel::kDebug);
  STRCMP_EQUAL("/w", c.paths.webroot.c_str());
  STRCMP_EQUAL("/", c.paths.adminroot.c_str());
}
TEST(Loader, ALogMayOverrideTheRulesOfAll) {
  const LoadedConfig loaded = load(
      "<logging><accesslog size='20k' duration='1h' ip='0'>a</accesslog>"
      "<errorlog size='10000'><name>e</name><archive>0</archive><level>4</level></errorlog>"
      "<playlistlog archive='1'>p</playlistlog><logduration>24h</logduration>"
      "<accesslog-format>json</accesslog-format><playlistlog-format>json</playlistlog-format>"
      "</logging><paths><logdir>/d</logdir></paths>");
  const LogSettings& logging = loaded.config->logging;
  STRCMP_EQUAL("/d/a", logging.access_path.c_str());
  STRCMP_EQUAL("/d/e", logging.error_path.c_str());
  STRCMP_EQUAL("/d/p", logging.playlist_path.c_str());
  LONGS_EQUAL(100'000, logging.access_rules.max_bytes);
  LONGS_EQUAL(3600, logging.access_rules.max_age.count());
  LONGS_EQUAL(-1, logging.access_rules.archive);
  LONGS_EQUAL(0, logging.error_rules.archive);
  LONGS_EQUAL(0, logging.error_rules.max_bytes);
  LONGS_EQUAL(1, logging.playlist_rules.archive);
  LONGS_EQUAL(86400, logging.max_age.count());
  CHECK(logging.level == LogLevel::kDebug);
  CHECK(logging.access_format == LogFormat::kJson);
  CHECK(logging.playlist_format == LogFormat::kJson);
  CHECK(!logging.access_ip);
}
TEST(Loader, DiagnosticsComeInTheOrderOfTheFile) {
  const LoadedConfig loaded = load("\n<mount/>\n<x1/>\n<mount/>\n<x2/>");
  int last = 0;
  for (const Diagnostic& d : loaded.diagnostics) {
    CHECK(d.line >= last);
    last = d.line;
  }
  LONGS_EQUAL(5, last);
}
TEST(Loader, AFloodOfMessagesIsCutButAFatalOneIsKept) {
  std::string many;
  for (int i = 0; i < 700; ++i) many += "<x" + std::to_string(i) + "/>\n";
  const LoadedConfig loaded = load(many + "<listen-socket port='x'/>");
  CHECK(loaded.diagnostics.size() < 520);
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "only the first 500 messages are shown"));
  CHECK(loaded.refuses_start());
}
TEST(Loader, AWrongValueIsAnErrorAndADangerousOneRefusesTheStart) {
  const LoadedConfig wrong = load("<limits><clients>many</clients></limits>");
  CHECK(wrong.has_errors());
  CHECK(!wrong.refuses_start());
  LONGS_EQUAL(256, wrong.config->limits.clients);
  for (const char* text : {"<port>70000</port>", "<listen-socket><ssl>hm</ssl></listen-socket>",
                           "<security><chroot>hm</chroot></security>"}) {
    CHECK(load(text).refuses_start());
  }
}
TEST(Loader, KhsRedirectIsForListenersThatFindNoRoom) {
  const char* redirect = "<redirect><host>r</host></redirect>";
  const auto kh = load(redirect).config;
  LONGS_EQUAL(-1, kh->cluster.max_redirect_slaves);
  CHECK(kh->cluster.rules.when == BalanceWhen::kFull);
  const auto always =
      load(std::string(redirect) + "<cluster><balance when='always'/></cluster>").config;
  CHECK(always->cluster.rules.when == BalanceWhen::kAlways);
  const auto nodes = load(std::string(redirect) + "<cluster><node id='e1'/></cluster>").config;
  CHECK(nodes->cluster.rules.when == BalanceWhen::kAlways);
  LONGS_EQUAL(0, load(std::string(redirect) + "<max-redirect-slaves>0</max-redirect-slaves>")
                     .config->cluster.max_redirect_slaves);
}
TEST(Loader, AClusterAddsNoHeadersOfItsOwn) {
  const auto allowed = [](const std::string& text) {
    std::string out;
    const auto config = load(text).config;
    for (const HttpHeader& header : config->http_headers)
      out += header.name + "=" + header.value + ";";
    return out;
  };
  // They would stand on the administration's answers too; http/cross_origin.h adds them where
  // needed.
  STRCMP_EQUAL("", allowed("").c_str());
  STRCMP_EQUAL("", allowed("<max-redirect-slaves>-1</max-redirect-slaves>").c_str());
  STRCMP_EQUAL("", allowed("<master-public-slave>1</master-public-slave>").c_str());
  STRCMP_EQUAL("access-control-allow-origin=https://a;",
               allowed("<max-redirect-slaves>-1</max-redirect-slaves><http-headers><header "
                       "name='access-control-allow-origin' value='https://a'/></http-headers>")
                   .c_str());
}
TEST(Loader, AValueMayBeAnAttributeAndAnAttributeOfAValueHasNoEffect) {
  const LoadedConfig loaded = load(
      "<logging accesslog='a' errorlog='e'/><paths logdir='/d'/><limits clients='3'/>"
      "<location lang='en'>X</location><limits wrong='1'/><icecast/>");
  const Config& c = *loaded.config;
  STRCMP_EQUAL("/d/a", c.logging.access_path.c_str());
  LONGS_EQUAL(3, c.limits.clients);
  LONGS_EQUAL(
      1, count(loaded, Severity::kWarning, "<location>: the attribute \"lang\" has no effect"));
  LONGS_EQUAL(
      1, count(loaded, Severity::kWarning, "the attribute \"wrong\" of <limits> is not known"));
  LONGS_EQUAL(1, count(load("<mount limits='3' mount-name='/a'/>"), Severity::kWarning,
                       "the attribute \"limits\" of <mount> is not known"));
}
TEST(Loader, TheTypeAttributeAndTheTypeElementOfAMountAreTwoThings) {
  const LoadedConfig loaded =
      load("<mount type='normal' mount-name='/a'><type>audio/x</type></mount>");
  STRCMP_EQUAL("audio/x", mount_settings(*loaded.config, "/a").type->c_str());
  LONGS_EQUAL(0, count(loaded, Severity::kWarning, "twice"));
}
TEST(Loader, AnUnknownElementIsCalledByItsNearestName) {
  const struct {
    const char* text;
    const char* message;
  } cases[] = {
      {"<limits><clinets>5</clinets></limits>",
       "<clinets> is not known and has no effect; did you mean clients?"},
      {"<listen-socket><prot>1</prot></listen-socket>", "did you mean port?"},
      {"<mount mount-name='/a'><max-listener>1</max-listener></mount>",
       "did you mean max-listeners?"},
      {"<burst-size>5</burst-size>",
       "<burst-size> is not known and has no effect; it belongs in <limits>"},
      {"<mount mount-name='/a'><logdir>1</logdir></mount>", "it belongs in <paths>"},
      {"<paths><max-listener-duration>1</max-listener-duration></paths>", "it belongs in <mount>"},
  };
  for (const auto& c : cases) {
    LONGS_EQUAL_TEXT(1, count(load(c.text), Severity::kWarning, c.message), c.message);
  }
  const LoadedConfig unknown = load("<xyzzy><plugh/><plugh/></xyzzy>");
  LONGS_EQUAL(1, count(unknown, Severity::kWarning, "not known"));  // not each of its children
  LONGS_EQUAL(0, count(unknown, Severity::kWarning, "did you mean"));
}
TEST(Loader, TextBetweenElementsAndElementsInValuesAreNoticed) {
  LONGS_EQUAL(1, count(load("<limits>oops<clients>1</clients></limits>"), Severity::kWarning,
                       "<limits>: the text \"oops\" is between elements"));
  LONGS_EQUAL(1, count(load("<location>x<b/></location>"), Severity::kWarning,
                       "<b> has no effect inside <location>"));
  LONGS_EQUAL(0, count(load("<limits><threadpool x='1'><y/></threadpool></limits>"),
                       Severity::kWarning, "threadpool"));
}
TEST(Loader, TheDefaultMountHasNoName) {
  const LoadedConfig loaded = load("<mount type='default' mount-name='/a' hidden='1'/>");
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "the default mount has no name"));
  STRCMP_EQUAL("", loaded.config->default_mount.name.c_str());
  CHECK(loaded.config->default_mount.hidden);
}
TEST(Loader, AnElementWrittenTwiceCountsTheSecondTime) {
  const LoadedConfig loaded = load("<location>a</location>\n<location>b</location>");
  STRCMP_EQUAL("b", loaded.config->location.c_str());
  LONGS_EQUAL(
      1, count(loaded, Severity::kWarning, "is written twice, first in line 1; this one counts"));
  LONGS_EQUAL(1, count(load("<mount mount-name='/a'><no-yp>1</no-yp><public>1</public></mount>"),
                       Severity::kWarning, "<public>: is written twice"));
}
TEST(Loader, ARelayMayHaveSeveralHosts) {
  const LoadedConfig loaded = load(
      "<relay><host server='a' port='1' tls='1'/><master><ip>b</ip><priority>-3</priority></master>"
      "<upstream type='normal' server='c'/></relay>");
  const auto& hosts = loaded.config->relays[0].hosts;
  LONGS_EQUAL(3, hosts.size());
  CHECK(hosts[0].tls);
  STRCMP_EQUAL("b", hosts[1].server.c_str());
  LONGS_EQUAL(-3, hosts[1].priority);
  STRCMP_EQUAL("c", hosts[2].server.c_str());
}
TEST(Loader, NoRootNoXmlOrAnotherRootIsNoConfiguration) {
  const auto empty = load_config_text(" \n", "x");
  CHECK(!empty.has_value());
  CHECK(empty.error().what.starts_with("no root element found"));
  const auto broken = load_config_text("<icecast>", "x");
  CHECK(!broken.has_value());
  CHECK(broken.error().what.starts_with("XML config parsing error"));
  const auto other = load_config_text("<nicecast/>", "x");
  CHECK(!other.has_value());
  CHECK(other.error().what.starts_with("root element is not <icecast>"));
  STRCMP_EQUAL(
      "FATAL: error parsing config file (x)\nroot element is not <icecast>: it is <nicecast>\n",
      fatal_text("x", other.error()).c_str());
}

TEST_GROUP(LoaderFile) {
  char path[64] = "/tmp/lb-config-test-XXXXXX";
  void setup() override {
    const int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
  }
  void teardown() override { unlink(path); }
};
TEST(LoaderFile, IsReadWhole) {
  std::FILE* file = std::fopen(path, "w");
  std::fputs("<icecast><!-- ", file);
  for (int i = 0; i < 20000; ++i) std::fputs("0123456789", file);  // more than one buffer
  std::fputs(" --><location>end</location></icecast>", file);
  std::fclose(file);
  const auto loaded = load_config_file(path);
  CHECK(loaded.has_value());
  STRCMP_EQUAL("end", loaded->config->location.c_str());
  STRCMP_EQUAL(path, loaded->config->file.c_str());
}
TEST(LoaderFile, ThatIsMissingOrADirectoryIsAnErrorWithItsReason) {
  const auto missing = load_config_file("/nonexistent/icecast.xml");
  CHECK(!missing.has_value());
  CHECK(missing.error().what.find("No such file") != std::string::npos);
  const auto endless = load_config_file("/dev/zero");
  CHECK(!endless.has_value());
  CHECK(endless.error().what.find("limit 67108864") != std::string::npos);
  const auto directory = load_config_file("/tmp");
  CHECK(!directory.has_value());
  CHECK(directory.error().what.find("directory") != std::string::npos);
}
TEST(Loader, HlsIsOfTheServerOrOfAMount) {
  const auto config = load(
                          "<hls><segment>4</segment><window>12</window></hls>"
                          "<mount><mount-name>/a</mount-name><hls>1</hls></mount>"
                          "<mount><mount-name>/b</mount-name><hls><enabled>1</enabled>"
                          "<variant><mount>/c</mount></variant></hls></mount>"
                          "<mount><mount-name>/c</mount-name></mount>")
                          .config;
  CHECK(config->mounts[0].hls && config->mounts[1].hls && !config->mounts[2].hls);
  LONGS_EQUAL(4000, config->mounts[2].segment_ms);
  LONGS_EQUAL(2 * 24'000 + 4 * 4000, config->mounts[0].hls_kept.count());  // six segments
  LONGS_EQUAL(0, config->mounts[2].hls_kept.count());
  STRCMP_EQUAL("/c", config->mounts[1].hls_variants.at(0).mount.c_str());
  const auto all = load(
                       "<hls><enabled>1</enabled></hls><mount><mount-name>/a</mount-name></mount>"
                       "<mount><mount-name>/b</mount-name><hls>0</hls></mount>")
                       .config;
  CHECK(all->default_mount.hls && all->mounts[0].hls && !all->mounts[1].hls);
  LONGS_EQUAL(2 * 60'000 + 4 * 6000, all->mounts[0].hls_kept.count());
}
TEST(Loader, AMountHasItsOwnEncoders) {
  const LoadedConfig loaded = load(
      "<mount type=\"default\"><takeover-after>700</takeover-after>"
      "<encoder username=\"x\" password=\"x\"/></mount>"
      "<mount><mount-name>/a</mount-name><encoder username=\"main\" password=\"p\" "
      "priority=\"-3\"/>"
      "<encoder><username>backup</username><password>q</password></encoder>"
      "<return-after>-1</return-after></mount>"
      "<mount><mount-name>/b</mount-name><standby-sources>2</standby-sources></mount>");
  const MountSettings& a = loaded.config->mounts.at(0);
  LONGS_EQUAL(2, a.encoders.size());
  CHECK((a.encoders[0] == EncoderSettings{"main", "p", -3}));
  CHECK((a.encoders[1] == EncoderSettings{"backup", "q", 0}));
  LONGS_EQUAL(1, a.standby_places());
  CHECK(a.takeover_after == std::chrono::milliseconds(700));
  CHECK(a.return_after == std::chrono::seconds(-1));
  const MountSettings& b = loaded.config->mounts.at(1);
  LONGS_EQUAL(0, b.encoders.size());
  LONGS_EQUAL(2, b.standby_places());
  LONGS_EQUAL(0, MountSettings().standby_places());
}
TEST(Loader, MoreThanEightEncodersAreTooMany) {
  std::string rows;
  for (int i = 0; i < 9; ++i) rows += "<encoder username=\"e\" password=\"p\"/>";
  const LoadedConfig loaded = load("<mount><mount-name>/a</mount-name>" + rows + "</mount>");
  LONGS_EQUAL(8, loaded.config->mounts.at(0).encoders.size());
  LONGS_EQUAL(1, count(loaded, Severity::kWarning, "/a has more than 8"));
}
