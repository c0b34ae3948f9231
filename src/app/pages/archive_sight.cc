#include "app/pages/archive_sight.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "admin/command/recordings.h"
#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "archive/files/where.h"
#include "archive/read/past_reading.h"
#include "stream/log/wall_seams.h"
#include "stream/source/title_history.h"

namespace lb {
namespace {

constexpr std::size_t kMaxTitles = 1000, kMaxTitleFiles = 2048, kTitleFilesOfTurn = 8;
// Titles of other nodes' recordings are limited to a day and the rest of its files, before the
// newest asked moment.
constexpr std::int64_t kRemoteTitlesMs = 26LL * 3600 * 1000;

struct TitleSearch {
  ArchiveService& archive;
  const ArchiveAsk ask;
  const std::function<void(ArchiveSight)> then;
  ArchiveSight sight;
  Catalog::Files files;
  bool listed = false;   // `files` is complete
  std::size_t next = 0;  // from the newest file backwards; 0: done
  std::size_t looked = 0;
  std::vector<ArchiveTitle> newest_first = {};
  std::vector<WallSeam> newest_seams = {};
  std::shared_ptr<const ArchiveFile> behind = {};  // the file after the next one
};

// Marks are a second apart.
std::int64_t wall_ms_at(const FileIndex& index, std::uint64_t offset) {
  const std::size_t at = index.mark_before(offset);
  const FileMark& mark = index.marks[at];
  if (at + 1 == index.marks.size() || offset <= mark.offset) return mark.wall_ms;
  const FileMark& next = index.marks[at + 1];
  return mark.wall_ms + (next.wall_ms - mark.wall_ms) *
                            static_cast<std::int64_t>(offset - mark.offset) /
                            static_cast<std::int64_t>(next.offset - mark.offset);
}

void add_titles(TitleSearch& search, const ArchiveFile& file) {
  const FileIndex& index = file.index;
  std::optional<std::uint64_t> later;
  for (auto fact = index.facts.rbegin(); fact != index.facts.rend(); ++fact) {
    // At a seam two titles may have the same offset.
    if (!fact->metadata || later == fact->offset) continue;
    later = fact->offset;
    const WallTime came(std::chrono::milliseconds(wall_ms_at(index, fact->offset)));
    const TitlePlace place = place_in_block(*fact->metadata).value_or(TitlePlace());
    const std::int64_t ms = unix_ms(TitleHistory::begins(place, came));
    if (ms < search.ask.from_ms || ms >= search.ask.to_ms) continue;
    std::string song = fact->metadata->song();
    std::string artist = artist_apart(song, fact->metadata->artist);
    search.newest_first.push_back({ms, std::move(song), std::move(artist)});
  }
}

// file: null if unreadable, so that its ends are unknown.
void add_seams(TitleSearch& search, const std::shared_ptr<const ArchiveFile>& file) {
  const auto behind = std::exchange(search.behind, file);
  if (!file || file->index.marks.empty()) return;
  const auto note = [&search](std::int64_t after_ms, std::int64_t ms) {
    if (std::abs(ms - after_ms) >= WallSeams::kLeastMs && after_ms >= search.ask.from_ms &&
        after_ms < search.ask.to_ms && search.newest_seams.size() < kMaxTitles)
      search.newest_seams.push_back({after_ms, ms});
  };
  const auto& marks = file->index.marks;
  // Files of one stream from two nodes may overlap.
  if (behind && (behind->row.id != file->row.id || behind->row.origin >= file->row.origin_end()))
    note(file->index.to_ms(), behind->index.from_ms());
  const unsigned rate_hz = file->index.head.span.media.rate_hz;
  if (rate_hz == 0) return;
  const auto media_ms = [rate_hz](const FileMark& mark) {
    return static_cast<std::int64_t>(MediaTime{mark.samples, rate_hz}.milliseconds());
  };
  for (std::size_t at = marks.size() - 1; at > 0; --at)
    note(marks[at - 1].wall_ms + media_ms(marks[at]) - media_ms(marks[at - 1]), marks[at].wall_ms);
}

// Files of two nodes may overlap, with the same titles twice.
void finish_titles(TitleSearch& search) {
  auto& found = search.newest_first;
  std::stable_sort(found.begin(), found.end(),
                   [](const ArchiveTitle& a, const ArchiveTitle& b) { return a.ms > b.ms; });
  auto& out = search.sight.titles;
  // An empty title ends another one, and never comes first.
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    if (out.empty() ? !at->title.empty() : out.back().title != at->title)
      out.push_back(std::move(*at));
  search.sight.seams.assign(search.newest_seams.rbegin(), search.newest_seams.rend());
  search.then(std::move(search.sight));
}

bool look_for_titles(TitleSearch& search, PastReading& reading) {
  const RecordedFiles& files = *search.files;
  std::size_t next = search.next;
  while (next > 0 && files[next - 1].from_ms >= search.ask.to_ms) --next;
  std::vector<std::shared_ptr<const ArchiveFile>> opened;
  while (opened.size() < kTitleFilesOfTurn && next > 0 &&
         search.looked + opened.size() < kMaxTitleFiles &&
         files[next - 1].to_ms > search.ask.from_ms)
    opened.push_back(reading.open(files[--next]));
  if (reading.lacks()) return false;
  search.next = next;
  search.looked += opened.size();
  for (const auto& file : opened) {
    if (file) add_titles(search, *file);
    add_seams(search, file);
  }
  if (!opened.empty() && search.newest_first.size() < kMaxTitles) return true;
  finish_titles(search);
  return false;
}

// Lists the files to search.  False: other nodes are asked first.
bool list_files(TitleSearch& search, PastReading& reading) {
  ArchiveService& archive = search.archive;
  RemoteArchive& remote = archive.remote().archive();
  const std::string& mount = search.ask.mount;
  search.files = archive.catalog().files(mount);
  std::int64_t newest = 0;
  for (const HolderRow& row : remote.holders()->of(mount))
    for (const HeldRange& range : row.ranges)
      newest = std::max(newest, range.to_ms == 0 ? search.ask.now_ms : range.to_ms);
  const std::int64_t to_ms = std::min(search.ask.to_ms, newest);
  const std::int64_t from_ms = std::max(search.ask.from_ms, to_ms - kRemoteTitlesMs);
  if (from_ms < to_ms && !search.files->covers(from_ms, to_ms)) {
    if (!reading.check(from_ms, to_ms)) return false;
    search.files = remote.files(mount);
  }
  search.next = search.files->size();
  search.listed = true;
  return true;
}

}  // namespace

void gather_archive(ArchiveService& archive, ArchiveAsk ask,
                    std::function<void(ArchiveSight)> then) {
  ArchiveSight sight;
  sight.on = archive.on();
  const auto holders = archive.remote().archive().holders();
  std::set<std::string> names;
  for (const std::string& name : archive.catalog().mounts()) names.insert(name);
  for (const auto& [name, rows] : holders->all()) names.insert(name);
  for (const std::string& name : names) {
    if (!ask.mount.empty() && name != ask.mount) continue;
    const auto files = archive.catalog().files(name);
    sight.mounts.push_back(
        {name, files->bytes(), ranges_and_places(*files, holders->of(name), ask.now_ms)});
  }
  const bool titles = ask.titles && !sight.mounts.empty();
  const std::string mount = ask.mount;
  TitleSearch search{archive, std::move(ask), std::move(then), std::move(sight), nullptr};
  if (!titles) return finish_titles(search);
  std::make_shared<PastReading>(archive.readers(), archive.dir(), mount)
      ->run([search = std::move(search)](PastReading& reading) mutable {
        if (search.ask.asker && search.ask.asker->expired()) return false;
        return search.listed ? look_for_titles(search, reading) : list_files(search, reading);
      });
}

}  // namespace lb
