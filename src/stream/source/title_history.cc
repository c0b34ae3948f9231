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

const TitleHistory::Row* TitleHistory::row_of(const std::string& mount) const {
  const auto at = rows_.find(mount);
  return at == rows_.end() ? nullptr : &at->second;
}

void TitleHistory::Row::forget() {
  titles.clear();
  announced.reset();
  painted.reset();
  refused.reset();
}

TitleHistory::Row* TitleHistory::row_to_change(const std::string& mount) {
  const auto at = rows_.find(mount);
  if (at == rows_.end()) return nullptr;
  at->second.touched = ++changes_;
  return &at->second;
}

TitleHistory::Row& TitleHistory::need_row(const std::string& mount) {
  if (Row* const known = row_to_change(mount)) return *known;
  if (rows_.size() >= kMaxMounts) {
    rows_.erase(std::get<std::string>(*order_.begin()));
    order_.erase(order_.begin());
  }
  Row& row = rows_[mount];
  order_.emplace(row.plays, row.changed = row.touched = ++changes_, mount);
  return row;
}

// It is the last to go of those that play, or of the others.
void TitleHistory::move_to_end(const std::string& mount, Row& row, bool plays) {
  auto place = order_.extract({row.plays, row.changed, mount});
  place.value() = {row.plays = plays, row.changed = row.touched = ++changes_, mount};
  order_.insert(std::move(place));
}

void TitleHistory::add(const std::string& mount, std::string_view title, const TitlePlace& place,
                       WallTime now, std::size_t keep, std::string_view url,
                       std::string_view artist) {
  const std::lock_guard lock(mutex_);
  if (keep == 0) {
    if (Row* const row = row_to_change(mount)) row->forget();
    return;
  }
  if (title.empty()) return;
  std::string text = shown_text(title);
  Row& row = need_row(mount);
  move_to_end(mount, row, true);
  auto& titles = row.titles;
  if (!titles.empty() && titles.back().title == text) return;
  // A relay that begins is sent a title of the recent past again.
  if (place.at && std::any_of(titles.begin(), titles.end(), [&](const PlayedTitle& each) {
        return each.place == place.at && each.title == text;
      }))
    return;
  row.announced.reset();
  PlayedTitle coming;
  if (const auto painted = std::exchange(row.painted, nullptr); painted && painted->title == text)
    coming = std::move(*painted);
  if (coming.details.artist.empty()) coming.details.artist = artist_apart(text, artist);
  titles.push_back({begins(place, now), std::move(text), place.at, std::move(coming.art),
                    shown_url(url), std::move(coming.details)});
  if (titles.size() > keep)
    titles.erase(titles.begin(), titles.end() - static_cast<std::ptrdiff_t>(keep));
}

void TitleHistory::note_end(const std::string& mount, WallTime now) {
  const std::lock_guard lock(mutex_);
  Row& row = need_row(mount);
  row.ended = now;
  move_to_end(mount, row, false);
}

void TitleHistory::note_former(const std::string& mount, const std::string& account) {
  const std::lock_guard lock(mutex_);
  if (Row* const row = row_to_change(mount); row != nullptr && !row->former) row->former = account;
}

void TitleHistory::note_owner(const std::string& mount, const std::string& account) {
  const std::lock_guard lock(mutex_);
  Row* const row = row_to_change(mount);
  if (row == nullptr || !row->former) return;
  const bool is_anothers = *row->former != account;
  row->former.reset();
  if (is_anothers) row->forget();
}

WallTime TitleHistory::ended(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const Row* const row = row_of(mount);
  return row == nullptr ? WallTime{} : row->ended;
}

void TitleHistory::announce(const std::string& mount, std::string_view title, WallTime now,
                            const SongDetails& details) {
  const std::lock_guard lock(mutex_);
  if (!title.empty())
    need_row(mount).announced =
        std::make_unique<PlayedTitle>(PlayedTitle{now, shown_text(title), {}, {}, {}, details});
  else if (Row* const row = row_to_change(mount))
    row->announced.reset();
}

std::optional<PlayedTitle> TitleHistory::next_of(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const Row* const row = row_of(mount);
  return row == nullptr || !row->announced ? std::nullopt : std::optional(*row->announced);
}

void TitleHistory::paint(const std::string& mount, std::string_view title, const std::string& art) {
  if (title.empty()) return;
  const std::lock_guard lock(mutex_);
  if (!art.empty()) {
    remember_picture(mount, art);
    if (Row* const row = row_to_change(mount)) row->refused.reset();
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
  need_row(mount).refused =
      std::make_unique<RefusedPicture>(RefusedPicture{shown_text(title), std::move(why)});
}

std::string TitleHistory::refused_picture(const std::string& mount, std::string_view title) const {
  const std::lock_guard lock(mutex_);
  const Row* const row = row_of(mount);
  const bool same = row != nullptr && row->refused && row->refused->title == shown_text(title);
  return same ? row->refused->why : std::string();
}

// The newest title if it has this text, otherwise the painted one; null: the text is unknown, and
// `make` is false.  Under the lock.
PlayedTitle* TitleHistory::find_coming(const std::string& mount, std::string_view title,
                                       bool make) {
  std::string text = shown_text(title);
  if (Row* const row = row_to_change(mount)) {
    if (!row->titles.empty() && row->titles.back().title == text) return &row->titles.back();
    if (row->painted && row->painted->title == text) return row->painted.get();
    row->painted.reset();
  }
  if (!make) return nullptr;
  auto& painted = need_row(mount).painted;
  painted = std::make_unique<PlayedTitle>(PlayedTitle{{}, std::move(text)});
  return painted.get();
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
  const Row* const row = row_of(mount);
  if (row == nullptr) return nullptr;
  const auto& titles = row->titles;
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
  for (const auto& [mount, row] : rows_) {
    if (row.painted && !row.painted->art.empty())
      rows.push_back({mount, row.painted->title, row.painted->art});
    else if (!row.painted && !row.titles.empty() && !row.titles.back().art.empty())
      rows.push_back({mount, row.titles.back().title, row.titles.back().art});
  }
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
  if (!place.at) return;
  Row* const row = row_to_change(mount);
  if (row == nullptr) return;
  auto& titles = row->titles;
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
  const Row* const row = row_of(mount);
  return row == nullptr || row->titles.empty() ? WallTime{} : row->titles.back().at;
}

std::vector<PlayedTitle> TitleHistory::of(const std::string& mount) const {
  const std::lock_guard lock(mutex_);
  const Row* const row = row_of(mount);
  if (row == nullptr) return {};
  return {row->titles.rbegin(), row->titles.rend()};
}

std::uint64_t TitleHistory::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

std::vector<TitlesRecord> TitleHistory::save(std::uint64_t since) const {
  const std::lock_guard lock(mutex_);
  std::vector<TitlesRecord> records;
  for (const auto& [mount, row] : rows_) {
    if (row.touched <= since) continue;
    if (since == 0 && row.titles.empty() && !row.announced && !row.painted) continue;
    TitlesRecord& record = records.emplace_back();
    record.mount = mount;
    record.titles = row.titles;
    record.changed = row.changed;
    if (row.announced) record.announced = *row.announced;
    if (row.painted) record.painted = *row.painted;
    record.former = row.former;
  }
  std::ranges::sort(records, {}, &TitlesRecord::changed);
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
  Row& row = need_row(saved.mount);
  const auto moved = [](std::optional<PlayedTitle>& title) {
    return title ? std::make_unique<PlayedTitle>(std::move(*title)) : nullptr;
  };
  row.announced = moved(saved.announced);
  row.painted = moved(saved.painted);
  row.former = std::move(saved.former);
  row.titles = std::move(saved.titles);
  if (row.titles.empty()) return;
  move_to_end(saved.mount, row, true);
}

std::vector<std::string> TitleHistory::mounts(std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (auto at = order_.rbegin(); at != order_.rend() && names.size() < most; ++at)
    if (const auto& name = std::get<std::string>(*at); !row_of(name)->titles.empty())
      names.push_back(name);
  std::ranges::sort(names);
  return names;
}

}  // namespace lb
