// The command line of both programs: Icecast's options, and those that read a configuration without
// serving.  icecast-lb serves, checks and prints; the rest of its commands is carried out by icelb,
// which takes the same command line (start_icelb()).
//
// Thread: before any other; plain values.
// Icecast's manners: no argument at all, or -c without a file, prints the usage on standard output
// and ends with status 1; short options that are not known, and loose words, are ignored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/print/printer.h"

namespace lb {

struct Options {
  enum class Action : std::uint8_t {
    kServe,
    kVersion,
    kHelp,
    kUsage,  // the command line makes no sense
    kCheckConfig,
    kDumpConfig,
    kDumpReference,
    kSimulate,
    kImport,
    kPasswd,        // hash a password that is read from standard input, or give it to a user
    kRotateKeys,    // sign sessions by a new key
    kStoreCopy,     // all records of one store into another
    kStoreRebuild,  // a store out of last good copies
    kUpgrade,       // have the server that runs with this file replaced, and wait for that
    kStandIn,       // of the program itself: see app/handover/stand_in.h
    kCheckAudit,    // whether an audit log is whole
    kCheckHttps,    // whether the certificate of <acme> can be ordered
    kReport,        // of the audience
    kDrain,         // order the server that runs with this file to drain, and wait for it
  };
  Action action = Action::kServe;
  std::string config_file;
  std::string output_file;  // -o: where an import or a report goes; "": standard output
  bool background = false;  // -b
  int take_over = -1;       // of the program itself: see app/handover/take_over.h
  std::string stands_for;   // of kStandIn: CHANNEL,PID
  bool debuggable = false;  // --debuggable
  bool allow_default_passwords = false;
  ReferenceFormat reference = ReferenceFormat::kMarkdown;
  std::string scenario = "all";  // of kSimulate
  unsigned seeds = 10;
  std::string drain_mode = "configured";       // as /admin/drain knows them
  std::optional<std::uint64_t> drain_seconds;  // nothing: as configured
  std::string user;     // of kPasswd; "": the hash alone.  With a file: of its store
  bool revoke = false;  // of kRotateKeys: the keys before end at once
  // kStoreCopy: from and, unless it is that of config_file, to.  kStoreRebuild: files of copies.
  std::vector<std::string> stores;
  std::string report;                                                  // of kReport
  std::vector<std::pair<std::string, std::string>> report_parameters;  // of the API, and "month"
  bool all_accounts = false;  // of kReport: output_file is a directory
  bool elsewhere = false;     // --check-config of another machine's file
  bool overwrite = false;     // of both
  std::string complaint;      // with kUsage: what is wrong; "" where Icecast prints nothing either
};

// args: without the program's name.
Options parse_options(const std::vector<std::string_view>& args);

std::string usage_text();
// "Icecast 2.4.4 (icecast-lb X.Y.Z)" and the versions of the libraries.
std::string version_text();

// A command of icelb: it simulates, imports, drains, or works on logins and stores.
bool is_command_of_icelb(Options::Action action) noexcept;

// What an action prints that does nothing else, and the exit status.
struct Answer {
  std::string out;
  std::string err;
  int status = 0;
};
// nullopt: kServe, and the commands of icelb.
std::optional<Answer> answer(const Options& options);
// To the standard streams.  Returns the exit status.
int print_answer(const Answer& answer);

}  // namespace lb
