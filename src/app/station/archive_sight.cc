#include "app/station/archive_sight.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "archive/open_together.h"

namespace lb {
namespace {

constexpr std::size_t kMostTitles = 1000, kMostTitleFiles = 2048, kTitleFilesOfTurn = 8;
// Of what other nodes have recorded, the titles of so much, a day and what its files reach beyond
// it, back from the newest that is asked for.
constexpr std::int64_t kRemoteTitlesMs = 26LL * 3600 * 1000;

struct TitleSearch {
  ArchiveService& archive;
  const ArchiveAsk ask;
  const std::function<void(ArchiveSight)> then;
  ArchiveSight sight;
  Catalog::Files files;
  std::size_t next = 0;  // from the newest file backwards; 0: none is left
  std::size_t looked = 0;
  std::vector<ArchiveTitle> newest_first = {};
};

void add_titles(TitleSearch& search, const ArchiveFile& file) {
  const FileIndex& index = file.index;
  for (auto fact = index.facts.rbegin(); fact != index.facts.rend(); ++fact) {
    if (!fact->metadata) continue;
    const std::int64_t ms = index.marks[index.mark_before(fact->offset)].wall_ms;
    if (ms >= search.ask.from_ms && ms < search.ask.to_ms)
      search.newest_first.push_back({ms, fact->metadata->song()});
  }
}

// Files of two nodes may overlap, and tell of the same titles.
void finish_titles(TitleSearch& search) {
  auto& found = search.newest_first;
  std::stable_sort(found.begin(), found.end(),
                   [](const ArchiveTitle& a, const ArchiveTitle& b) { return a.ms > b.ms; });
  auto& out = search.sight.titles;
  for (auto at = found.rbegin(); at != found.rend(); ++at)
    if (out.empty() || out.back().title != at->title) out.push_back(std::move(*at));
  search.then(std::move(search.sight));
}

void look_for_titles(const std::shared_ptr<TitleSearch>& search) {
  const RecordedFiles& files = *search->files;
  while (search->next > 0 && files[search->next - 1].from_ms >= search->ask.to_ms) --search->next;
  std::vector<FileRow> rows;
  while (rows.size() < kTitleFilesOfTurn && search->next > 0 && search->looked < kMostTitleFiles &&
         files[search->next - 1].to_ms > search->ask.from_ms) {
    rows.push_back(files[--search->next]);
    ++search->looked;
  }
  if (rows.empty() || search->newest_first.size() >= kMostTitles) return finish_titles(*search);
  ArchiveService& archive = search->archive;
  open_together(archive.readers(), archive.dir(), search->ask.mount, rows,
                [search](const OpenedFiles& opened) {
                  for (const auto& file : opened.files)
                    if (file) add_titles(*search, *file);
                  search->archive.readers().run([search] { look_for_titles(search); });
                });
}

void begin_titles(const std::shared_ptr<TitleSearch>& search) {
  ArchiveService& archive = search->archive;
  RemoteArchive& remote = archive.remote().archive();
  const std::string& mount = search->ask.mount;
  search->files = archive.catalog().files(mount);
  std::int64_t newest = 0;
  for (const HolderRow& row : remote.holders()->of(mount))
    for (const HeldRange& range : row.ranges)
      newest = std::max(newest, range.to_ms == 0 ? search->ask.now_ms : range.to_ms);
  const std::int64_t to_ms = std::min(search->ask.to_ms, newest);
  const std::int64_t from_ms = std::max(search->ask.from_ms, to_ms - kRemoteTitlesMs);
  const auto go_on = [search] {
    search->next = search->files->size();
    search->archive.readers().run([search] { look_for_titles(search); });
  };
  if (from_ms >= to_ms || search->files->covers(from_ms, to_ms)) return go_on();
  remote.look(mount, from_ms, to_ms, [search, go_on, &remote](bool) {
    search->files = remote.files(search->ask.mount);
    go_on();
  });
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
  const auto search = std::make_shared<TitleSearch>(
      TitleSearch{archive, std::move(ask), std::move(then), std::move(sight), nullptr});
  if (titles)
    begin_titles(search);
  else
    finish_titles(*search);
}

}  // namespace lb
