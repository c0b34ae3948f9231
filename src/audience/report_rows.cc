// Reports that are lists of rows: sessions and titles, in pages.
#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audience/report.h"
#include "base/cat.h"

namespace lb {
namespace {

// Rows of other mounts that are read past, before each mount is asked by its index.
constexpr std::size_t kMaxPassed = 20'000;

}  // namespace

// Reads rows ordered by (began, id); read(row, mount) may leave one out.  A few mounts are each
// read by an index; for many mounts all rows are read and the others skipped.
template <class Row, class Read>
std::vector<Row> AudienceReport::read_in_order(std::string_view columns, const Mounts& of,
                                               AudienceRange range, Place after, std::size_t most,
                                               Read read) {
  const auto prepared = [&](std::string_view of_one) {
    return database_.prepare(cat({"SELECT ", columns, of_one,
                                  " AND x.began>=? AND x.began<? AND (x.began>? OR x.id>?) "
                                  "ORDER BY x.began, x.id"}));
  };
  const std::int64_t from = std::max(after.began, range.from);
  std::vector<Row> rows;
  if (of.size() > kFewMounts) {
    // By time; most rows may be of other mounts.
    Statement asked = prepared("");
    asked.bind(from, range.to, after.began, after.id);
    for (std::size_t passed = 0; rows.size() < most && passed < kMaxPassed;) {
      if (!asked.step()) return rows;
      const auto mount = of.find(asked.number(1));
      if (mount == of.end())
        ++passed;
      else if (std::optional<Row> row = read(asked, mount->second))
        rows.push_back(*std::move(row));
    }
    if (rows.size() == most) return rows;
    rows.clear();
  }
  const auto comes_before = [](const Row& a, const Row& b) {
    return std::pair(a.began, a.id) < std::pair(b.began, b.id);
  };
  Statement asked = prepared(" AND x.mount=?");
  for (const auto& [mount, name] : of) {
    const std::size_t known = rows.size();
    asked.bind(mount, from, range.to, after.began, after.id);
    while (rows.size() < known + most && asked.step()) {
      std::optional<Row> row = read(asked, name);
      if (!row) continue;
      if (known == most && !comes_before(*row, rows[known - 1])) break;
      rows.push_back(*std::move(row));
    }
    asked.reset();
    std::inplace_merge(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(known), rows.end(),
                       comes_before);
    if (rows.size() > most) rows.resize(most);
  }
  return rows;
}

Result<std::vector<SessionRow>> AudienceReport::sessions(const Mounts& of, AudienceRange range,
                                                         Place after, std::size_t most,
                                                         bool counted) {
  begin();
  // Read with the first open session, because most pages have none.
  std::optional<std::unordered_map<std::int64_t, OpenRow>> open;
  const auto open_row = [&](std::int64_t session) -> const OpenRow* {
    if (!open) {
      open.emplace();
      for (OpenRow& row : open_now(of)) open->emplace(row.session, std::move(row));
    }
    const auto found = open->find(session);
    return found == open->end() ? nullptr : &found->second;
  };
  return given(read_in_order<SessionRow>(
      cat({"x.id, x.mount, x.began, x.ended, x.heard, x.bytes, x.connections, x.way, x.kind, "
           "x.open, x.counted, x.country, p.name FROM session x JOIN player p ON p.id=x.player "
           "WHERE ",
           counted ? "(x.counted=1 OR (x.open>0 AND x.kind=0))" : "1"}),
      of, range, after, most,
      [&](const Statement& asked, const std::string& mount) -> std::optional<SessionRow> {
        SessionRow row;
        row.id = asked.number(0);
        row.mount = mount;
        row.began = asked.number(2);
        row.ended = asked.number(3);
        row.heard = asked.number(4);
        row.bytes = asked.number(5);
        row.connections = asked.number(6);
        row.way = asked.number(7);
        row.kind = asked.number(8);
        row.open = asked.number(9) != 0;
        const bool is_counted = asked.number(10) != 0;
        if (row.kind == 0 && !row.open && !is_counted) row.kind = kQuickLook;
        row.country = asked.text(11);
        row.player = asked.text(12);
        const OpenRow* const now = row.open && row.kind == 0 ? open_row(row.id) : nullptr;
        if (now != nullptr) {
          row.heard = now->all_heard();
          row.bytes += now->bytes_between(now->began, now->until);
        } else if (counted && !is_counted) {
          return std::nullopt;  // it has not listened for long enough
        }
        return row;
      }));
}

// Reads five columns in the order of the members.
SongFacts AudienceReport::facts_from(const Statement& asked, int first) {
  const auto text = [&](int column) { return std::string(asked.text(first + column)); };
  return {text(0), text(1), text(2), text(3), text(4)};
}

PlayRow AudienceReport::play_row(const Statement& asked, const std::string& mount) {
  PlayRow row;
  row.id = asked.number(0);
  row.mount = mount;
  row.began = asked.number(2);
  row.title = asked.text(3);
  if (const std::int64_t ended = asked.number(4); ended != 0) {
    row.ended = ended;
    if (!asked.is_null(5)) row.performances = asked.number(5);
    if (!asked.is_null(6)) row.listeners = asked.number(6);
    if (!asked.is_null(6)) row.gain = asked.number(7) - asked.number(6);
  }
  row.facts = facts_from(asked, 8);
  return row;
}

Result<std::vector<PlayRow>> AudienceReport::titles(const Mounts& of, AudienceRange range,
                                                    Place after, std::size_t most) {
  begin();
  return given(
      read_in_order<PlayRow>(cat({kPlayColumns, " WHERE 1"}), of, range, after, most, &play_row));
}

}  // namespace lb
