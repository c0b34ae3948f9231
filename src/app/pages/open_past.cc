#include "app/pages/open_past.h"

#include <algorithm>
#include <chrono>

#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "app/services/traffic.h"
#include "archive/files/where.h"
#include "config/settings/config.h"

namespace lb {

std::optional<std::int64_t> open_past_begins(const Traffic& traffic, const Config& config,
                                             const std::string& mount) {
  const MountSettings& section = mount_section(config, mount);
  ArchiveService& archive = *traffic.archive;
  if (!section.authenticator.type.empty() || section.hidden || section.no_mount ||
      section.archive.listeners == ArchiveListeners::kNone || !archive.has(mount))
    return std::nullopt;
  // Past recordings of a mount that is no longer recorded may have been for administrators only.
  if (!section.archive.enabled && !archive.remote().archive().holds(mount)) return std::nullopt;
  const std::int64_t begins = archive.past_begins_ms(section, mount);
  const std::chrono::milliseconds window = section.archive.window;
  if (window.count() == 0) return begins;
  return std::max(begins, unix_ms(traffic.clock.wall()) - std::int64_t{window.count()});
}

std::vector<ArchiveRange> open_past(const Traffic& traffic, const Config& config,
                                    const std::string& mount) {
  const auto earliest_ms = open_past_begins(traffic, config, mount);
  if (!earliest_ms) return {};
  ArchiveService& archive = *traffic.archive;
  const auto holders = archive.remote().archive().holders();
  auto ranges = ranges_anywhere(*archive.catalog().files(mount), holders->of(mount),
                                unix_ms(traffic.clock.wall()));
  std::erase_if(ranges, [&](const ArchiveRange& range) { return range.to_ms <= *earliest_ms; });
  if (!ranges.empty()) ranges.front().from_ms = std::max(ranges.front().from_ms, *earliest_ms);
  return ranges;
}

}  // namespace lb
