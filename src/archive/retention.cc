#include "archive/retention.h"

#include <algorithm>
#include <chrono>

namespace lb {
namespace {

constexpr std::uint64_t kParts = 10'000;

}  // namespace

std::vector<DoomedFile> files_to_remove(const RetentionInput& input) {
  std::vector<DoomedFile> gone, kept;
  std::uint64_t total = 0, freed = 0;
  for (const auto& [name, mount] : input.mounts) {
    const auto& rows = mount.files->closed();
    std::uint64_t bytes = mount.files->bytes();
    const std::int64_t oldest =
        input.now_ms - std::chrono::milliseconds(mount.settings.retention).count();
    for (const FileRow& row : rows) {
      const bool old =
          mount.settings.enabled && mount.settings.retention.count() > 0 && row.to_ms < oldest;
      const bool large = mount.settings.enabled && mount.settings.max_bytes > 0 &&
                         bytes > mount.settings.max_bytes;
      if (!old && !large) {
        kept.push_back({name, row});
        continue;
      }
      gone.push_back({name, row});
      bytes -= row.bytes;
      freed += row.bytes;
    }
    total += bytes;
  }
  std::stable_sort(kept.begin(), kept.end(), [](const DoomedFile& a, const DoomedFile& b) {
    return a.row.to_ms < b.row.to_ms;
  });
  const std::uint64_t min_free =
      input.disk_bytes / kParts * static_cast<std::uint64_t>(input.settings.min_free_parts);
  for (const DoomedFile& file : kept) {
    const bool over = input.settings.total_bytes > 0 && total > input.settings.total_bytes;
    const bool full = input.disk_bytes > 0 && input.free_bytes + freed < min_free;
    if (!over && !full) break;
    gone.push_back(file);
    total -= file.row.bytes;
    freed += file.row.bytes;
  }
  return gone;
}

}  // namespace lb
