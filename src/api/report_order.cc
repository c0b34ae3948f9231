#include "api/report_order.h"

#include <algorithm>
#include <utility>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_plans.h"
#include "api/audience/session_files.h"
#include "api/endpoints.h"
#include "api/request/record_book.h"
#include "audience/report_month.h"
#include "audience/report_names.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "config/schema/diagnostic.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::string_view kReports = "/reports/";

const Endpoint* report_endpoint(std::string_view name) {
  for (const Endpoint& endpoint : endpoints())
    if (is_of_audience(endpoint) && endpoint.method == Method::kGet &&
        endpoint.path.substr(endpoint.path.rfind('/') + 1) == name)
      return &endpoint;
  return nullptr;
}

// The file name has the period and the scope of the report.
std::string file_name(const ReportOrder& order, const std::string& given) {
  std::string name = order.report;
  for (const std::string_view part : {"account", "mount", "from", "to"}) {
    const std::string of = file_name_part(query_param(order.query, part).value_or(""));
    if (!of.empty()) name += cat({part == "to" ? "_" : "-", of});
  }
  return name + given.substr(std::min(given.rfind('.'), given.size()));
}

}  // namespace

std::vector<std::string_view> report_names() {
  std::vector<std::string_view> names, others;
  for (const Endpoint& endpoint : endpoints()) {
    if (!is_of_audience(endpoint) || endpoint.method != Method::kGet) continue;
    const bool is_report = endpoint.path.find(kReports) != std::string_view::npos;
    (is_report ? names : others).push_back(endpoint.path.substr(endpoint.path.rfind('/') + 1));
  }
  names.insert(names.end(), others.begin(), others.end());
  return names;
}

void add_parameter(std::string& query, std::string_view name, std::string_view value) {
  query += cat({query.empty() ? "" : "&", name, "=", percent_encode(value, false)});
}

Result<ApiAnswer> make_report(const ReportOrder& order, const Config& file, const RecordBook& book,
                              Sqlite& database, WallTime now) {
  const Endpoint* const endpoint = report_endpoint(order.report);
  if (endpoint == nullptr) {
    std::string all;
    for (const std::string_view name : report_names()) all += cat({all.empty() ? "" : ", ", name});
    return Error::invalid(
        cat({quoted(order.report.substr(0, 80)), " is not a report; there are: ", all}));
  }
  if (const auto problem = empty_choice(order.query)) return Error::invalid(problem->detail);
  ReportOrder whole = order;
  if (!query_param(order.query, "from") && !query_param(order.query, "to")) {
    const auto zone = find_time_zone(query_param(order.query, "zone").value_or("UTC"));
    if (!zone) return zone.error();
    const ReportMonth month = report_month(unix_seconds(now), **zone, 1);
    add_parameter(whole.query, "from", month.first);
    add_parameter(whole.query, "to", month.next);
  }
  if (!query_param(order.query, "format")) add_parameter(whole.query, "format", "csv");
  ApiRequest request;
  request.path = cat({kApiPath, endpoint->path});
  request.query = whole.query;
  ApiCaller who;
  who.role = Role::kAdmin;
  ApiWorld world;
  world.audience = &database;
  world.whole = true;
  world.keeps_addresses = file.audience.keep_addresses.count() > 0;
  world.now_of = [](const std::string&) { return MountNow(); };  // not needed here
  Plan plan = endpoint->plan({request, who, book, file, world, now});
  if (const auto* problem = std::get_if<Problem>(&plan)) return Error::invalid(problem->detail);
  ApiAnswer answer = std::move(std::get<Planned>(plan).answer);
  const auto lines =
      static_cast<std::size_t>(std::count(answer.body.begin(), answer.body.end(), '\n'));
  if (lines > kMaxReportLines && answer.type != kSessionFileType)
    return Error::limit(cat({"the report has ", kMaxReportLines,
                             " lines or more; ask for less time, or for one mount"}));
  if (answer.type.empty()) answer.file = "report.json";
  if (!answer.type.starts_with("text/plain")) answer.file = file_name(whole, answer.file);
  return answer;
}

Result<ReportRest> make_rest(const ReportOrder& order, const std::string& path, const Config& file,
                             const RecordBook& book, Sqlite& database, WallTime now) {
  ReportRest rest;
  if (order.report != "soundexchange") return rest;
  ReportOrder of{std::string(kIncompleteReport), order.query};
  add_parameter(of.query, "format", "csv");
  auto made = make_report(of, file, book, database, now);
  if (!made) return made.error();
  rest.path = path.substr(0, path.size() - (path.ends_with(".txt") ? 4 : 0)) + "-incomplete.csv";
  // The first line is the header.
  if (std::count(made->body.begin(), made->body.end(), '\n') > 1) rest.body = made->body;
  return rest;
}

}  // namespace lb
