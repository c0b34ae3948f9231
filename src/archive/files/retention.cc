#include "archive/files/retention.h"

#include <algorithm>
#include <chrono>

namespace lb {
std::vector<DoomedFile> files_to_remove(const RetentionInput& input) {
  struct Kept {
    const std::string* mount;
    const FileRow* row;
  };
  std::vector<DoomedFile> gone;
  std::vector<Kept> kept;
  std::uint64_t total = 0, freed = 0;
  for (const auto& [name, mount] : input.mounts) {
    std::uint64_t bytes = mount.files->bytes();
    const std::int64_t oldest =
        input.now_ms - std::chrono::milliseconds(mount.settings.retention).count();
    for (const FileRow& row : mount.files->closed()) {
      const bool old =
          mount.settings.enabled && mount.settings.retention.count() > 0 && row.to_ms < oldest;
      const MountArchive& limits = mount.settings;
      const bool large = (limits.enabled && limits.max_bytes > 0 && bytes > limits.max_bytes) ||
                         (limits.storage_bytes && bytes > *limits.storage_bytes);
      if (!old && !large) {
        kept.push_back({&name, &row});
        continue;
      }
      gone.push_back({name, row});
      bytes -= row.bytes;
      freed += row.bytes;
    }
    total += bytes;
  }
  const auto is_too_much = [&] {
    const bool over = input.settings.total_bytes > 0 && total > input.settings.total_bytes;
    return over || (input.disk_bytes > 0 && input.free_bytes + freed < input.least_free());
  };
  if (!is_too_much()) return gone;
  std::stable_sort(kept.begin(), kept.end(),
                   [](const Kept& a, const Kept& b) { return a.row->to_ms < b.row->to_ms; });
  for (const Kept& file : kept) {
    if (!is_too_much()) break;
    gone.push_back({*file.mount, *file.row});
    total -= file.row->bytes;
    freed += file.row->bytes;
  }
  return gone;
}

}  // namespace lb
