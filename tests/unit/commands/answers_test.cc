#include "commands/answers.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "commands/import.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Answers){};

TEST(Answers, ImportToStandardOutputOrToAFile) {
  char folder[] = "/tmp/options-XXXXXX";
  CHECK(::mkdtemp(folder) != nullptr);
  const std::string old = std::string(folder) + "/old.xml", made = std::string(folder) + "/new.xml";
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
  ::unlink(old.c_str());
  ::unlink(made.c_str());
  ::rmdir(folder);
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
