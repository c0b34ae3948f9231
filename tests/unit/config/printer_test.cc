#include "config/print/printer.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "config/load/check_report.h"
#include "config/load_text.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

}  // namespace

TEST_GROUP(Dump){};

TEST(Dump, MarksDefaultAndInheritedValues) {
  const std::string text =
      dump_config(load("<limits><clients>256</clients><burst-size>7</burst-size></limits>"
                       "<mount type='default'><genre>x</genre><http-headers><header name='h' "
                       "value='1'/></http-headers>"
                       "</mount><mount mount-name='/a'><charset>UTF-8</charset>"
                       "<http-headers><header name='i' value='2'/></http-headers></mount>"
                       "<mount mount-name='/b'><no-yp>1</no-yp></mount>"));
  CHECK(text.starts_with("# icecast-lb " LB_VERSION ": the effective configuration of test.xml\n"));
  CHECK(has_line(text, "limits/clients = 256"));
  CHECK(has_line(text, "limits/sources = 16 (default)"));
  CHECK(has_line(text, "limits/burst-size = 7"));
  CHECK(has_line(text, "mount[default]/genre = x"));
  CHECK(has_line(text, "mount[1]/mount-name = /a"));
  CHECK(has_line(text, "mount[1]/genre = x (inherited)"));
  CHECK(has_line(text, "mount[1]/charset = UTF-8"));
  CHECK(has_line(text, "mount[1]/burst-size = 7 (inherited)"));
  CHECK(has_line(text, "mount[1]/http-headers/header[1]/name = i"));
  CHECK(has_line(text, "mount[1]/http-headers/header[2]/name = h (inherited)"));
  CHECK(has_line(text, "mount[2]/charset = (not set)"));
  CHECK(has_line(text, "mount[2]/public = 0"));
  CHECK(text.find("mount[default]/mount-name") == std::string::npos);
  CHECK(has_line(text, "logging/errorlog = - (default)"));
}
TEST(Dump, HidesPasswordsAndEscapesControlCharacters) {
  const std::string text = dump_config(
      load("<authentication source-password='sekret'/><location>a\tb</location>"
           "<mount mount-name='/a' password='sekret'/><cluster><token keys='sekret'/></cluster>"));
  CHECK(text.find("sekret") == std::string::npos);
  CHECK(has_line(text, "authentication/source-password = ********"));
  CHECK(has_line(text, "mount[1]/password = ********"));
  CHECK(has_line(text, "location = a\\x09b"));
}
TEST(Dump, PrintsRepeatedBlocksOneByOne) {
  const std::string text = dump_config(load(
      "<redirect><host>r</host></redirect><cluster><public-address "
      "scheme='https'>h:1</public-address>"
      "<public-address>h:2</public-address><legacy-slave address='l' public='p:1'/></cluster>"));
  CHECK(has_line(text, "cluster/public-address[1] = h:1"));
  CHECK(has_line(text, "cluster/public-address[1]/@scheme = https"));
  CHECK(has_line(text, "cluster/public-address[2]/@scheme = http (default)"));
  CHECK(has_line(text, "cluster/legacy-slave[1]/public = p:1"));
  CHECK(has_line(text, "redirect[1]/port = 8000 (default)"));
}

TEST_GROUP(Reference){};

TEST(Reference, HasThreeFormats) {
  CHECK(parse_reference_format("md") == ReferenceFormat::kMarkdown);
  CHECK(parse_reference_format("man") == ReferenceFormat::kMan);
  CHECK(parse_reference_format("xml") == ReferenceFormat::kXml);
  CHECK(!parse_reference_format("html").has_value());
}
TEST(Reference, InMarkdownShowsTypeRangeDefaultReloadAndOrigin) {
  const std::string text = dump_reference(ReferenceFormat::kMarkdown);
  CHECK(text.starts_with("# The configuration file\n"));
  CHECK(text.find("\n- `sources` (0…1000000 **16**) ") != std::string::npos);
  CHECK(text.find("\n- `accesslog` (path **access.log**) ") != std::string::npos);
  CHECK(text.find("\n- `type=` (**normal**/default) ") != std::string::npos);
  CHECK(text.find("\n- `pidfile` (path; *restart*) ") != std::string::npos);
  CHECK(text.find("\n- `max-bandwidth` (KH, bits/s **0**) ") != std::string::npos);
  CHECK(text.find("\n- `stream-name`, `stream-description`, ") != std::string::npos);
  CHECK(text.find("`deny-ip`, `ban-file`, `banfile`") != std::string::npos);
  CHECK(text.find("## `<cluster/node>`") != std::string::npos);
  CHECK(text.find("\n`mount/ban-client`,") != std::string::npos);
  CHECK(text.find("\nAs in [`accesslog`](#loggingaccesslog): `name`, `size`, ") !=
        std::string::npos);
  CHECK(text.find("): `port`; as in [`relay`](#relay): `bind`, ") != std::string::npos);
  CHECK(text.find("mount[default]") == std::string::npos);
  CHECK_TEXT(text.find("\n|") == std::string::npos, "an element stands in a table");
}
TEST(Reference, InManEscapesHyphens) {
  const std::string text = dump_reference(ReferenceFormat::kMan);
  CHECK(text.find(".TH ICECAST\\-LB.XML 5") != std::string::npos);
  CHECK(text.find(".SH \"<listen\\-socket>\"\n") != std::string::npos);
  CHECK(text.find(".B queue\\-size\n") != std::string::npos);
  CHECK(text.find("\n'") == std::string::npos);
}
TEST(Reference, InXmlIsXmlWithEveryElement) {
  const std::string text = dump_reference(ReferenceFormat::kXml);
  CHECK(text.find("<block path=\"paths/alias\"") != std::string::npos);
  CHECK(text.find("support=\"ignored\"") != std::string::npos);
  CHECK(text.find("support=\"obsolete\"") != std::string::npos);
  CHECK(text.find("support=\"unsupported\"") != std::string::npos);
  CHECK(text.find("type=&quot;default&quot;") != std::string::npos);
  auto as_config = load_config_text(text, "reference");
  CHECK(!as_config.has_value());
  CHECK(as_config.error().what.find("it is <reference>") != std::string::npos);  // so it was parsed
}

TEST_GROUP(CheckReport){};

TEST(CheckReport, CountsItsMessages) {
  const CheckReport none = check_report("/nonexistent", {});
  CHECK(!none.valid);
  STRCMP_EQUAL(
      "FATAL: error parsing config file (/nonexistent)\nthe file cannot be read: No such file or "
      "directory\n",
      none.text.c_str());
}
TEST(CheckReport, IsInTheOrderOfTheFileAndEndsWithASummary) {
  char path[] = "/tmp/lb-check-report-XXXXXX";
  const int fd = mkstemp(path);
  const std::string text =
      "<icecast><hostname>h</hostname><paths logdir='/x'/>\n"
      "<authentication source-password='hackme' admin-user='a' admin-password='b'/>\n"
      "<cluster><drain rate='fast'/></cluster>\n<limits clients='x' "
      "sources='y'/>\n<foo/></icecast>";
  CHECK(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(fd);
  const CheckReport refused = check_report(path, {}, FilesOf::kElsewhere);
  const CheckReport allowed =
      check_report(path, {.allow_default_passwords = true}, FilesOf::kElsewhere);
  unlink(path);
  CHECK(!refused.valid);
  CHECK(refused.text.ends_with(": not valid, 1 fatal fault, 2 errors, 2 warnings\n"));
  CHECK(refused.text.find(":3: warning: <rate>: ") < refused.text.find(":4: error: "));
  CHECK(!allowed.valid);
  CHECK(allowed.text.ends_with(": not valid, 2 errors, 3 warnings\n"));
}
TEST(CheckReport, NamesFileLineAndSeverity) {
  STRCMP_EQUAL("f:3: note: x", to_string(Diagnostic{3, Severity::kNote, "x"}, "f").c_str());
  STRCMP_EQUAL("f: warning: x", to_string(Diagnostic{0, Severity::kWarning, "x"}, "f").c_str());
  STRCMP_EQUAL("f: error: x", to_string(Diagnostic{0, Severity::kError, "x"}, "f").c_str());
  STRCMP_EQUAL("f: fatal: x", to_string(Diagnostic{0, Severity::kFatal, "x"}, "f").c_str());
}
