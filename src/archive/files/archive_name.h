// Names of the archive: DIR/<mount>/<UTC day>/<Unix seconds>-<8 hex of the id>-<origin, hex>, with
// .data and .idx.  No mount's name leads out of the archive.
//
// Thread: pure.
// Bounds: a mount whose directory name would exceed 255 bytes has no directory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stream/log/span.h"

namespace lb {

// Every byte outside A-Z a-z 0-9 - _ as %XX; "": too long, or not a mount.
std::string archive_directory(std::string_view mount);
// nullopt: not a directory of the archive.
std::optional<std::string> archive_mount(std::string_view directory);

struct ArchiveFileName {
  std::int64_t seconds = 0;  // Unix, of the first byte
  std::uint32_t id = 0;      // the first 32 bits of the stream's identity
  std::uint64_t origin = 0;

  bool operator==(const ArchiveFileName&) const = default;
};
std::uint32_t short_id(const StreamIdentity& id) noexcept;
std::string archive_day(std::int64_t seconds);       // "2026-11-21"
std::string to_string(const ArchiveFileName& name);  // without an extension
std::optional<ArchiveFileName> parse_archive_file(std::string_view name);
// "<day>/<name>".
std::string archive_path(const ArchiveFileName& name);

}  // namespace lb
