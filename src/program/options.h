// The command line of both programs: Icecast's options, and those that read a configuration without
// serving.  icecast-lb serves, checks and prints; icelb runs the other commands with the same
// command line (start_icelb()).
//
// Thread: before any other; plain values.
// As in Icecast, a command line without arguments, or -c without a file, prints the usage on
// standard output and ends with status 1; unknown short options and other words are ignored.
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
    kUsage,  // the command line is invalid
    kCheckConfig,
    kDumpConfig,
    kDumpReference,
    kSimulate,
    kImport,
    kPasswd,        // hash a password from standard input, or set it for a user
    kRotateKeys,    // sign sessions with a new key
    kStoreCopy,     // copy all records of a store into another
    kStoreRebuild,  // rebuild a store from last good copies
    kUpgrade,       // replace the server that runs with this file, and wait for it
    kStandIn,       // internal: see app/handover/stand_in.h
    kCheckAudit,    // check that an audit log is complete
    kCheckHttps,    // check whether the certificate of <acme> can be ordered
    kReport,        // print a report of the audience
    kDrain,         // drain the server that runs with this file, and wait for it
  };
  Action action = Action::kServe;
  std::string config_file;
  std::string output_file;  // -o: the file for an import or a report; "": standard output
  bool background = false;  // -b
  int take_over = -1;       // internal: see app/handover/take_over.h
  std::string stands_for;   // of kStandIn: CHANNEL,PID
  bool debuggable = false;  // --debuggable
  bool allow_default_passwords = false;
  ReferenceFormat reference = ReferenceFormat::kMarkdown;
  std::string scenario = "all";  // of kSimulate
  unsigned seeds = 10;
  std::string drain_mode = "configured";       // a mode of /admin/drain
  std::optional<std::uint64_t> drain_seconds;  // nullopt: as configured
  std::string user;     // of kPasswd; "": only the hash.  With a file: a user of its store
  bool revoke = false;  // of kRotateKeys: the old keys end at once
  // kStoreCopy: from and to (or that of config_file).  kStoreRebuild: files of copies.
  std::vector<std::string> stores;
  std::string report;                                                  // of kReport
  std::vector<std::pair<std::string, std::string>> report_parameters;  // of the API, and "month"
  bool all_accounts = false;  // of kReport: output_file is a directory
  bool elsewhere = false;     // --check-config for another machine's file
  bool overwrite = false;     // of both store commands
  std::string complaint;      // with kUsage: the error; "" where Icecast prints none
};

// args: without the program's name.
Options parse_options(const std::vector<std::string_view>& args);

std::string usage_text();
// "Icecast 2.4.4 (icecast-lb X.Y.Z)" and the versions of the libraries.
std::string version_text();

// Whether icelb runs the action: simulations, imports, drains, logins and stores.
bool is_command_of_icelb(Options::Action action) noexcept;

// The output and the exit status of an action that only prints.
struct Answer {
  std::string out;
  std::string err;
  int status = 0;
};
// nullopt: kServe, and the commands of icelb.
std::optional<Answer> answer(const Options& options);
// Prints to the standard streams and returns the exit status.
int print_answer(const Answer& answer);

}  // namespace lb
