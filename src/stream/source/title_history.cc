#include "stream/source/title_history.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "stream/source/source_facts.h"

namespace lb {
std::string TitleHistory::shown_text(std::string_view title) {
  return std::string(cut_utf8(title, kLongestTitle));
}

std::string TitleHistory::shown_url(std::string_view url) {
  const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < '\x7f'; });
  std::string link = is_plain ? web_link(url) : std::string();
  return link.size() <= kLongestUrl ? link : std::string();
}

WallTime TitleHistory::begins(const TitlePlace& place, WallTime now) {
  if (!place.wall_ms) return now;
  constexpr std::int64_t kFurthestMs = std::chrono::milliseconds(kFurthest).count();
  constexpr std::int64_t kOldestMs = std::chrono::milliseconds(kOldest).count();
  const std::int64_t now_ms = unix_ms(now), wall_ms = *place.wall_ms;
  if (wall_ms < now_ms - kOldestMs || wall_ms > now_ms + kFurthestMs) return now;
  return WallTime(std::chrono::milliseconds(wall_ms));
}

void TitleHistory::add(const std::string& mount, std::string_view title, const TitlePlace& place,
                       WallTime now, std::size_t keep, std::string_view url,
                       std::string_view artist) {
  const std::lock_guard lock(mutex_);
  if (keep == 0) {
    rows_.erase(mount);
    announced_.erase(mount);
    painted_.erase(mount);
    return;
  }
  if (title.empty()) return;
  std::string text = shown_text(title);
  if (const auto known = rows_.find(mount); known != rows_.end() && !known->second.titles.empty()) {
    const auto& titles = known->second.titles;
    if (titles.back().title == text) return;
    // A relay that begins is sent a title of the recent past again.
    if (place.at && std::any_of(titles.begin(), titles.end(), [&](const PlayedTitle& each) {
          return each.place == place.at && each.title == text;
        }))
      return;
  }
  if (rows_.size() >= kMaxMounts && !rows_.contains(mount))
    rows_.erase(std::min_element(rows_.begin(), rows_.end(), [](const auto& a, const auto& b) {
      return a.second.changed < b.second.changed;
    }));
  announced_.erase(mount);
  PlayedTitle coming;
  if (auto painted = painted_.extract(mount); painted && painted.mapped().title == text)
    coming = std::move(painted.mapped());
  if (coming.details.artist.empty()) coming.details.artist = artist_apart(text, artist);
  Row& row = rows_[mount];
  row.changed = ++changes_;
  row.titles.push_back({begins(place, now), std::move(text), place.at, std::move(coming.art),
                        shown_url(url), std::move(coming.details)});
  if (row.titles.size() > keep)
    row.titles.erase(row.titles.begin(), row.titles.end() - static_cast<std::ptrdiff_t>(keep));
}

void TitleHistory::note_end(const std::string& mount, WallTime now) {
  const std::lock_guard lock(mutex_);
  if (ended_.size() < kMaxMounts || ended_.contains(mount)) ended_[mount] = now;
}

WallTime TitleHistory::ended(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto at = ended_.find(mount);
  return at == ended_.end() ? WallTime{} : at->second;
}

void TitleHistory::announce(const std::string& mount, std::string_view title, WallTime now,
                            const SongDetails& details) {
  const std::lock_guard lock(mutex_);
  if (title.empty() || (announced_.size() >= kMaxMounts && !announced_.contains(mount)))
    announced_.erase(mount);
  else
    announced_.insert_or_assign(mount, PlayedTitle{now, shown_text(title), {}, {}, {}, details});
}

std::optional<PlayedTitle> TitleHistory::next_of(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto at = announced_.find(mount);
  return at == announced_.end() ? std::nullopt : std::optional(at->second);
}

void TitleHistory::paint(const std::string& mount, std::string_view title, const std::string& art) {
  if (title.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!art.empty()) {
    remember_picture(mount, art);
    refused_.erase(mount);
  }
  if (PlayedTitle* const coming = find_coming(mount, title, !art.empty())) coming->art = art;
}

void TitleHistory::describe(const std::string& mount, std::string_view title,
                            const SongDetails& details) {
  if (title.empty()) return;
  const std::lock_guard lock(mutex_);
  if (PlayedTitle* const coming = find_coming(mount, title, details != SongDetails()))
    coming->details = details;
}

void TitleHistory::refuse_picture(const std::string& mount, std::string_view title,
                                  std::string why) {
  if (title.empty()) return;
  const std::lock_guard lock(mutex_);
  if (refused_.size() < kMaxMounts || refused_.contains(mount))
    refused_.insert_or_assign(mount, RefusedPicture{shown_text(title), std::move(why)});
}

std::string TitleHistory::refused_picture(const std::string& mount, std::string_view title) const {
  const std::lock_guard lock(mutex_);
  const auto at = refused_.find(mount);
  const bool same = at != refused_.end() && at->second.title == shown_text(title);
  return same ? at->second.why : std::string();
}

// The newest title if it has this text, otherwise the announced one; null: the text is unknown, and
// `make` is false or the history is full.  Under the lock.
PlayedTitle* TitleHistory::find_coming(const std::string& mount, std::string_view title,
                                       bool make) {
  std::string text = shown_text(title);
  if (const auto row = rows_.find(mount);
      row != rows_.end() && !row->second.titles.empty() && row->second.titles.back().title == text)
    return &row->second.titles.back();
  const auto known = painted_.find(mount);
  if (known != painted_.end() && known->second.title == text) return &known->second;
  if (known != painted_.end()) painted_.erase(known);
  if (!make || painted_.size() >= kMaxMounts) return nullptr;
  return &painted_.emplace(mount, PlayedTitle{{}, std::move(text)}).first->second;
}

void TitleHistory::note_picture(const std::string& mount, const std::string& art) {
  const std::lock_guard lock(mutex_);
  remember_picture(mount, art);
}

void TitleHistory::remember_picture(const std::string& mount, const std::string& art) {
  if (!mounts_of_.insert_or_assign(art, mount).second) return;
  pictures_.push_back(art);
  if (pictures_.size() <= kMaxPictures) return;
  mounts_of_.erase(pictures_.front());
  pictures_.pop_front();
}

// The newest title with this text; null: unknown.  Under the lock.
const PlayedTitle* TitleHistory::find(const std::string& mount, std::string_view title) const {
  const auto row = rows_.find(mount);
  if (row == rows_.end()) return nullptr;
  const auto& titles = row->second.titles;
  const auto known = std::find_if(
      titles.rbegin(), titles.rend(),
      [text = shown_text(title)](const PlayedTitle& each) { return each.title == text; });
  return known == titles.rend() ? nullptr : &*known;
}

std::string TitleHistory::picture_of(const std::string& mount, std::string_view title) const {
  const std::lock_guard lock(mutex_);
  const PlayedTitle* known = find(mount, title);
  return known == nullptr ? std::string() : known->art;
}

PlayedTitle TitleHistory::played(const std::string& mount, const std::string& title) const {
  const std::lock_guard lock(mutex_);
  const PlayedTitle* known = find(mount, title);
  return known == nullptr ? PlayedTitle{{}, title} : *known;
}

std::vector<MountPicture> TitleHistory::pictured() const {
  const std::lock_guard lock(mutex_);
  std::vector<MountPicture> rows;
  for (const auto& [mount, painted] : painted_)
    if (!painted.art.empty()) rows.push_back({mount, painted.title, painted.art});
  for (const auto& [mount, row] : rows_)
    if (!row.titles.empty() && !row.titles.back().art.empty() && !painted_.contains(mount))
      rows.push_back({mount, row.titles.back().title, row.titles.back().art});
  return rows;
}

std::string TitleHistory::mount_of(const std::string& art) const {
  const std::lock_guard lock(mutex_);
  const auto at = mounts_of_.find(art);
  return at == mounts_of_.end() ? std::string() : at->second;
}

void TitleHistory::mend(const std::string& mount, std::string_view title, const TitlePlace& place,
                        WallTime now) {
  const std::lock_guard lock(mutex_);
  const auto row = rows_.find(mount);
  if (row == rows_.end() || !place.at) return;
  auto& titles = row->second.titles;
  const auto known = std::find_if(
      titles.rbegin(), titles.rend(),
      [text = shown_text(title)](const PlayedTitle& each) { return each.title == text; });
  if (known == titles.rend()) return;
  // A place without a time adds nothing to a known title.
  if (known->place == place.at && !place.wall_ms) return;
  known->at = begins(place, now);
  known->place = place.at;
}

WallTime TitleHistory::newest_at(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto at = rows_.find(mount);
  return at == rows_.end() || at->second.titles.empty() ? WallTime{} : at->second.titles.back().at;
}

std::vector<PlayedTitle> TitleHistory::of(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const auto at = rows_.find(mount);
  if (at == rows_.end()) return {};
  return {at->second.titles.rbegin(), at->second.titles.rend()};
}

std::vector<TitlesRecord> TitleHistory::save() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, TitlesRecord> all;
  for (const auto& [mount, row] : rows_) {
    all[mount].titles = row.titles;
    all[mount].changed = row.changed;
  }
  for (const auto& [mount, title] : announced_) all[mount].announced = title;
  for (const auto& [mount, title] : painted_) all[mount].painted = title;
  std::vector<TitlesRecord> records;
  for (auto& [mount, record] : all) {
    record.mount = mount;
    records.push_back(std::move(record));
  }
  return records;
}

std::vector<std::pair<std::string, std::string>> TitleHistory::save_pictures() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, std::string>> all;
  for (const std::string& art : pictures_) all.emplace_back(art, mounts_of_.find(art)->second);
  return all;
}

void TitleHistory::restore(TitlesRecord saved) {
  const std::lock_guard lock(mutex_);
  if (saved.announced && announced_.size() < kMaxMounts)
    announced_.insert_or_assign(saved.mount, std::move(*saved.announced));
  if (saved.painted && painted_.size() < kMaxMounts)
    painted_.insert_or_assign(saved.mount, std::move(*saved.painted));
  if (saved.titles.empty() || rows_.size() >= kMaxMounts) return;
  changes_ = std::max(changes_, saved.changed);
  rows_.insert_or_assign(saved.mount, Row{std::move(saved.titles), saved.changed});
}

std::vector<std::string> TitleHistory::mounts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, row] : rows_) names.push_back(name);
  return names;
}

}  // namespace lb
