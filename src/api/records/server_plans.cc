#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/records/record_plans.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/load/loader.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::size_t kUsualLines = 200, kMaxLines = 1000;
constexpr std::size_t kLongestSearch = 200;

std::string_view severity_word(Severity severity) noexcept {
  return word_of<Severity::kFatal>(severity, {"note", "warning", "error", "error"});
}

}  // namespace

Plan read_log(const PlanContext& context) {
  const ApiRequest& request = context.request;
  const std::string of = query_param(request.query, "of").value_or("error");
  const LogSettings& logging = context.file.logging;
  const std::pair<std::string_view, const std::string*> files[] = {
      {"error", &logging.error_path},
      {"access", &logging.access_path},
      {"playlist", &logging.playlist_path}};
  const auto* const file = std::find_if(std::begin(files), std::end(files),
                                        [&](const auto& one) { return one.first == of; });
  if (file == std::end(files))
    return wrong_parameter("of", "of: it must be one of error, access, playlist");
  std::uint64_t most = kUsualLines;
  if (const auto given = query_param(request.query, "most")) {
    const auto number = parse_u64(*given);
    if (!number || *number == 0 || *number > kMaxLines)
      return wrong_parameter("most",
                             cat({"most: it must be a whole number from 1 to ", kMaxLines}));
    most = *number;
  }
  const std::string find = to_lower(query_param(request.query, "find").value_or(""));
  if (find.size() > kLongestSearch)
    return wrong_parameter("find", cat({"find: it has more than ", kLongestSearch, " bytes"}));
  if (file->second->empty() || *file->second == "-")
    return Problem{ProblemName::kNotFound, cat({"the ", of, " log is not a file"})};
  const auto end = context.world.log_end(*file->second);
  if (!end) return Problem{ProblemName::kNotFound, end.error().what};
  std::vector<std::string_view> lines;
  for (const std::string_view line : split(*end, '\n'))
    if (!line.empty() && (find.empty() || to_lower(line).find(find) != std::string::npos))
      lines.push_back(line);
  JsonWriter json;
  json.begin_object().key("of").text(of).key("file").text(*file->second);
  json.key("lines").begin_array();
  for (std::size_t i = lines.size() - std::min<std::size_t>(lines.size(), most); i < lines.size();
       ++i)
    json.text(lines[i]);
  json.end_array().end_object();
  return answered(json);
}

Plan check_configuration(const PlanContext& context) {
  const auto loaded = context.world.check_file();
  JsonWriter json;
  json.begin_object().key("usable").boolean(loaded && !loaded->refuses_start());
  json.key("items").begin_array();
  const auto write = [&json](int line, std::string_view severity, std::string_view text) {
    json.begin_object().key("line").number(line).key("severity").text(severity);
    json.key("text").text(text).end_object();
  };
  if (!loaded)
    write(0, "error", loaded.error().what);
  else
    for (const Diagnostic& one : loaded->diagnostics)
      write(one.line, severity_word(one.severity), one.text);
  json.end_array().end_object();
  return answered(json);
}

Plan reload_configuration(const PlanContext& context) {
  const auto loaded = context.world.check_file();
  if (!loaded)
    return Problem{ProblemName::kRefused, loaded.error().what + "; the old configuration stays"};
  if (loaded->refuses_start())
    return Problem{ProblemName::kRefused,
                   "the configuration file has errors; the old configuration stays"};
  Planned plan = done({"reload", "configuration", {}});
  ApiOrder order;
  order.kind = ApiOrder::Kind::kReload;
  plan.order = std::move(order);
  return plan;
}

}  // namespace lb
