#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "api/audience/audience_answer.h"
#include "api/audience/audience_plans.h"
#include "api/audience/sound_exchange.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "net/address/country_file.h"

namespace lb {

Plan audience_songs(const PlanContext& context) {
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  auto rows = report.songs(mounts, ask.range);
  if (!rows) return no_report(rows.error());
  std::stable_sort(rows->begin(), rows->end(), [](const SongRow& a, const SongRow& b) {
    return a.performances > b.performances;
  });
  AudienceTable table{{"artist", "title", "country", "performances"}, {}};
  for (const SongRow& row : *rows) {
    auto [artist, title] = artist_and_title(row.title);
    table.rows.push_back(
        {std::move(artist), std::move(title), text_or_none(row.country), row.performances});
  }
  return audience_answer(ask, table, "songs");
}

// Unknown facts stay empty, and the station fills them in.
Plan audience_playlist(const PlanContext& context) {
  AudienceTable table{{"station", "date", "begin", "duration_s", "title", "artist", "composer",
                       "label", "label_code", "isrc", "performances"},
                      {}};
  if (const auto names = query_param(context.request.query, "columns"))
    if (const auto renamed = rename_columns(table, *names); !renamed)
      return wrong_parameter("columns", "columns=: " + renamed.error().what);
  auto found = played_in(context);
  if (auto* problem = std::get_if<Problem>(&found)) return std::move(*problem);
  const auto& [asked, rows, next] = std::get<Played>(found);
  const AudienceAsk& ask = asked.ask;
  for (const PlayRow& row : rows) {
    const std::string began = local_time_text(row.began, *ask.zone);
    auto [artist, title] = artist_and_title(row.title);
    table.rows.push_back(
        {row.mount, began.substr(0, 10), began,
         row.ended ? AudienceCell((*row.ended - row.began) / 1000) : AudienceCell(),
         std::move(title), std::move(artist), text_or_none(row.facts.composer),
         text_or_none(row.facts.label), text_or_none(row.facts.label_code),
         text_or_none(row.facts.isrc),
         row.performances ? AudienceCell(*row.performances) : AudienceCell()});
  }
  return audience_answer(ask, table, "playlist", next, true);
}

namespace {

struct Recordings {
  AudienceAsk ask;
  std::vector<SoundExchangeRow> complete, incomplete;
  std::int64_t unknown = 0;  // performances in no known country, which are left out
};
// The recordings heard in ?country=, by default in the United States.
std::variant<Recordings, Problem> recordings_in(const PlanContext& context) {
  const std::string country = query_param(context.request.query, "country").value_or("US");
  if (country != "all" && !is_country(country))
    return wrong_parameter("country", "country= must be two capital letters, or all");
  auto begun = begin_report(context);
  if (auto* problem = std::get_if<Problem>(&begun)) return std::move(*problem);
  auto& [ask, report, mounts] = std::get<AudienceAsked>(begun);
  const auto songs =
      report.songs(mounts, ask.range, country == "all" ? std::nullopt : std::optional(country));
  if (!songs) return no_report(songs.error());
  std::int64_t unknown = 0;
  if (country != "all") {
    const auto nowhere = report.songs(mounts, ask.range, "");
    if (!nowhere) return no_report(nowhere.error());
    for (const SongRow& row : *nowhere) unknown += row.performances;
  }
  const auto facts = report.song_facts(mounts);
  if (!facts) return no_report(facts.error());
  std::map<std::pair<std::string, std::string>, SoundExchangeRow> recordings;
  for (const SongRow& row : *songs) {
    auto name = artist_and_title(row.title);
    SoundExchangeRow& recording = recordings[name];
    std::tie(recording.artist, recording.title) = std::move(name);
    recording.performances += row.performances;
    if (const auto known = facts->find(row.title); known != facts->end()) {
      recording.isrc = known->second.isrc;
      recording.album = known->second.album;
      recording.label = known->second.label;
    }
  }
  Recordings found{std::move(ask), {}, {}, unknown};
  for (auto& [name, recording] : recordings)
    (lack_of(recording).empty() ? found.complete : found.incomplete)
        .push_back(std::move(recording));
  return found;
}

// Whether the name has characters left once the field separators are removed.
bool has_text(std::string_view service) {
  return std::any_of(service.begin(), service.end(), [](char c) {
    return static_cast<unsigned char>(c) > ' ' && c != '\x7f' && c != '^' && c != '|';
  });
}

std::vector<AudienceCell> recording_cells(const SoundExchangeRow& row) {
  return {row.artist,
          row.title,
          text_or_none(row.isrc),
          text_or_none(row.album),
          text_or_none(row.label),
          row.performances};
}

}  // namespace

Plan audience_sound_exchange(const PlanContext& context) {
  constexpr std::size_t kLongestService = 100;
  const std::string& query = context.request.query;
  const std::string service = query_param(query, "service").value_or("");
  if (service.size() > kLongestService || !valid_utf8(service) || !has_text(service))
    return wrong_parameter("service", cat({"service= must be the name of the service, 1 to ",
                                           kLongestService, " bytes of UTF-8"}));
  const std::string category = query_param(query, "category").value_or("A");
  if (category.size() != 1 || category[0] < 'A' || category[0] > 'L')
    return wrong_parameter("category", "category= must be one letter from A to L");
  auto read = recordings_in(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& [ask, complete, incomplete, unknown] = std::get<Recordings>(read);
  Planned plan;
  if (!ask.csv) {
    AudienceTable table{{"artist", "title", "isrc", "album", "label", "performances"}, {}};
    for (const SoundExchangeRow& row : complete) table.rows.push_back(recording_cells(row));
    AudienceHead head = head_of(ask);
    head.emplace_back("incomplete", static_cast<std::int64_t>(incomplete.size()));
    head.emplace_back("unknown", unknown);
    plan.answer.body = audience_json(table, head, {});
    return plan;
  }
  plan.answer.body = sound_exchange_text(service, category[0], complete);
  plan.answer.type = "text/plain; charset=us-ascii";
  plan.answer.file =
      sound_exchange_file(service, category[0], local_time_text(ask.range.from, *ask.zone),
                          local_time_text(ask.range.to - 1, *ask.zone));
  return plan;
}

Plan audience_sound_exchange_incomplete(const PlanContext& context) {
  auto read = recordings_in(context);
  if (auto* problem = std::get_if<Problem>(&read)) return std::move(*problem);
  const auto& [ask, complete, incomplete, unknown] = std::get<Recordings>(read);
  AudienceTable table{{"artist", "title", "isrc", "album", "label", "performances", "reason"}, {}};
  for (const SoundExchangeRow& row : incomplete) {
    table.rows.push_back(recording_cells(row));
    table.rows.back().emplace_back(std::string(lack_of(row)));
  }
  return audience_answer(ask, table, kIncompleteReport);
}

}  // namespace lb
