// The plan that takes a playlist log of an automation as CSV and adds its facts to the titles of a
// mount.
//
// The first row names the columns: time (or begin) and title are required; artist, isrc, album,
// label, label_code and composer are optional; others are ignored.  Cells are separated by commas,
// semicolons or tabs, as in the first row.  A fault's pointer is /ROW/COLUMN; the first row is 1,
// as in a spreadsheet.
// Source: RFC 4180.
// Thread: that of the audience's database.
// Bounds: kMaxPlayLogBytes (checked before), kMaxReportLines rows, kMaxLogFaults reported faults.
#include <algorithm>
#include <array>
#include <utility>

#include "api/audience/audience_ask.h"
#include "api/audience/audience_plans.h"
#include "api/audience/audience_table.h"
#include "api/records/mount_answer.h"
#include "api/request/order_fields.h"
#include "api/request/plan.h"
#include "api/request/rights.h"
#include "audience/song_fill.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/object_reader.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kShownUnmatched = 100;
constexpr std::size_t kMaxCells = 200;  // of a row

struct PlayLine : Song {
  std::string time, title;
};
constexpr auto kPlayLine = std::to_array(
    {member<JsonText<40, 1>, &PlayLine::time>("time").needed(Form::kNew, kIsMissing),
     member<JsonText<kMaxTitle, 1>, &PlayLine::title>("title").needed(Form::kNew, kIsMissing),
     whole_member<MembersOf<kSongBody>, PlayLine>()});
// The columns that a log may have.  Its times are in a form for people.
constexpr std::string_view kLogColumns[] = {"time",  "artist", "title",      "isrc",
                                            "album", "label",  "label_code", "composer"};

class CsvRows {
 public:
  explicit CsvRows(std::string_view text) : left_(text) {
    if (left_.starts_with("\xef\xbb\xbf")) left_.remove_prefix(3);
    const std::string_view first = left_.substr(0, left_.find_first_of("\r\n"));
    const auto count = [first](char c) { return std::count(first.begin(), first.end(), c); };
    for (const char c : {';', '\t'})
      if (count(c) > count(separator_)) separator_ = c;
  }
  bool at_end() const noexcept { return left_.empty(); }
  // Returns "" if the row was read, otherwise its fault.
  std::string next(std::vector<std::string>& cells) {
    cells.assign(1, {});
    while (!left_.empty()) {
      const char c = take();
      if (c == '"' && cells.back().empty()) {
        if (!take_quoted(cells.back())) return "a quote of the row is not closed";
      } else if (c == separator_) {
        if (cells.size() == kMaxCells) return cat({"a row has at most ", kMaxCells, " cells"});
        cells.emplace_back();
      } else if (c == '\n' || c == '\r') {
        if (c == '\r' && left_.starts_with('\n')) take();
        break;
      } else {
        cells.back() += c;
      }
    }
    return {};
  }

 private:
  char take() {
    const char c = left_.front();
    left_.remove_prefix(1);
    return c;
  }
  bool take_quoted(std::string& cell) {
    while (!left_.empty()) {
      const char c = take();
      if (c == '"' && !left_.starts_with('"')) return true;
      if (c == '"') take();
      cell += c;
    }
    return false;
  }

  std::string_view left_;
  char separator_ = ',';
};

struct PlayLog {
  std::vector<LoggedPlay> plays;
  std::vector<std::size_t> rows;  // the row number of each play
  std::vector<JsonFault> faults;
};

// Returns the member for each cell of a row; "" for ignored columns.
std::vector<std::string_view> play_columns(const std::vector<std::string>& head, PlayLog& log) {
  std::vector<std::string_view> columns;
  for (const std::string& cell : head) {
    std::string name = to_lower(trim(cell));
    std::replace_if(
        name.begin(), name.end(), [](char c) { return c == '-' || c == ' '; }, '_');
    if (name == "begin") name = "time";
    const auto known = std::find(std::begin(kLogColumns), std::end(kLogColumns), name);
    columns.push_back(known == std::end(kLogColumns) ? std::string_view() : *known);
    if (!columns.back().empty() && std::count(columns.begin(), columns.end(), *known) > 1)
      log.faults.push_back({cat({"/1/", *known}), "two columns have this name"});
  }
  for (const std::string_view needed : {"time", "title"})
    if (std::find(columns.begin(), columns.end(), needed) == columns.end())
      log.faults.push_back({cat({"/1/", needed}), "the first row has no such column"});
  return columns;
}

void read_play_line(const std::vector<std::string>& cells,
                    const std::vector<std::string_view>& columns, std::size_t row,
                    const TimeZone& zone, PlayLog& log) {
  const std::string at = cat({"/", row});
  if (cells.size() != columns.size()) {
    log.faults.push_back(
        {at, cat({"the row has ", cells.size(), " cells, the first row ", columns.size()})});
    return;
  }
  const std::size_t faults = log.faults.size();
  JsonWriter json;
  json.begin_object();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (columns[i].empty() || trim(cells[i]).empty()) continue;
    if (!valid_utf8(cells[i]))
      log.faults.push_back({cat({at, "/", columns[i]}), "it is not UTF-8"});
    else
      json.key(columns[i]).text(unguarded(trim(cells[i])));
  }
  if (log.faults.size() > faults) return;
  PlayLine line;
  auto object = Json::parse(json.end_object().take());
  if (!object) {
    log.faults.push_back({at, object.error().what});
    return;
  }
  ObjectReader(*std::move(object), Form::kNew, log.faults, at).take(kPlayLine, line);
  if (log.faults.size() > faults) return;
  const auto moment = audience_moment(line.time, zone);
  if (!moment) {
    log.faults.push_back(
        {at + "/time", "it is neither Unix seconds nor a time such as 2026-11-22T08:00:00"});
    return;
  }
  const auto again = audience_moment(line.time, zone, true);
  log.plays.push_back({*moment * 1000,
                       std::move(line.artist),
                       std::move(line.title),
                       {line.isrc, line.album, line.label, line.label_code, line.composer},
                       again == moment ? 0 : again.value_or(0) * 1000});
  log.rows.push_back(row);
}

PlayLog play_log_of(std::string_view text, const TimeZone& zone) {
  PlayLog log;
  CsvRows rows(text);
  std::vector<std::string_view> columns;
  std::vector<std::string> cells;
  for (std::size_t row = 1; !rows.at_end() && log.faults.size() < kMaxLogFaults; ++row) {
    if (std::string wrong = rows.next(cells); !wrong.empty()) {
      log.faults.push_back({cat({"/", row}), std::move(wrong)});
      break;
    } else if (row == 1) {
      columns = play_columns(cells, log);
      if (!log.faults.empty()) break;
    } else if (row > kMaxReportLines) {
      log.faults.push_back({cat({"/", row}), cat({"at most ", kMaxReportLines, " rows are read"})});
      break;
    } else if (cells.size() > 1 || !trim(cells[0]).empty()) {
      read_play_line(cells, columns, row, zone, log);
    }
  }
  if (columns.empty() && log.faults.empty()) log.faults.push_back({"/1", "there is no row"});
  return log;
}

}  // namespace

Plan fill_plays(const PlanContext& context) {
  auto read = read_audience_ask(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& ask = std::get<AudienceAsk>(read);
  if (ask.mount.empty()) return wrong_parameter("mount", "mount= must name the mount of the log");
  if (auto problem = no_audience(context.world)) return *std::move(problem);
  Sqlite& database = *context.world.audience;
  const std::int64_t now = unix_ms(context.now);
  const auto mounts = AudienceReport(database, now).mounts();
  if (!mounts) return Problem{ProblemName::kOverloaded, mounts.error().what};
  const auto at = std::find_if(mounts->begin(), mounts->end(),
                               [&](const auto& row) { return row.second == ask.mount; });
  if (!sees_mount(context, ask.mount) ||
      (at == mounts->end() && !sees_present_mount(context, ask.mount)))
    return hidden_mount(ask);
  if (!acts_on_mounts(context.who)) return forbidden("the login may not act on mount " + ask.mount);
  PlayLog log = play_log_of(context.request.body, *ask.zone);
  if (!log.faults.empty()) return invalid(std::move(log.faults));
  const bool dry = context.request.dry_run();
  const auto filled =
      fill_songs(database, at == mounts->end() ? 0 : at->first, log.plays, now, dry);
  if (!filled) {
    const bool is_long = filled.error().code == Error::Code::kLimit;
    return Problem{is_long ? ProblemName::kTooLarge : ProblemName::kOverloaded,
                   filled.error().what};
  }
  const auto count = [&filled](PlayFilled kind) {
    return static_cast<std::int64_t>(std::count(filled->begin(), filled->end(), kind));
  };
  const std::int64_t changed = count(PlayFilled::kFilled);
  JsonWriter json;
  json.begin_object().key("rows").number(static_cast<std::int64_t>(filled->size()));
  json.key("filled").number(changed).key("known").number(count(PlayFilled::kKnown));
  json.key("unmatched").number(count(PlayFilled::kUnmatched)).key("unmatched_rows").begin_array();
  std::size_t shown = 0;
  for (std::size_t i = 0; i < filled->size() && shown < kShownUnmatched; ++i) {
    if ((*filled)[i] != PlayFilled::kUnmatched) continue;
    json.number(static_cast<std::int64_t>(log.rows[i]));
    ++shown;
  }
  json.end_array().end_object();
  Planned plan = answered(json);
  if (!dry && changed > 0)
    plan.deed = ApiDeed{"fill",
                        record_key("mounts", ask.mount),
                        {{"plays", "", std::to_string(changed)}},
                        account_of_mount(context, ask.mount)};
  return plan;
}

}  // namespace lb
