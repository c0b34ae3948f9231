
#include <string>

#include "base/file.h"
#include "base/temporary_directory.h"
#include "commands/commands.h"
#include "commands/import.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Answers){};

TEST(Answers, ImportToStandardOutputOrToAFile) {
  TemporaryDirectory folder;
  const std::string old = folder.file("old.xml"), made = folder.file("new.xml");
  CHECK(save_new_file(old, "<icecast><hostname>h</hostname><clients>3</clients></icecast>")
            .has_value());
  const auto shown = answer_import(parse_options({"--import", old}));
  LONGS_EQUAL(2, shown.status);
  CHECK(shown.out.starts_with("<?xml"));
  CHECK(shown.err.find("taken") != std::string::npos);
  const auto written = answer_import(parse_options({"--import", old, "-o", made}));
  LONGS_EQUAL(2, written.status);
  CHECK(written.out == shown.err);
  STRCMP_EQUAL("", written.err.c_str());
  const auto again = answer_import(parse_options({"--import", old, "-o", made}));
  LONGS_EQUAL(1, again.status);
  CHECK(again.err == "icecast-lb: " + made + ": File exists; nothing was written\n");
  const auto missing = answer_import(parse_options({"--import", made + "x"}));
  LONGS_EQUAL(1, missing.status);
  CHECK(missing.out.starts_with("FATAL: error parsing config file"));
}
TEST(Answers, WhetherAnAuditLogIsWhole) {
  TemporaryDirectory directory;
  const std::string path = directory.file("audit.log");
  const auto asked = [&path](const std::string& text) {
    CHECK(replace_file(path, text).has_value());
    return answer_check_audit(path);
  };
  const std::string first = "{\"n\":1,\"prev\":\"0000000000000000\"}\n";
  const auto one = asked(first);
  LONGS_EQUAL(0, one.status);
  CHECK(one.out == path + ": 1 lines, each follows the one before it\n");
  const auto two = asked(first + "{\"n\":2,\"prev\":\"0000000000000000\"}\n");
  LONGS_EQUAL(1, two.status);
  CHECK(two.out.starts_with(path + ": line 2 does not follow line 1: "));
  CHECK(asked("{}\n").out == path + ": line 1 is not a line of an audit log\n");
  const auto missing = answer_check_audit(path + "x");
  LONGS_EQUAL(1, missing.status);
  CHECK(missing.err.find("No such file") != std::string::npos);
}
TEST(Answers, PrintASimulationAsItGoesOrInTheEnd) {
  const Options demo = parse_options({"--simulate=demo", "--seeds=1"});
  std::string printed;
  const auto said = answer_simulation(demo, [&printed](std::string_view text) { printed += text; });
  LONGS_EQUAL(0, said.status);
  STRCMP_EQUAL("", said.out.c_str());
  STRCMP_CONTAINS("every goal is reached\n", printed.c_str());
  CHECK(answer_simulation(demo).out == printed);
  const auto wrong = answer_simulation(parse_options({"--simulate", "nonsense"}));
  LONGS_EQUAL(1, wrong.status);
  STRCMP_CONTAINS("one-address", wrong.err.c_str());
}
