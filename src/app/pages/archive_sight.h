// The archive for administrators: recorded ranges of the catalog and of other nodes, and titles
// from the indexes of files, also of other nodes.
//
// Thread: gather_archive() from any; `then` is called on a reader of the archive.
// Bounds: the newest thousand titles, of at most 2048 files, and of 26 hours of other nodes' files;
// a reader opens eight files in one step.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace lb {

class ArchiveService;
struct ArchiveSight;

struct ArchiveAsk {
  std::string mount;  // "": all mounts
  bool titles = false;
  std::int64_t from_ms = 0, to_ms = 0;  // of titles
  std::int64_t now_ms = 0;              // other nodes' recordings end here
  // Expired: the client has left, so a search ends without `then`.  nullopt: it never ends early.
  std::optional<std::weak_ptr<const void>> asker = {};
};
void gather_archive(ArchiveService& archive, ArchiveAsk ask,
                    std::function<void(ArchiveSight)> then);

}  // namespace lb
