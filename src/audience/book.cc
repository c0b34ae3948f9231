#include "audience/book.h"

#include <algorithm>
#include <utility>

#include "audience/agents.h"
#include "base/json.h"
#include "net/address/country_file.h"

namespace lb {
namespace {

bool is_mount(const std::string& name) {
  return name.starts_with('/') && name.size() > 1 && journal_text(name) == name;
}

// Replaces values that are only unknown here; returns false if the row must be refused.
bool believe(JournalRow& row, std::int64_t now_ms) {
  const auto is_time = [now_ms](std::int64_t at_ms) {
    return at_ms >= now_ms - kOldestRowMs && at_ms <= now_ms + kRowAheadMs;
  };
  if (auto* begun = std::get_if<ListeningBegun>(&row.what)) {
    if (!is_country(begun->country)) begun->country.clear();
    if (!is_player(begun->player)) begun->player = "other";
    return is_time(begun->at_ms) && is_mount(begun->mount);
  }
  if (auto* ended = std::get_if<ListeningEnded>(&row.what))
    return is_time(ended->at_ms) && ended->bytes <= kMaxBytes && ended->begun < row.number;
  if (auto* song = std::get_if<SongDescribed>(&row.what)) {
    song->title = journal_text(song->title);
    song->facts = journal_facts(song->facts);
    return is_time(song->at_ms) && is_mount(song->mount) && !song->title.empty();
  }
  auto& title = std::get<TitleBegun>(row.what);
  title.title = journal_text(title.title);
  return is_time(title.at_ms) && is_mount(title.mount);
}

}  // namespace

std::vector<std::string> book_rows(const JournalBatch& batch) {
  std::vector<std::string> rows;
  rows.reserve(batch.rows.size());
  for (const JournalRow& row : batch.rows) {
    std::string line = journal_line(row);
    line.pop_back();
    std::replace(line.begin(), line.end(), '\t', ' ');
    rows.push_back(std::move(line));
  }
  return rows;
}

std::vector<std::string> fitting_rows(const JournalBatch& batch, std::size_t json_bytes) {
  std::vector<std::string> rows = book_rows(batch);
  std::size_t used = 0, fit = 0;
  for (std::string json; fit < rows.size(); ++fit) {
    json.clear();
    append_json_text(json, rows[fit]);
    used += json.size() + 1;
    if (used > json_bytes && fit > 0) break;
  }
  rows.resize(fit);
  return rows;
}

OpenedBook open_book(const std::string& epoch, std::uint64_t last,
                     const std::vector<std::string>& rows, std::int64_t now_ms) {
  OpenedBook opened;
  opened.batch.epoch = epoch;
  opened.batch.last = last;
  std::uint64_t before = 0;
  for (std::string line : rows) {
    std::replace(line.begin(), line.end(), ' ', '\t');
    auto read = parse_journal_line(line);
    auto* row = read ? std::get_if<JournalRow>(&*read) : nullptr;
    if (row == nullptr || row->number <= before || row->number > last || !believe(*row, now_ms)) {
      ++opened.refused;
      continue;
    }
    before = row->number;
    opened.batch.rows.push_back(std::move(*row));
  }
  return opened;
}

}  // namespace lb
