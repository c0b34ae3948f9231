#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "api/audience/audience_plans.h"
#include "api/audience/session_files.h"
#include "api/report_order.h"
#include "api/request/record_book.h"
#include "audience/database.h"
#include "audience/report_month.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "commands/commands.h"
#include "config/load/loader.h"
#include "net/loop/loop.h"
#include "registry/registry.h"
#include "store/store_registry.h"

namespace lb {
namespace {

Result<ReportOrder> order_of(const Options& options) {
  ReportOrder order{options.report, ""};
  bool has_month = false, has_times = false;
  for (const auto& [name, value] : options.report_parameters) {
    has_times = has_times || name == "from" || name == "to";
    if (name != "month") {
      add_parameter(order.query, name, value);
      continue;
    }
    has_month = true;
    const auto month = parse_report_month(value);
    if (!month) return Error::invalid("--month: " + month.error().what);
    add_parameter(order.query, "from", month->first);
    add_parameter(order.query, "to", month->next);
  }
  if (has_month && has_times)
    return Error::invalid("--month is a period by itself, without --from and --to");
  return order;
}

// Reads the records of the store, the only place of accounts, without writing to it.
Result<std::shared_ptr<const RecordBook>> records_of(const Config& config) {
  if (config.store.type == StoreType::kNone)
    return Error::invalid("there is no <store>, which has the accounts");
  Log log(system_clock());
  LogSettings quiet;
  quiet.level = LogLevel::kError;
  std::ignore = log.open(quiet);  // standard error is open
  Loop loop(0, system_clock());
  StoreSettings store = config.store;
  if (store.type == StoreType::kEtcd) store.path.clear();  // without the server's own copy
  std::unique_ptr<Registry> registry = open_store_as_kept(store, loop, loop, log);
  std::optional<Result<RegistryContent>> content;
  registry->load(
      [&content](Result<RegistryContent> loaded) { content.emplace(std::move(loaded)); });
  while (!content) loop.run_once(true);
  registry.reset();
  loop.run_once(false);
  if (!*content)
    return Error{content->error().code,
                 cat({content->error().what,
                      "; a server that runs writes <report account=\"*\"> by itself"})};
  std::vector<std::string> complaints;
  return RecordBook::make(**content, complaints);
}

struct ReportDesk {
  ReportOrder order;
  std::shared_ptr<const Config> config;
  std::shared_ptr<const RecordBook> book;
  std::unique_ptr<Sqlite> database;
};

Result<ReportDesk> open_desk(const Options& options) {
  auto order = order_of(options);
  if (!order) return order.error();
  const auto loaded = load_config_file(options.config_file, {options.allow_default_passwords});
  if (!loaded) return Error::invalid(cat({options.config_file, ": ", loaded.error().what}));
  const Config& config = *loaded->config;
  std::string path = config.audience.database;
  if (path.empty() && state_directory(config).empty())
    return Error::invalid(cat({options.config_file,
                               ": has neither a state directory nor an <audience> with a "
                               "<database>, so there is none to read"}));
  if (path.empty()) path = state_directory(config) + "/audience.db";
  auto database = open_audience_to_read(path);
  if (!database) return database.error();
  std::vector<std::string> complaints;
  ReportDesk desk{*std::move(order), loaded->config, RecordBook::make({}, complaints),
                  *std::move(database)};
  if (options.all_accounts || query_param(desk.order.query, "account")) {
    auto book = records_of(config);
    if (!book) return book.error();
    desk.book = *std::move(book);
  }
  return desk;
}

Result<ApiAnswer> report_of(const ReportDesk& desk, const ReportOrder& order, WallTime now) {
  return make_report(order, *desk.config, *desk.book, *desk.database, now);
}

// Writes the report to the path and the omitted rows beside it; returns a sentence about those.
Result<std::string> write_report(const ReportDesk& desk, const ReportOrder& order,
                                 const ApiAnswer& made, const std::string& path, WallTime now) {
  // Session files have addresses, so only the calling user may read them.
  const mode_t mode = made.type == kSessionFileType ? 0600 : 0644;
  const auto rest = make_rest(order, path, *desk.config, *desk.book, *desk.database, now);
  if (!rest) return rest.error();
  if (const auto written = replace_file(path, made.body, {.mode = mode}); !written)
    return written.error();
  if (rest->body.empty()) return std::string();
  if (const auto written = replace_file(rest->path, rest->body, {.mode = mode}); !written)
    return written.error();
  return rest->path;
}

// Writes a file for each account into the directory of -o.
Result<std::string> report_each(const ReportDesk& desk, const std::string& directory,
                                WallTime now) {
  std::string told;
  for (const auto& [account, row] : desk.book->accounts()) {
    ReportOrder order = desk.order;
    add_parameter(order.query, "account", account);
    const auto made = report_of(desk, order, now);
    if (!made) return Error::invalid(cat({"account ", account, ": ", made.error().what}));
    // The usual name of soundexchange's file has no account, so it is put in front.
    const std::string front = order.report == "soundexchange" ? account + "-" : "";
    const std::string path = cat({directory, '/', front, made->file});
    const auto rest = write_report(desk, order, *made, path, now);
    if (!rest) return rest.error();
    told += path + "\n" + (rest->empty() ? "" : *rest + "\n");
  }
  return told;
}

// The output, and a sentence about it.
using Told = std::pair<std::string, std::string>;

Result<Told> answer_of(const Options& options, WallTime now) {
  const auto desk = open_desk(options);
  if (!desk) return desk.error();
  if (options.all_accounts) {
    auto files = report_each(*desk, options.output_file, now);
    if (!files) return files.error();
    return Told(*std::move(files), "");
  }
  const auto made = report_of(*desk, desk->order, now);
  if (!made) return made.error();
  if (options.output_file.empty()) {
    const auto rest = make_rest(desk->order, "", *desk->config, *desk->book, *desk->database, now);
    if (!rest) return rest.error();
    return Told(made->body, rest->body.empty()
                                ? ""
                                : cat({"icecast-lb: recordings are left out; --report ",
                                       kIncompleteReport, " has them, and why\n"}));
  }
  const auto rest = write_report(*desk, desk->order, *made, options.output_file, now);
  if (!rest) return rest.error();
  return Told("", rest->empty() ? ""
                                : cat({"icecast-lb: recordings are left out; ", *rest,
                                       " has them, and why\n"}));
}

}  // namespace

Answer answer_report(const Options& options, WallTime now) {
  const auto told = answer_of(options, now);
  if (!told) return {"", cat({"icecast-lb: ", told.error().what, "\n"}), 1};
  return {told->first, told->second, 0};
}

}  // namespace lb
