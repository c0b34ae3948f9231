#include "program/options.h"

#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "program/start_icelb.h"

#include "CppUTest/TestHarness.h"

using namespace lb;
using Action = Options::Action;

TEST_GROUP(Options){};

TEST(Options, ServeAFileInTheForegroundOrBackground) {
  const Options plain = parse_options({"-c", "f.xml"});
  CHECK(plain.action == Action::kServe);
  STRCMP_EQUAL("f.xml", plain.config_file.c_str());
  CHECK(!plain.background);
  CHECK(!plain.allow_default_passwords);
  CHECK(parse_options({"-b", "-c", "f.xml"}).background);
  CHECK(!parse_options({"-b", "-f", "-c", "f.xml"}).background);
  CHECK(!parse_options({"-b", "--foreground", "-c", "f.xml"}).background);
  CHECK(parse_options({"--allow-default-passwords", "-c", "f"}).allow_default_passwords);
  CHECK(!answer(plain).has_value());
}
TEST(Options, WithoutAFileGiveTheUsageAndStatus1) {
  for (const std::vector<std::string_view>& args :
       std::vector<std::vector<std::string_view>>{{}, {"-c"}, {"-b"}, {"-c", "-b"}}) {
    const Options options = parse_options(args);
    CHECK(options.action == Action::kUsage);
    const auto out = answer(options);
    CHECK(out.has_value());
    LONGS_EQUAL(1, out->status);
    CHECK(out->out.starts_with("usage: icecast-lb [-b] -c <file>\n"));
    const bool lacks_name = !args.empty() && args != std::vector<std::string_view>{"-b"};
    STRCMP_EQUAL(lacks_name ? "icecast-lb: -c needs the name of a configuration file\n" : "",
                 out->err.c_str());
  }
}
TEST(Options, IgnoreUnknownShortOptionsAndLooseWordsAsIcecastDoes) {
  const Options options = parse_options({"-x", "word", "-c", "f.xml", "-zz"});
  CHECK(options.action == Action::kServe);
  STRCMP_EQUAL("f.xml", options.config_file.c_str());
}
TEST(Options, RefuseWordsBehindACommandThatAreNotItsOwn) {
  const auto complaint = [](const std::vector<std::string_view>& args) {
    return parse_options(args).complaint;
  };
  STRCMP_EQUAL("unexpected \"b.xml\"", complaint({"--check-config", "a.xml", "b.xml"}).c_str());
  STRCMP_EQUAL("unexpected \"2026-10\"",
               complaint({"--report", "songs", "2026-10", "-c", "f"}).c_str());
  STRCMP_EQUAL("unknown option \"-x\"", complaint({"--check-config", "f", "-x"}).c_str());
  STRCMP_EQUAL("--drain=move,600s: the time is a number of seconds",
               complaint({"-c", "f", "--drain=move,600s"}).c_str());
}
TEST(Options, TakeTheFileOfACommandBehindAnotherOption) {
  for (const std::vector<std::string_view>& args : std::vector<std::vector<std::string_view>>{
           {"--check-config", "--elsewhere", "f"}, {"--import", "--allow-default-passwords", "f"}})
    STRCMP_EQUAL("f", parse_options(args).config_file.c_str());
}
TEST(Options, RefuseUnknownLongOptions) {
  const auto out = answer(parse_options({"--chekc-config", "f", "-c", "f"}));
  LONGS_EQUAL(1, out->status);
  STRCMP_EQUAL("icecast-lb: unknown option \"--chekc-config\"\n", out->err.c_str());
  CHECK(out->out.starts_with("usage: "));
}
TEST(Options, PrintTheVersionAndTheHelp) {
  for (const char* arg : {"-v", "--version"}) {
    const auto out = answer(parse_options({arg}));
    LONGS_EQUAL(0, out->status);
    CHECK(out->out.starts_with("Icecast 2.4.4 (icecast-lb " LB_VERSION ")\nlibevent "));
    CHECK(out->out.find("\nOpenSSL ") != std::string::npos);
    CHECK(out->out.find("\nlibcurl ") != std::string::npos);
    CHECK(out->out.find("\nlibxml2 ") != std::string::npos);
  }
  for (const char* arg : {"-h", "--help"}) {
    const auto out = answer(parse_options({"-c", "f", arg}));
    LONGS_EQUAL(0, out->status);
    CHECK(out->out == usage_text());
  }
}
TEST(Options, TakeTheFileOfACheckFromEitherPlace) {
  for (const std::vector<std::string_view>& args :
       std::vector<std::vector<std::string_view>>{{"--check-config", "f"},
                                                  {"--check-config=f"},
                                                  {"-c", "f", "--check-config"},
                                                  {"--check-config", "-c", "f"}}) {
    const Options options = parse_options(args);
    CHECK(options.action == Action::kCheckConfig);
    STRCMP_EQUAL("f", options.config_file.c_str());
  }
  CHECK(parse_options({"--dump-config", "f"}).action == Action::kDumpConfig);
  const auto out = answer(parse_options({"--check-config"}));
  LONGS_EQUAL(1, out->status);
  STRCMP_EQUAL("icecast-lb: which configuration file?\n", out->err.c_str());
}
TEST(Options, NameTheFileOfAnImportAndItsNewFile) {
  const Options both = parse_options({"--import", "old.xml", "-o", "new.xml"});
  CHECK(both.action == Action::kImport);
  STRCMP_EQUAL("old.xml", both.config_file.c_str());
  STRCMP_EQUAL("new.xml", both.output_file.c_str());
  STRCMP_EQUAL("", parse_options({"--import=old.xml"}).output_file.c_str());
  STRCMP_EQUAL("icecast-lb: which configuration file?\n",
               answer(parse_options({"--import"}))->err.c_str());
}
TEST(Options, CheckAndDumpAFileThatIsNotThere) {
  const auto check = answer(parse_options({"--check-config", "/nonexistent"}));
  LONGS_EQUAL(1, check->status);
  CHECK(check->out.starts_with("FATAL: error parsing config file (/nonexistent)"));
  const auto dump = answer(parse_options({"--dump-config", "/nonexistent"}));
  LONGS_EQUAL(1, dump->status);
  CHECK(dump->out.starts_with("FATAL: error parsing config file (/nonexistent)"));
}
TEST(Options, DumpTheReferenceWithoutAFile) {
  const auto out = answer(parse_options({"--dump-reference", "md"}));
  LONGS_EQUAL(0, out->status);
  CHECK(out->out.starts_with("# The configuration file"));
  CHECK(answer(parse_options({"--dump-reference=xml"}))->out.starts_with("<?xml"));
  for (const std::vector<std::string_view>& args : std::vector<std::vector<std::string_view>>{
           {"--dump-reference"}, {"--dump-reference", "pdf"}}) {
    const auto wrong = answer(parse_options(args));
    LONGS_EQUAL(1, wrong->status);
    CHECK(wrong->err.find("needs one of: md man xml") != std::string::npos);
  }
}
TEST(Options, SimulateOneScenarioOrAll) {
  const Options all = parse_options({"--simulate"});
  CHECK(all.action == Action::kSimulate);
  STRCMP_EQUAL("all", all.scenario.c_str());
  LONGS_EQUAL(10, all.seeds);
  const Options demo = parse_options({"--simulate", "demo", "--seeds", "2"});
  STRCMP_EQUAL("demo", demo.scenario.c_str());
  LONGS_EQUAL(2, demo.seeds);
  for (const char* seeds : {"0", "1001", "many", ""}) {
    const auto wrong = answer(parse_options({"--simulate", "demo", "--seeds", seeds}));
    LONGS_EQUAL(1, wrong->status);
    STRCMP_CONTAINS("--seeds needs a number", wrong->err.c_str());
  }
}
TEST(Options, DrainAServer) {
  const Options plain = parse_options({"--drain", "-c", "f.xml"});
  CHECK(plain.action == Action::kDrain);
  STRCMP_EQUAL("configured", plain.drain_mode.c_str());
  CHECK(!plain.drain_seconds.has_value());
  CHECK(!answer(plain).has_value());
  const Options move = parse_options({"-c", "f.xml", "--drain=move,600"});
  STRCMP_EQUAL("move", move.drain_mode.c_str());
  CHECK(move.drain_seconds == 600);
  STRCMP_EQUAL("hard", parse_options({"-c", "f.xml", "--drain", "hard"}).drain_mode.c_str());
  for (const char* wrong :
       {"--drain=", "--drain=off", "--drain=soft,", "--drain=soft,soon", "--drain=soft,-1"})
    CHECK_TEXT(parse_options({"-c", "f.xml", wrong}).action == Action::kUsage, wrong);
  CHECK(parse_options({"--drain"}).action == Action::kUsage);
}
TEST(Options, StoresAreCopiedAndMadeAgain) {
  const Options copy = parse_options({"--store-copy", "files:/a", "b.xml", "--overwrite"});
  CHECK(copy.action == Action::kStoreCopy);
  LONGS_EQUAL(2, copy.stores.size());
  STRCMP_EQUAL("files:/a", copy.stores[0].c_str());
  CHECK(copy.overwrite);
  CHECK(!answer(copy).has_value());
  // The other one is that of -c.
  CHECK(parse_options({"-c", "f.xml", "--store-copy", "a.xml"}).action == Action::kStoreCopy);
  for (const std::vector<std::string_view>& wrong :
       std::vector<std::vector<std::string_view>>{{"--store-copy"},
                                                  {"--store-copy", "a.xml"},
                                                  {"-c", "f.xml", "--store-copy"},
                                                  {"--store-copy", "a", "b", "c"},
                                                  {"--store-rebuild"},
                                                  {"--store-rebuild", "copy"}})
    CHECK(parse_options(wrong).action == Action::kUsage);
  const Options rebuild = parse_options({"-c", "f.xml", "--store-rebuild", "x", "y"});
  CHECK(rebuild.action == Action::kStoreRebuild);
  LONGS_EQUAL(2, rebuild.stores.size());
  CHECK(!rebuild.overwrite);
  CHECK(parse_options({"-c", "f.xml", "--store-rebuild"}).stores.empty());
}
TEST(Options, AReportHasItsParameters) {
  const Options report = parse_options({"-c", "f.xml", "--report=songs", "--zone", "Europe/Berlin",
                                        "--month=2026-10", "-o", "x.csv"});
  CHECK(report.action == Action::kReport);
  STRCMP_EQUAL("songs", report.report.c_str());
  LONGS_EQUAL(2, report.report_parameters.size());
  STRCMP_EQUAL("month", report.report_parameters[1].first.c_str());
  STRCMP_EQUAL("2026-10", report.report_parameters[1].second.c_str());
  for (const std::vector<std::string_view>& wrong :
       std::vector<std::vector<std::string_view>>{{"--report", "songs"},
                                                  {"-c", "f.xml", "--report", "songs", "--from"},
                                                  {"-c", "f.xml", "--mount", "/live"}})
    CHECK(parse_options(wrong).action == Action::kUsage);
}
TEST(Options, CommandsThatAreNoPartOfAServerAreThoseOfIcelb) {
  for (const std::vector<std::string_view>& args :
       std::vector<std::vector<std::string_view>>{{"--simulate"},
                                                  {"--import", "f"},
                                                  {"--passwd"},
                                                  {"--check-https", "f"},
                                                  {"--check-audit", "f"},
                                                  {"-c", "f", "--drain"},
                                                  {"-c", "f", "--rotate-keys"},
                                                  {"--store-copy", "a", "b"},
                                                  {"-c", "f", "--report", "songs"},
                                                  {"-c", "f", "--store-rebuild"}}) {
    const Options options = parse_options(args);
    CHECK(is_command_of_icelb(options.action));
    CHECK(!answer(options).has_value());
  }
  for (const std::vector<std::string_view>& args :
       std::vector<std::vector<std::string_view>>{{"-c", "f"},
                                                  {"--version"},
                                                  {"--help"},
                                                  {},
                                                  {"--check-config", "f"},
                                                  {"--dump-config", "f"}})
    CHECK(!is_command_of_icelb(parse_options(args).action));
}
TEST(Options, IcelbLiesBesideTheProgram) {
  STRCMP_EQUAL("/usr/bin/icelb", icelb_beside("/usr/bin/icecast-lb").c_str());
  STRCMP_EQUAL("/a b/icelb", icelb_beside("/a b/icecast-lb (deleted)").c_str());
}
