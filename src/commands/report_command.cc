#include "commands/report_command.h"

#include <string>
#include <vector>

#include "api/record_book.h"
#include "api/report_order.h"
#include "audience/database.h"
#include "base/cat.h"
#include "base/file.h"
#include "config/loader.h"

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

Result<ApiAnswer> report_of(const Options& options, WallTime now) {
  const auto order = order_of(options);
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
  return make_report(*order, config, *RecordBook::make({}, complaints), **database, now);
}

}  // namespace

Answer answer_report(const Options& options, WallTime now) {
  const auto made = report_of(options, now);
  if (!made) return {"", cat({"icecast-lb: ", made.error().what, "\n"}), 1};
  if (options.output_file.empty()) return {made->body, "", 0};
  if (const auto written = replace_file(options.output_file, made->body, {.mode = 0644}); !written)
    return {"", cat({"icecast-lb: ", written.error().what, "\n"}), 1};
  return {"", "", 0};
}

}  // namespace lb
