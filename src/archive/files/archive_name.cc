#include "archive/files/archive_name.h"

#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999

}  // namespace

std::string archive_directory(std::string_view mount) {
  std::string out = percent_escape(mount, "-_", HexCase::kUpper);
  return out.size() > kLongestName ? std::string() : out;
}

std::optional<std::string> archive_mount(std::string_view directory) {
  auto out = percent_decode(directory, false);
  // One name a mount: what this server would not have written is not its own.
  if (!out || !out->starts_with('/') || archive_directory(*out) != directory) return std::nullopt;
  return out;
}

std::uint32_t short_id(const StreamIdentity& id) noexcept {
  return static_cast<std::uint32_t>(id[0] >> 32);
}

std::string archive_day(std::int64_t seconds) { return utc_text(seconds * 1000, UtcForm::kDay); }

std::string to_string(const ArchiveFileName& name) {
  return cat({name.seconds, "-", hex_text(name.id, 8), "-", hex_text(name.origin)});
}

std::optional<ArchiveFileName> parse_archive_file(std::string_view name) {
  const auto parts = split(name, '-');
  if (parts.size() != 3 || parts[1].size() != 8) return std::nullopt;
  const auto seconds = parse_u64(parts[0]);
  const auto id = parse_whole<std::uint32_t>(parts[1], 16);
  const auto origin = parse_whole<std::uint64_t>(parts[2], 16);
  if (!seconds || !id || !origin) return std::nullopt;
  const ArchiveFileName out{static_cast<std::int64_t>(*seconds), *id, *origin};
  if (out.seconds < 0 || out.seconds > kLastSecond || to_string(out) != name) return std::nullopt;
  return out;
}

std::string archive_path(const ArchiveFileName& name) {
  return cat({archive_day(name.seconds), "/", to_string(name)});
}

}  // namespace lb
