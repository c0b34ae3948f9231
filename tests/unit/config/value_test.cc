#include "config/schema/value.h"

#include <string>

#include "config/schema/diagnostic.h"
#include "config/settings/config.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

const SchemaElement& row(const SchemaBlock& block, const char* name, bool attribute = false) {
  const SchemaElement* found = find_element(block, name, attribute);
  CHECK(found != nullptr);
  return *found;
}

std::string problem(const SchemaElement& element, const char* text) {
  LimitSettings limits;
  return store_value(element, &limits, text).problem;
}

}  // namespace

TEST_GROUP(Value) { LimitSettings limits; };

TEST(Value, NumbersHaveAUnitAndARange) {
  const SchemaElement& size = row(kLimitsBlock, "queue-size");
  struct {
    const char* text;
    std::size_t bytes;
  } cases[] = {{"5000", 5000},    {" 5000\n", 5000},     {"5k", 5000},   {"5K", 5000},
               {"2m", 2'000'000}, {"1g", 1'000'000'000}, {"+4096", 4096}};
  for (const auto& c : cases) {
    CHECK(store_value(size, &limits, c.text).stored);
    LONGS_EQUAL(c.bytes, limits.queue_bytes);
  }
  for (const char* text : {"-5s", "k", "5 k", "0x10", "1.5k", "five", "-", "--5", "5kk", "5k b"}) {
    CHECK(problem(size, text).find("is not a number of bytes (4096…1073741824)") !=
          std::string::npos);
  }
  for (const char* text : {"4095", "-1", "2g", "18446744073709551616", "99999999999999999999g",
                           "9223372036854775807k", "-99999999999999999999"}) {
    CHECK(problem(size, text).find("is out of range") != std::string::npos);
  }
}
TEST(Value, SomeSizesMayBeSecondsOf128KilobitsASecond) {
  const SchemaElement& size = row(kLimitsBlock, "queue-size");
  const ValueReport report = store_value(size, &limits, "5s");
  CHECK(report.stored);
  LONGS_EQUAL(80'000, limits.queue_bytes);
  STRCMP_EQUAL(
      "\"5s\" is taken as 80000 bytes, which is so long at 128 kbit/s; write bytes for other "
      "bitrates",
      report.hint.c_str());
  CHECK(store_value(size, &limits, "2m").stored);  // millions, not minutes
  LONGS_EQUAL(2'000'000, limits.queue_bytes);
  CHECK(store_value(size, &limits, "999999s").stored);
  LONGS_EQUAL(3600 * 16'000, limits.queue_bytes);
  CHECK(problem(size, "0s").find("is out of range") != std::string::npos);
}
TEST(Value, TimesHaveUnits) {
  const SchemaElement& seconds = row(kLimitsBlock, "header-timeout");
  CHECK(store_value(seconds, &limits, "2m").stored);
  LONGS_EQUAL(120, limits.header_timeout.count());
  CHECK(store_value(seconds, &limits, "1h").stored);
  LONGS_EQUAL(3600, limits.header_timeout.count());
  CHECK(store_value(seconds, &limits, "5S").stored);
  LONGS_EQUAL(5, limits.header_timeout.count());
  const SchemaElement& pulse = row(kLimitsBlock, "max-pulse");
  CHECK(store_value(pulse, &limits, "2s").stored);
  LONGS_EQUAL(2000, limits.max_pulse.count());
  CHECK(store_value(pulse, &limits, "20ms").stored);
  LONGS_EQUAL(20, limits.max_pulse.count());
  CHECK(problem(pulse, "1h").find("a number of milliseconds (5…5000)") != std::string::npos);
}
TEST(Value, AUnitIsMentionedWhereIcecastWouldIgnoreIt) {
  STRCMP_EQUAL("\"64k\" is taken as 64000; Icecast 2.4 ignores the unit",
               store_value(row(kLimitsBlock, "burst-size"), &limits, "64k").hint.c_str());
  STRCMP_EQUAL("", store_value(row(kLimitsBlock, "max-pulse"), &limits, "1s").hint.c_str());
}
TEST(Value, YesAndNoHaveManyNames) {
  ListenSettings socket;
  const SchemaElement& compat = row(kListenBlock, "shoutcast-compat");
  for (const char* yes : {"1", "true", "YES", "on", "7", "-1"}) {
    socket.shoutcast_compat = false;
    CHECK(store_value(compat, &socket, yes).stored);
    CHECK(socket.shoutcast_compat);
  }
  for (const char* no : {"0", "false", "No", "off"}) {
    socket.shoutcast_compat = true;
    CHECK(store_value(compat, &socket, no).stored);
    CHECK(!socket.shoutcast_compat);
  }
  STRCMP_EQUAL("\"maybe\" is not 1 or 0", store_value(compat, &socket, "maybe").problem.c_str());
  CHECK(store_value(compat, &socket, "true").hint.find("reads every word as 0") !=
        std::string::npos);
  CHECK(store_value(compat, &socket, "7").hint.find("better write 1") != std::string::npos);
}
TEST(Value, WordsOfOthersAreMapped) {
  ListenSettings socket;
  CHECK(store_value(row(kListenBlock, "tls"), &socket, "RFC2818").stored);
  CHECK(socket.tls);
  CHECK(store_value(row(kListenBlock, "ssl"), &socket, "none").stored);
  CHECK(!socket.tls);
  MountSettings mount;
  CHECK(store_value(row(kMountBlock, "fallback-override"), &mount, "own").stored);
  CHECK(mount.fallback_override);
  CHECK(store_value(row(kMountBlock, "no-yp"), &mount, "1").stored);
  LONGS_EQUAL(0, mount.is_public);
  CHECK(store_value(row(kMountBlock, "public"), &mount, "Yes").stored);
  LONGS_EQUAL(1, mount.is_public);
  STRCMP_EQUAL("1", show_value(row(kMountBlock, "public"), &mount).c_str());
  CHECK(store_value(row(kMountBlock, "public"), &mount, "off").stored);
  LONGS_EQUAL(0, mount.is_public);
  CHECK(store_value(row(kMountBlock, "allow-direct-access"), &mount, "0").stored);
  CHECK(mount.no_mount);
}
TEST(Value, AnEmptyNumberIsTheDefaultWithAHintAndAnEmptyTextIsNone) {
  limits.clients = 12;
  const ValueReport report = store_value(row(kLimitsBlock, "clients"), &limits, " \n");
  CHECK(!report.stored);
  STRCMP_EQUAL("is empty; the default is used", report.hint.c_str());
  LONGS_EQUAL(12, limits.clients);
  Config config;
  const ValueReport text = store_value(row(kRootBlock, "location"), &config, "");
  CHECK(!text.stored);
  STRCMP_EQUAL("", text.hint.c_str());
  STRCMP_EQUAL("Earth", config.location.c_str());
}
TEST(Value, TextIsTrimmedAndAPasswordIsNot) {
  Config config;
  CHECK(store_value(row(kRootBlock, "location"), &config, " a b\n").stored);
  STRCMP_EQUAL("a b", config.location.c_str());
  PasswordSettings roles;
  const ValueReport report =
      store_value(row(kAuthenticationBlock, "admin-password"), &roles, " p ");
  STRCMP_EQUAL(" p ", roles.admin_password.c_str());
  CHECK(report.hint.find("part of the password") != std::string::npos);
  CHECK(report.hint.find(" p ") == std::string::npos);
}
TEST(Value, AMountGetsItsSlash) {
  MountSettings mount;
  const ValueReport report = store_value(row(kMountBlock, "mount-name"), &mount, "live");
  STRCMP_EQUAL("/live", mount.name.c_str());
  STRCMP_EQUAL("\"live\" does not begin with a /; \"/live\" is used", report.hint.c_str());
}
TEST(Value, AListTakesWordsAndMayBeRepeated) {
  PathSettings paths;
  const SchemaElement& proxies = row(kPathsBlock, "x-forwarded-for");
  CHECK(store_value(proxies, &paths, " 10.0.0.0/8, ::1\n").stored);
  CHECK(store_value(proxies, &paths, "127.0.0.1").stored);
  LONGS_EQUAL(3, paths.x_forwarded_for.size());
  STRCMP_EQUAL("10.0.0.0/8 ::1 127.0.0.1", show_value(proxies, &paths).c_str());
}
TEST(Value, IsShownAsItCouldBeWritten) {
  STRCMP_EQUAL("auto", show_value(row(kLimitsBlock, "delivery"), &limits).c_str());
  STRCMP_EQUAL("15", show_value(row(kLimitsBlock, "header-timeout"), &limits).c_str());
  LogSettings logging;
  logging.max_bytes = 10240;
  STRCMP_EQUAL("10", show_value(row(kLoggingBlock, "logsize"), &logging).c_str());
  STRCMP_EQUAL("3", show_value(row(kLoggingBlock, "loglevel"), &logging).c_str());
  MountSettings mount;
  STRCMP_EQUAL("", show_value(row(kMountBlock, "genre"), &mount).c_str());
  mount.genre = "Jazz";
  STRCMP_EQUAL("Jazz", show_value(row(kMountBlock, "genre"), &mount).c_str());
}
TEST(Value, SecretsAreHidden) {
  PasswordSettings roles;
  const SchemaElement& password = row(kAuthenticationBlock, "source-password");
  STRCMP_EQUAL("", show_masked(password, &roles).c_str());
  roles.source_password = "x";
  STRCMP_EQUAL("********", show_masked(password, &roles).c_str());

  const SchemaElement& list = row(kMountAuthenticationBlock, "option");
  const SchemaElement& value = row(*list.block, "value");
  std::pair<std::string, std::string> option{"listener_add", "http://u:p@h/x@y"};
  STRCMP_EQUAL("http://********@h/x@y", show_masked(value, &option).c_str());
  option.second = "http://u:p@h/x?key=abc&b=c";
  STRCMP_EQUAL("http://********@h/x?********", show_masked(value, &option).c_str());
  option.second = "http://h/x@y";
  STRCMP_EQUAL("http://h/x@y", show_masked(value, &option).c_str());
  option.second = "http://h";
  STRCMP_EQUAL("http://h", show_masked(value, &option).c_str());
  option.second = "file";
  STRCMP_EQUAL("file", show_masked(value, &option).c_str());
  option = {"password", "p"};
  STRCMP_EQUAL("********", show_masked(value, &option).c_str());
}

TEST(Value, FractionsAreKeptInTenThousandths) {
  const SchemaElement* balance = find_element(kClusterBlock, "balance", false);
  const SchemaElement& eps = row(*balance->block, "eps");
  ClusterSettings cluster;
  struct {
    const char* text;
    int kept;
    const char* shown;
  } cases[] = {{"0.05", 500, "0.05"},    {"0", 0, "0"},         {"1", 10'000, "1"},
               {"1.25", 12'500, "1.25"}, {"10", 100'000, "10"}, {"0.0001", 1, "0.0001"},
               {"0.10", 1000, "0.1"},    {"5%", 500, "0.05"},   {"0.5 %", 50, "0.005"}};
  for (const auto& c : cases) {
    CHECK_TEXT(store_value(eps, &cluster, c.text).stored, c.text);
    LONGS_EQUAL_TEXT(c.kept, cluster.eps, c.text);
    STRCMP_EQUAL(c.shown, show_value(eps, &cluster).c_str());
  }
  for (const char* text : {"-1", "0.", ".5", "1e1", "0.00001", "x", "0,5", "5%%", "%", "", "1.2.3",
                           "99999999999999999999"})
    CHECK_TEXT(!store_value(eps, &cluster, text).stored, text);
  CHECK(store_value(eps, &cluster, "10.1")
            .problem.find("is out of range; it has to be a decimal number (0…10)") !=
        std::string::npos);
}

TEST_GROUP(Quoted){};
TEST(Quoted, EscapesControlCharactersAndCutsBetweenCharacters) {
  STRCMP_EQUAL("\"a\\x0a\\x1b[m\\x7f\"", quoted("a\n\x1b[m\x7f").c_str());
  STRCMP_EQUAL("\"é\"", quoted("é").c_str());
  const std::string cut = quoted(std::string(59, 'x') + "éé");
  CHECK(cut == "\"" + std::string(59, 'x') + "…\"");
  CHECK(quoted(std::string(60, 'x')) == "\"" + std::string(60, 'x') + "\"");
}
