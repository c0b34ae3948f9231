#include "api/audience/session_files.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_table.h"
#include "api/records/mount_answer.h"
#include "api/request/list_page.h"
#include "api/request/rights.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// Replaces tabs, which separate fields, and a start that a spreadsheet would take for a formula.
std::string session_text(std::string_view text, bool with_blanks) {
  std::string out;
  for (const char c : text) {
    const bool parts = static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
    out += parts ? ' ' : c;
  }
  if (begins_formula(out)) out.insert(0, 1, '\'');
  if (!with_blanks) std::replace(out.begin(), out.end(), ' ', '_');
  return out;
}

// A <string> of the extended log format: quoted, with inner quotation marks doubled.
std::string quoted_field(std::string_view text) {
  if (text.empty()) return "-";
  std::string out = "\"";
  for (const char c : session_text(text, true)) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

struct SessionMoment {
  std::string day, time;
};
SessionMoment utc(std::int64_t ms) {
  const std::string text = local_time_text(ms, TimeZone());
  return {text.substr(0, 10), text.substr(11, 8)};
}

std::int64_t whole_seconds(const SpooledListening& row) {
  return (row.ended_ms - row.began_ms + 500) / 1000;
}

// The order of rows.
std::pair<std::int64_t, std::int64_t> key_of(const SpooledListening& row) {
  return {row.ended_ms, row.began_ms};
}

// Whether the login sees the mount and it ever had a listener.
bool is_mount_heard(const PlanContext& context, const std::string& mount) {
  if (context.world.audience == nullptr || !sees_mount(context, mount)) return false;
  const auto mounts = AudienceReport(*context.world.audience, unix_ms(context.now)).mounts();
  return mounts && std::any_of(mounts->begin(), mounts->end(),
                               [&mount](const auto& one) { return one.second == mount; });
}

// Since when mounts' sessions are their accounts', as the sums of the audience count them.
class AccountStarts {
 public:
  explicit AccountStarts(const PlanContext& context) : context_(context) {
    if (context.world.audience == nullptr) return;
    AudienceReport report(*context.world.audience, unix_ms(context.now));
    if (const auto mounts = report.mounts())
      for (const auto& [number, name] : *mounts) numbers_.emplace(name, number);
    kept_ = report.kept_accounts();
    kept_since_ = report.kept_since();
  }
  std::int64_t of(const std::string& name) const {
    const auto at = numbers_.find(name);
    return at == numbers_.end() ? record_since(context_, name)
                                : account_since(context_, name, at->second, kept_, kept_since_);
  }
  // Also of a mount that has been deleted.
  std::string account_of(const std::string& name) const {
    const auto at = numbers_.find(name);
    return at == numbers_.end() ? account_of_mount(context_, name)
                                : account_of_mount(context_, name, at->second, kept_);
  }

 private:
  const PlanContext& context_;
  std::map<std::string, std::int64_t, std::less<>> numbers_;
  AudienceReport::Mounts kept_;
  AudienceReport::Since kept_since_;
};

struct SessionsAsked {
  AudienceAsk ask;
  std::vector<SpooledListening> rows;
};

std::variant<SessionsAsked, Problem> sessions_asked(const PlanContext& context, bool one_mount) {
  auto read = read_audience_ask(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  SessionsAsked asked{std::get<AudienceAsk>(std::move(read)), {}};
  const AudienceAsk& ask = asked.ask;
  if (context.world.audience == nullptr && context.world.audience_why.empty())
    return *no_audience(context.world);
  if (!context.world.keeps_addresses)
    return Problem{ProblemName::kNotFound,
                   "session files need addresses, and none are kept: there is no "
                   "<audience><keep-addresses>, or there was none when this server started"};
  if (one_mount && ask.mount.empty())
    return wrong_parameter("mount", "the file has one stream, which mount= must name");
  if (auto problem = hidden_account(context, ask.account)) return *std::move(problem);
  bool knows = ask.mount.empty() || sees_present_mount(context, ask.mount);
  std::optional<AccountStarts> starts;
  if (!sees_all(context.who) || !ask.account.empty()) starts.emplace(context);
  auto rows = read_sessions(
      session_directory(state_directory(context.file)), ask.range.from, ask.range.to,
      [&](const std::string& name, std::int64_t began_ms) {
        if (!ask.mount.empty() && name != ask.mount) return false;
        const std::string account = starts ? starts->account_of(name) : std::string();
        if (!sees_mount(context.who, name, account)) return false;
        if (!ask.account.empty() && account != ask.account) return false;
        knows = true;
        return !starts || began_ms >= starts->of(name);
      },
      kMaxSessionLines);
  if (!rows && rows.error().code == Error::Code::kLimit)
    return wrong_parameter("from", rows.error().what);
  if (!rows) return Problem{ProblemName::kOverloaded, rows.error().what};
  if (!knows && !is_mount_heard(context, ask.mount)) return hidden_mount(ask);
  asked.rows = *std::move(rows);
  return asked;
}

// One page of sessions.
Plan sessions_json(const PlanContext& context, const SessionsAsked& asked) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  const auto begin = rows_before(asked.rows, after.empty() ? "0" : std::string_view(after));
  if (!begin) return wrong_after(after);
  AudienceTable table{
      {"address", "began", "ended", "seconds", "bytes", "mount", "agent", "referer"}, {}};
  const std::size_t first = *begin, last = std::min(first + most, asked.rows.size());
  const TimeZone& zone = *asked.ask.zone;
  for (std::size_t i = first; i < last; ++i) {
    const SpooledListening& row = asked.rows[i];
    table.rows.push_back({row.address, local_time_text(row.began_ms, zone),
                          local_time_text(row.ended_ms, zone), whole_seconds(row),
                          static_cast<std::int64_t>(row.bytes), row.mount, row.agent, row.referer});
  }
  Planned plan;
  plan.answer.body =
      audience_json(table,
                    {{"from", local_time_text(asked.ask.range.from, zone)},
                     {"to", local_time_text(asked.ask.range.to, zone)},
                     {"zone", asked.ask.zone_name}},
                    last < asked.rows.size() ? session_place(asked.rows, last) : std::string());
  return plan;
}

Plan session_file(std::string text, std::string name) {
  Planned plan;
  plan.answer.body = std::move(text);
  plan.answer.type = std::string(kSessionFileType);
  plan.answer.file = std::move(name);
  return plan;
}

}  // namespace

std::string session_place(const std::vector<SpooledListening>& rows, std::size_t count) {
  if (count == 0) return "0";
  const auto key = key_of(rows[count - 1]);
  const auto same = std::ranges::lower_bound(rows, key, {}, &key_of) - rows.begin();
  return cat({key.first, '.', key.second, '.', count - static_cast<std::size_t>(same)});
}

std::optional<std::size_t> rows_before(const std::vector<SpooledListening>& rows,
                                       std::string_view place) {
  if (place == "0") return 0;
  std::array<std::int64_t, 3> numbers{};
  if (!read_place(place, numbers)) return std::nullopt;
  const auto& [ended, began, count] = numbers;
  const std::pair key(ended, began);
  const auto first = std::ranges::lower_bound(rows, key, {}, &key_of);
  const auto last = std::ranges::upper_bound(first, rows.end(), key, {}, &key_of);
  return static_cast<std::size_t>(first - rows.begin()) +
         static_cast<std::size_t>(std::min<std::int64_t>(count, last - first));
}

std::string npr_text(const std::vector<SpooledListening>& rows) {
  std::string out;
  for (const SpooledListening& row : rows) {
    const auto [day, time] = utc(row.began_ms);
    out += cat({row.address, '\t', day, '\t', time, '\t', session_text(row.mount, false), '\t',
                whole_seconds(row), "\t200\t", session_text(row.agent, true), "\r\n"});
  }
  return out;
}

std::string triton_text(const std::vector<SpooledListening>& rows, std::int64_t from_ms,
                        std::int64_t to_ms, std::int64_t now_ms) {
  std::string out = "#Version: 1.0\r\n#Software: icecast-lb\r\n";
  for (const auto& [name, at] : {std::pair("Start-Date", from_ms), std::pair("End-Date", to_ms),
                                 std::pair("Date", now_ms)}) {
    const auto [day, time] = utc(at);
    out += cat({"#", name, ": ", day, " ", time, "\r\n"});
  }
  out +=
      "#Fields: date\ttime\tc-ip\tcs-uri-stem\tsc-status\tsc-bytes\tx-duration\tcs(User-Agent)\t"
      "cs(Referer)\r\n";
  for (const SpooledListening& row : rows) {
    const auto [day, time] = utc(row.ended_ms);
    out += cat({day, '\t', time, '\t', row.address, '\t', session_text(row.mount, false), "\t200\t",
                row.bytes, '\t', whole_seconds(row), '\t', quoted_field(row.agent), '\t',
                quoted_field(row.referer), "\r\n"});
  }
  return out;
}

Plan audience_npr(const PlanContext& context) {
  auto read = sessions_asked(context, true);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& asked = std::get<SessionsAsked>(read);
  if (!asked.ask.csv) return sessions_json(context, asked);
  return session_file(npr_text(asked.rows), "audience-npr.txt");
}

Plan audience_triton(const PlanContext& context) {
  auto read = sessions_asked(context, false);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& asked = std::get<SessionsAsked>(read);
  if (!asked.ask.csv) return sessions_json(context, asked);
  return session_file(
      triton_text(asked.rows, asked.ask.range.from, asked.ask.range.to, unix_ms(context.now)),
      "audience-triton.log");
}

}  // namespace lb
