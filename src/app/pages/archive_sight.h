// What is recorded, for administrators: ranges of the catalog and of other nodes, titles from the
// indexes of files, those of other nodes too.
//
// Thread: gather_archive() from any; `then` is called on a reader of the archive.
// Bounds: the newest thousand titles, of at most 2048 files, of other nodes those of a day; a turn
// of a reader has eight files.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace lb {

class ArchiveService;
struct ArchiveSight;

struct ArchiveAsk {
  std::string mount;  // "": all of them
  bool titles = false;
  std::int64_t from_ms = 0, to_ms = 0;  // of titles
  std::int64_t now_ms = 0;              // the end of what other nodes record
};
void gather_archive(ArchiveService& archive, ArchiveAsk ask,
                    std::function<void(ArchiveSight)> then);

}  // namespace lb
