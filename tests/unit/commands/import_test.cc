#include "commands/import.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "base/temporary_directory.h"
#include "config/load/config_xml.h"
#include "config/load/reload.h"
#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

constexpr const char* kLogin =
    "<hostname>h</hostname><authentication><source-password>s3</source-password>"
    "<admin-user>admin</admin-user><admin-password>not-in-a-path</admin-password></authentication>";

}  // namespace

TEST_GROUP(Import) {
  TemporaryDirectory folder;
  std::string file = folder.file("old.xml");
  int made = 0;

  Import import(const std::string& inside, bool allow = false) {
    ::unlink(file.c_str());
    CHECK(save_new_file(file, "<icecast>\n" + inside + "\n</icecast>").has_value());
    return import_config(file, {allow}, [this] { return "new" + std::to_string(++made); });
  }
  static bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
  }
  // The new file, read.
  static LoadedConfig read(const Import& from) {
    auto loaded = load_config_text(from.xml, "new.xml", {true});
    return loaded.has_value() ? std::move(*loaded) : LoadedConfig{};
  }
};

TEST(Import, ReportsTheLineAndTheResultOfEveryElement) {
  const Import result = import(std::string(kLogin) +
                               "\n<limits><clients>7</clients><threadpool>4</threadpool>"
                               "\n<min-queue-size>1m</min-queue-size><clinets>1</clinets></limits>"
                               "\n<paths logdir='/l' banfile='/b'/>"
                               "\n<fileserve>maybe</fileserve>");
  LONGS_EQUAL(2, result.status);
  CHECK(has(result.report, "    3  taken          limits/clients = 7\n"));
  CHECK(
      has(result.report,
          "    3  left out       limits/threadpool: has no effect, and had none in Icecast 2.4\n"));
  CHECK(has(result.report, "    4  not supported  <min-queue-size>: "));
  CHECK(has(
      result.report,
      "    4  unknown        <clinets> is not known and has no effect; did you mean clients?\n"));
  CHECK(has(result.report, "    5  mapped         paths/banfile → paths/deny-ip = /b\n"));
  CHECK(has(result.report, "    6  wrong          <fileserve>: "));
  CHECK(has(result.report, "taken          authentication/admin-password = ********\n"));
  CHECK(!has(result.report, "not-in-a-path") && has(result.xml, "<admin-password>not-in-a-path<"));
  CHECK(has(result.report, "old.xml: with elements of Icecast-KH: "));
  CHECK(has(result.report, " taken, 1 mapped, 1 left out, 1 not supported, 1 unknown, 1 wrong"));
}
TEST(Import, EndsWith0WhereEverythingIsInTheNewFile) {
  LONGS_EQUAL(0, import(std::string(kLogin) + "<paths logdir='/l'/>").status);
  LONGS_EQUAL(0, import("<hostname>h</hostname>").status);  // warnings are no loss
}
TEST(Import, MakesNothingOfWhatIsNoConfiguration) {
  for (const char* text : {"<icecast><a></icecast>", "", "<other/>"}) {
    ::unlink(file.c_str());
    CHECK(save_new_file(file, text).has_value());
    const Import result = import_config(file, {}, [] { return std::string("x"); });
    LONGS_EQUAL(1, result.status);
    STRCMP_EQUAL("", result.xml.c_str());
    CHECK(result.report.starts_with("FATAL: error parsing config file"));
  }
}
TEST(Import, KeepsEveryCharacterOfAPassword) {
  const std::string password = "  a&amp;\"&lt;'&gt;&#13;&#10;&#9;ü ";
  const Import result = import("<authentication><source-password>" + password +
                               "</source-password></authentication>");
  STRCMP_EQUAL("  a&\"<'>\r\n\tü ", read(result).config->authentication.source_password.c_str());
}
TEST(Import, ReplacesPasswordsOfExamplesByNewOnes) {
  const Import result = import(
      "<authentication><source-password>hackme</source-password><admin-user>a</admin-user>"
      "<admin-password>changeme</admin-password><relay-password>mine</relay-password>"
      "</authentication><mount type='default'><password>hackmemore</password></mount>"
      "<mount mount-name='/own' password='change-me-own'/><mount mount-name='/inherits'/>");
  LONGS_EQUAL(0, result.status);
  const auto config = read(result).config;
  STRCMP_EQUAL("new1", config->authentication.source_password.c_str());
  STRCMP_EQUAL("new2", config->authentication.admin_password.c_str());
  STRCMP_EQUAL("mine", config->authentication.relay_password.c_str());
  STRCMP_EQUAL("new3", config->default_mount.password.c_str());
  STRCMP_EQUAL("new4", config->mounts[0].password.c_str());
  STRCMP_EQUAL("new3", config->mounts[1].password.c_str());
  CHECK(has(result.report,
            "replaced       mount[1]/password: was a password from a published example"));
  CHECK(!has(result.report, "dangerous") && !has(result.report, "new4"));
}
TEST(Import, LeavesPasswordsOfExamplesWhereTheyAreAllowed) {
  const Import result =
      import("<authentication><source-password>hackme</source-password></authentication>", true);
  LONGS_EQUAL(2, result.status);
  LONGS_EQUAL(0, made);
  STRCMP_EQUAL("hackme", read(result).config->authentication.source_password.c_str());
  CHECK(has(result.report,
            "dangerous      <source-password>: is a password from a published example"));
}
TEST(Import, CannotReplaceThePasswordOfAnotherServer) {
  const Import result = import(
      "<relay><server>1.2.3.4</server><port>1</port><mount>/a</mount><password>hackme</password>"
      "</relay>");
  LONGS_EQUAL(1, result.status);
  LONGS_EQUAL(0, made);
  CHECK(has(result.report, "the new file cannot be used as it is: <password>: is a password"));
}
TEST(Import, NamesDangers) {
  const Import result = import(
      "<authentication><source-password>same</source-password><admin-user>a</admin-user>"
      "<admin-password>same</admin-password></authentication>"
      "<paths><x-forwarded-for>::/0</x-forwarded-for></paths>");
  LONGS_EQUAL(2, result.status);
  CHECK(has(result.report, "dangerous      <admin-password>: is the same as source-password"));
  CHECK(has(result.report, "dangerous      <x-forwarded-for>: \"::/0\" matches every address"));
}
TEST(Import, WritesWhatIcecastKhHasByDefaultWhereOthersInheritIt) {
  const std::string kh = "<limits><max-listeners>5</max-listeners></limits>";
  const std::string own = "<mount mount-name='/a'><max-listeners>7</max-listeners></mount>";
  // The default mount has the fallback: the 1 stands there.
  const auto general =
      read(import(kh + "<mount type='default'><fallback-mount>/f</fallback-mount></mount>" + own));
  CHECK(general.config->default_mount.fallback_override);
  CHECK(general.config->mounts[0].fallback_override);
  // What was written stays.
  const auto said =
      read(import(kh + "<mount type='default'><fallback-override>0</fallback-override></mount>"
                       "<mount mount-name='/a'><fallback-mount>/f</fallback-mount></mount>"));
  CHECK(!said.config->mounts[0].fallback_override);
}
TEST(Import, NotesWhereIcecastKhWouldDoSomethingElse) {
  const std::string mounts =
      "<mount mount-name='/a/*'><fallback-mount>/f</fallback-mount></mount>"
      "<master-server>m</master-server><master-server-port>1</master-server-port>"
      "<master-password>p</master-password>";
  CHECK(!has(import(mounts).report, "note           mount"));
  const Import kh = import(mounts + "<limits><max-listeners>5</max-listeners></limits>");
  CHECK(has(kh.report, "the * of \"/a/*\" does not stand for a / here; in Icecast-KH it does"));
  CHECK(has(kh.report,
            "mount[1]/fallback-override = 1: was not written, and is 1 in Icecast-KH then"));
  CHECK(read(kh).config->mounts[0].fallback_override);
  CHECK(!read(import(mounts)).config->mounts[0].fallback_override);
  CHECK(has(kh.report, "master/relay-auth: is not written"));
  LONGS_EQUAL(0, kh.status);
}
TEST(Import, MeansTheSameWhateverTheOrderWas) {
  for (const char* inside :
       {"<listen-socket><port>8010</port></listen-socket><port>9000</port>",
        "<port>9000</port><listen-socket><port>8010</port></listen-socket>", "<port>9000</port>",
        "<relay><server>a</server><port>1</port><mount>/a</mount></relay><relays-on-demand>1"
        "</relays-on-demand><relay><server>a</server><port>1</port><mount>/b</mount></relay>",
        "<limits><burst-size>1000</burst-size><burst-on-connect>0</burst-on-connect></limits>",
        "<limits><burst-on-connect>0</burst-on-connect><burst-size>1000</burst-size></limits>",
        "<master><server>a</server><port>1</port></master><master-server>b</master-server>"
        "<master-bind>1.2.3.4</master-bind><master-ssl-port>7</master-ssl-port>"
        "<master-relay-auth>1</master-relay-auth><relays-on-demand>1</relays-on-demand>",
        "<master-server>b</master-server><master><server>a</server><port>1</port></master>",
        "<master-update-interval>5</master-update-interval><master><server>a</server></master>",
        "<logging><accesslog><name>a</name><level>3</level></accesslog></logging>"
        "<paths><logdir>/var/log</logdir></paths>",
        "<mount type='default'><http-headers><header name='a' value='1'/></http-headers></mount>"
        "<mount mount-name='/m'><http-headers><header name='b' value='2'/></http-headers></mount>",
        "<cluster><id>m</id><tags>a b</tags><public-address scheme='https'>h:1</public-address>"
        "<node id='n' secret='s' weight='3'/><balance when='full'/></cluster>",
        "<paths><ssl-certificate>/a</ssl-certificate><ssl-certificate>/b c</ssl-certificate>"
        "<x-forwarded-for>1.2.3.4 ::1</x-forwarded-for></paths>"}) {
    const Import result = import(inside);
    CHECK_TEXT(result.status != 1, result.report.c_str());
    const LoadedConfig before = load(inside);
    const LoadedConfig after = read(result);
    CHECK_TEXT(reload_plan(*before.config, *after.config).empty(), result.xml.c_str());
    LONGS_EQUAL(before.config->masters.size(), after.config->masters.size());
    for (std::size_t i = 0; i < before.config->masters.size(); ++i) {
      CHECK(before.config->masters[i].server == after.config->masters[i].server);
    }
  }
}
TEST(Import, LeavesOutARelayThatCannotConnect) {
  const Import result = import(
      "<relay><server>a</server><mount>/a</mount></relay>"
      "<relay><server>b</server><port>1</port><mount>/b</mount></relay>");
  LONGS_EQUAL(2, result.status);
  const auto config = read(result).config;
  LONGS_EQUAL(1, config->relays.size());
  STRCMP_EQUAL("/b", config->relays[0].local_mount.c_str());
}
TEST(Import, PutsNoEndOfACommentIntoItsComment) {
  const Import result = import("");
  CHECK(has(result.xml, "<!-- Made from " + file + " by icecast-lb "));
  const std::string xml = config_xml(load(""), *load("").config, "a--b---> c -");
  CHECK(load_config_text(xml, "x").has_value());
}
TEST(Import, SavesAFileForItsOwnerOnlyAndNeverOverAnother) {
  CHECK(save_new_file(file, "one").has_value());
  struct stat facts {};
  CHECK(::stat(file.c_str(), &facts) == 0);
  LONGS_EQUAL(0600, facts.st_mode & 0777);
  LONGS_EQUAL(3, facts.st_size);
  const auto again = save_new_file(file, "two");
  CHECK(!again.has_value());
  STRCMP_EQUAL((file + ": File exists; nothing was written").c_str(), again.error().what.c_str());
  CHECK(!save_new_file(file + "/below", "x").has_value());
}
TEST(Import, MakesPasswordsOfLettersAndDigits) {
  const std::string password = random_password();
  LONGS_EQUAL(24, password.size());
  CHECK(password.find_first_not_of("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") ==
        std::string::npos);
  CHECK(password != random_password());
}
