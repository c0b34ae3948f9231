#include "program/options.h"

#include <unistd.h>

#include <algorithm>
#include <iterator>

#include "api/openapi.h"
#include "auth/login/user_book.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/load/check_report.h"
#include "config/load/loader.h"
#include "program/process.h"

namespace lb {
namespace {

using Action = Options::Action;

constexpr std::uint64_t kMaxSeeds = 1000;
constexpr std::uint64_t kHighestFd = 1 << 20;

// Walks over the arguments; value() takes the next one if it is not an option.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string_view>& args) : args_(args) {}
  bool next(std::string_view& arg) {
    if (ended_ || at_ == args_.size()) return false;
    arg = args_[at_++];
    equals_.reset();
    const std::size_t equals = arg.find('=');
    if (arg.starts_with("--") && equals != std::string_view::npos) {
      equals_ = arg.substr(equals + 1);
      arg = arg.substr(0, equals);
    }
    return true;
  }
  std::optional<std::string_view> value() {
    if (equals_) return equals_;
    if (at_ == args_.size() || (args_[at_].size() > 1 && args_[at_][0] == '-')) return std::nullopt;
    return args_[at_++];
  }
  // Ignores the remaining arguments.
  void end() { ended_ = true; }
  bool ended() const { return ended_; }

 private:
  const std::vector<std::string_view>& args_;
  std::size_t at_ = 0;
  bool ended_ = false;
  std::optional<std::string_view> equals_;
};

Options wrong(std::string complaint) {
  Options options;
  options.action = Action::kUsage;
  options.complaint = std::move(complaint);
  return options;
}

// The error message; "": none.
using Complaint = std::string;

// One option; take() reads its arguments.
struct OptionRow {
  std::string_view name;
  Complaint (*take)(Options& options, Arguments& left, std::string_view name);
};

template <Action action>
Complaint act(Options& options, Arguments& /*left*/, std::string_view /*name*/) {
  options.action = action;
  return {};
}
// The remaining arguments are ignored.
template <Action action>
Complaint act_alone(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = action;
  left.end();
  return {};
}
template <Action action>
Complaint act_on_file(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = action;
  if (const auto file = left.value()) options.config_file = *file;
  return {};
}
template <Action action>
Complaint act_on_stores(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = action;
  while (const auto name = left.value()) options.stores.emplace_back(*name);
  return {};
}
template <bool Options::*flag, bool value = true>
Complaint set(Options& options, Arguments& /*left*/, std::string_view /*name*/) {
  options.*flag = value;
  return {};
}
Complaint take_report_parameter(Options& options, Arguments& left, std::string_view name) {
  const auto value = left.value();
  if (!value) return cat({name, " needs a value"});
  options.report_parameters.emplace_back(name.substr(2), *value);
  return {};
}

Complaint take_file(Options& options, Arguments& left, std::string_view /*name*/) {
  const auto file = left.value();
  if (!file) return "-c needs the name of a configuration file";
  options.config_file = *file;
  return {};
}

Complaint take_output(Options& options, Arguments& left, std::string_view /*name*/) {
  options.output_file = left.value().value_or("");
  return {};
}

Complaint take_over(Options& options, Arguments& left, std::string_view /*name*/) {
  const auto fd = parse_u64(left.value().value_or(""));
  if (!fd || *fd > kHighestFd) return "--take-over is used only by the program itself";
  options.take_over = static_cast<int>(*fd);
  return {};
}

Complaint take_stand_in(Options& options, Arguments& left, std::string_view name) {
  options.stands_for = left.value().value_or("");
  return act_alone<Action::kStandIn>(options, left, name);
}

Complaint take_drain(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = Action::kDrain;
  const std::string_view how = left.value().value_or(options.drain_mode);
  const std::size_t comma = how.find(',');
  options.drain_mode = how.substr(0, comma);
  if (comma != std::string_view::npos) options.drain_seconds = parse_u64(how.substr(comma + 1));
  const bool known = options.drain_mode == "configured" || options.drain_mode == "soft" ||
                     options.drain_mode == "move" || options.drain_mode == "hard";
  if (!known) return "--drain=MODE,SECONDS needs one of: configured soft move hard";
  if (comma != std::string_view::npos && !options.drain_seconds)
    return cat({"--drain=", how, ": the time is a number of seconds"});
  return {};
}

Complaint take_passwd(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = Action::kPasswd;
  options.user = left.value().value_or("");
  if (!options.user.empty() && !is_login_name(options.user))
    return cat({"--passwd: ", quoted(options.user), " cannot be the name of a user"});
  return {};
}

Complaint take_report(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = Action::kReport;
  options.report = left.value().value_or("");
  return {};
}

Complaint take_reference(Options& options, Arguments& left, std::string_view /*name*/) {
  const auto format = parse_reference_format(left.value().value_or(""));
  if (!format) return "--dump-reference needs one of: md man xml metrics record openapi api";
  options.action = Action::kDumpReference;
  options.reference = *format;
  return {};
}

Complaint take_simulate(Options& options, Arguments& left, std::string_view /*name*/) {
  options.action = Action::kSimulate;
  if (const auto scenario = left.value()) options.scenario = *scenario;
  return {};
}

Complaint take_seeds(Options& options, Arguments& left, std::string_view /*name*/) {
  const auto seeds = parse_u64(left.value().value_or(""));
  if (!seeds || *seeds < 1 || *seeds > kMaxSeeds) return "--seeds needs a number from 1 to 1000";
  options.seeds = static_cast<unsigned>(*seeds);
  return {};
}

constexpr OptionRow kOptions[] = {
    {"-c", take_file},
    {"-o", take_output},
    {"-v", act_alone<Action::kVersion>},
    {"--version", act_alone<Action::kVersion>},
    {"-h", act_alone<Action::kHelp>},
    {"--help", act_alone<Action::kHelp>},
    {"-b", set<&Options::background>},
    {"-f", set<&Options::background, false>},
    {"--foreground", set<&Options::background, false>},
    {"--upgrade", act<Action::kUpgrade>},
    {"--take-over", take_over},
    {"--stand-in", take_stand_in},
    {"--debuggable", set<&Options::debuggable>},
    {"--allow-default-passwords", set<&Options::allow_default_passwords>},
    {"--check-config", act_on_file<Action::kCheckConfig>},
    {"--dump-config", act_on_file<Action::kDumpConfig>},
    {"--import", act_on_file<Action::kImport>},
    {"--check-audit", act_on_file<Action::kCheckAudit>},
    {"--check-https", act_on_file<Action::kCheckHttps>},
    {"--elsewhere", set<&Options::elsewhere>},
    {"--drain", take_drain},
    {"--passwd", take_passwd},
    {"--rotate-keys", act<Action::kRotateKeys>},
    {"--revoke", set<&Options::revoke>},
    {"--store-copy", act_on_stores<Action::kStoreCopy>},
    {"--store-rebuild", act_on_stores<Action::kStoreRebuild>},
    {"--report", take_report},
    {"--all-accounts", set<&Options::all_accounts>},
    {"--month", take_report_parameter},
    {"--from", take_report_parameter},
    {"--to", take_report_parameter},
    {"--zone", take_report_parameter},
    {"--mount", take_report_parameter},
    {"--by", take_report_parameter},
    {"--country", take_report_parameter},
    {"--service", take_report_parameter},
    {"--category", take_report_parameter},
    {"--columns", take_report_parameter},
    {"--account", take_report_parameter},
    {"--format", take_report_parameter},
    {"--overwrite", set<&Options::overwrite>},
    {"--dump-reference", take_reference},
    {"--simulate", take_simulate},
    {"--seeds", take_seeds},
};

// Checks for options that contradict each other or are incomplete.
Complaint judge(const Options& options) {
  if (options.action == Action::kStoreCopy && (options.stores.empty() || options.stores.size() > 2))
    return "--store-copy needs the store to copy from and the one to copy to: files:DIRECTORY, or "
           "a configuration file";
  if (options.action != Action::kReport && !options.report_parameters.empty())
    return cat({"--", options.report_parameters.front().first, " needs --report"});
  if (options.all_accounts && (options.action != Action::kReport || options.output_file.empty()))
    return "--all-accounts needs --report, and -o with a directory";
  if (options.action == Action::kPasswd && !options.config_file.empty() && options.user.empty())
    return "--passwd with -c needs the name of a user";
  return {};
}

// A command acts on a file; "--check-config --elsewhere f" names it behind another option.
bool acts_on_file(Action action) {
  return action == Action::kCheckConfig || action == Action::kDumpConfig ||
         action == Action::kImport || action == Action::kCheckAudit ||
         action == Action::kCheckHttps;
}

// Icecast ignores short options and words that it does not know.  A command that it does not have
// would do something else than was asked for.
Complaint take_strange(Options& options, const std::vector<std::string_view>& strange) {
  if (options.action == Action::kServe) return {};
  for (const std::string_view word : strange) {
    if (word.starts_with('-')) return "unknown option " + quoted(word);
    if (!acts_on_file(options.action) || !options.config_file.empty())
      return "unexpected " + quoted(word);
    options.config_file = word;
  }
  return {};
}

bool needs_file(const Options& options) {
  return options.action != Action::kDumpReference && options.action != Action::kSimulate &&
         options.action != Action::kPasswd &&
         (options.action != Action::kStoreCopy || options.stores.size() < 2);
}

}  // namespace

Options parse_options(const std::vector<std::string_view>& args) {
  Options options;
  Arguments left(args);
  std::string_view arg;
  std::vector<std::string_view> strange;
  while (left.next(arg)) {
    const auto* const row = std::ranges::find(kOptions, arg, &OptionRow::name);
    if (row == std::end(kOptions)) {
      if (arg.starts_with("--")) return wrong("unknown option " + quoted(arg));
      strange.push_back(arg);
      continue;
    }
    if (Complaint complaint = row->take(options, left, arg); !complaint.empty())
      return wrong(std::move(complaint));
  }
  if (left.ended()) return options;
  if (Complaint complaint = take_strange(options, strange); !complaint.empty())
    return wrong(std::move(complaint));
  if (Complaint complaint = judge(options); !complaint.empty()) return wrong(std::move(complaint));
  if (needs_file(options) && options.config_file.empty())
    return wrong(options.action == Action::kServe ? "" : "which configuration file?");
  return options;
}

std::string usage_text() {
  return
      R"(usage: icecast-lb [-b] -c <file>
  -c <file>                  serve with this configuration file
  -b                         run in the background
  -f, --foreground           run in the foreground, the default
  -v, --version              print the version
  -h, --help                 print this text
  --check-config <file>      print all errors, warnings and notes about a file, and about the files and
                             directories that it names, tried as the user of <changeowner>; status 0:
                             the file is valid, 1: it is not; --elsewhere: the file is for another
                             machine, and the files that it names are not tried
  --check-https <file>       check whether the certificate of <acme> can be ordered: the addresses of its
                             names, the server that answers there, the authority, the clock;
                             status 0: yes, 1: no
  --check-audit <file>       check whether each line of an audit.log follows the one before it;
                             status 0: yes, 1: a line was changed or is missing
  --dump-config <file>       print every effective value of a file
  --import <file> [-o <new>] print which elements of a file of Icecast 2.4, 2.5 or Icecast-KH are used,
                             and write a clean file; status 0: all are used, 2: some are not,
                             1: the import failed
  --dump-reference <format>  print a reference; md, man or xml: all elements of the configuration;
                             metrics; record: the JSON Schema of a mount outside of the file;
                             openapi or api: the endpoints of /api/v1
  --simulate [scenario]      simulate how listeners are shared out among nodes, in one scenario (an
                             unknown name prints the list) or in all; status 0: every goal was reached
  --seeds <number>           runs of each simulation; default 10
  --upgrade                  replace the program of the running server of -c without disconnecting its
                             listeners and sources, and wait until that is done; status 0: done
  --drain[=<mode>[,<seconds>]]  drain the running server of -c, and wait until it is empty; mode:
                             configured, soft, move or hard
  --passwd [<user>]          read a password from the terminal or standard input, and print its hash;
                             with -c: set it for this user of the store, by the running server
  --store-copy <from> [<to>] copy all records of a store into another one without records; each is
                             files:DIRECTORY, or a configuration file with a <store>; without <to>:
                             into the store of -c; --overwrite: make the other one the same
  --store-rebuild [<copy>...]  with -c: rebuild its store from the newest of these last good copies of
                             masters, or from the conf.cache files of its nodes together; without
                             <copy>: from the copy of its own etcd; --overwrite: even if the store has
                             records
  --report <name>            with -c: write a report of its audience: songs, playlist, soundexchange
                             and others (an unknown name prints the list); [-o <file>], else to standard
                             output; of last month, or --month 2026-10, or --from 2026-10-01
                             --to 2026-10-08; --zone Europe/Berlin, --mount, --account, --country,
                             --by, --service, --category, --columns and --format json as in the API;
                             --all-accounts -o <directory>: a file for each account of the store
  --rotate-keys [--revoke]   with -c: sign sessions with a new key; sessions continue; with --revoke
                             they end
  --debuggable               let core files and debuggers read the memory after a change of user
  --allow-default-passwords  start even with a password from an example
)";
}

namespace {

// The config floor must not include these floors, so their references are printed here.
std::string reference_of(ReferenceFormat format) {
  if (format == ReferenceFormat::kOpenApi) return openapi_json();
  if (format == ReferenceFormat::kApi) return api_reference();
  return dump_reference(format);
}

}  // namespace

bool is_command_of_icelb(Action action) noexcept {
  switch (action) {
    case Action::kSimulate:
    case Action::kImport:
    case Action::kPasswd:
    case Action::kRotateKeys:
    case Action::kStoreCopy:
    case Action::kStoreRebuild:
    case Action::kDrain:
    case Action::kReport:
    case Action::kCheckAudit:
    case Action::kCheckHttps:
      return true;
    default:
      return false;
  }
}

std::optional<Answer> answer(const Options& options) {
  const LoadOptions load{options.allow_default_passwords};
  if (is_command_of_icelb(options.action)) return std::nullopt;
  switch (options.action) {
    case Action::kServe:
    case Action::kUpgrade:
    case Action::kStandIn:
      return std::nullopt;
    case Action::kVersion:
      return Answer{version_text(), "", 0};
    case Action::kHelp:
      return Answer{usage_text(), "", 0};
    case Action::kDumpReference:
      return Answer{reference_of(options.reference), "", 0};
    case Action::kCheckConfig: {
      const CheckReport report = check_report(
          options.config_file, load, options.elsewhere ? FilesOf::kElsewhere : FilesOf::kHere);
      return Answer{report.text, "", report.valid ? 0 : 1};
    }
    case Action::kDumpConfig: {
      const auto loaded = load_config_file(options.config_file, load);
      if (!loaded.has_value()) {
        return Answer{fatal_text(options.config_file, loaded.error()), "", 1};
      }
      return Answer{dump_config(*loaded), "", 0};
    }
    default:  // kUsage
      break;
  }
  if (options.complaint.empty()) return Answer{usage_text(), "", 1};
  // The list of all options would hide the message.
  return Answer{"usage: icecast-lb [-b] -c <file>\n       icecast-lb --help prints all options\n",
                cat({"icecast-lb: ", options.complaint, "\n"}), 1};
}

int print_answer(const Answer& answer) {
  write_console(STDOUT_FILENO, answer.out);
  write_console(STDERR_FILENO, answer.err);
  return answer.status;
}

}  // namespace lb
