#include "app/station/archive_sight.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"

namespace lb {
namespace {

constexpr std::size_t kMostTitles = 1000, kMostTitleFiles = 2048, kTitleFilesOfTurn = 8;

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

void add_titles(TitleSearch& search, const FileRow& row) {
  const auto file = search.archive.readers().open(search.archive.dir(), search.ask.mount, row);
  if (!file) return;
  const FileIndex& index = (*file)->index;
  for (auto fact = index.facts.rbegin(); fact != index.facts.rend(); ++fact) {
    if (!fact->metadata) continue;
    const std::int64_t ms = index.marks[index.mark_before(fact->offset)].wall_ms;
    if (ms >= search.ask.from_ms && ms < search.ask.to_ms)
      search.newest_first.push_back({ms, fact->metadata->song()});
  }
}

void finish_titles(TitleSearch& search) {
  auto& out = search.sight.titles;
  for (auto at = search.newest_first.rbegin(); at != search.newest_first.rend(); ++at)
    if (out.empty() || out.back().title != at->title) out.push_back(std::move(*at));
  search.then(std::move(search.sight));
}

void look_for_titles(const std::shared_ptr<TitleSearch>& search) {
  for (std::size_t i = 0; i < kTitleFilesOfTurn; ++i) {
    while (search->next > 0 && (*search->files)[search->next - 1].from_ms >= search->ask.to_ms)
      --search->next;
    if (search->next == 0 || search->looked == kMostTitleFiles ||
        search->newest_first.size() >= kMostTitles ||
        (*search->files)[search->next - 1].to_ms <= search->ask.from_ms) {
      finish_titles(*search);
      return;
    }
    ++search->looked;
    add_titles(*search, (*search->files)[--search->next]);
  }
  search->archive.readers().run([search] { look_for_titles(search); });
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
  const auto files = archive.catalog().files(ask.mount);
  const bool titles = ask.titles && sight.on;
  const auto search = std::make_shared<TitleSearch>(TitleSearch{archive, std::move(ask),
                                                                std::move(then), std::move(sight),
                                                                files, titles ? files->size() : 0});
  archive.readers().run([search] { look_for_titles(search); });
}

}  // namespace lb
