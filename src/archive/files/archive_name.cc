#include "archive/files/archive_name.h"

#include <array>
#include <charconv>

#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kLongestName = 255;
constexpr std::int64_t kLastSecond = 253'402'300'799;  // of the year 9999
constexpr std::string_view kUpperHex = "0123456789ABCDEF";

bool plain(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

template <class T>
std::optional<T> whole_number(std::string_view text, int base) {
  T value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string hex(std::uint64_t value, std::size_t digits) {
  std::array<char, 16> text{};
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value, 16);
  std::string out(text.data(), end);
  if (out.size() < digits) out.insert(0, digits - out.size(), '0');
  return out;
}

}  // namespace

std::string archive_directory(std::string_view mount) {
  std::string out;
  for (const char c : mount) {
    if (plain(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', kUpperHex[byte >> 4], kUpperHex[byte & 15]};
  }
  return out.size() > kLongestName ? std::string() : out;
}

std::optional<std::string> archive_mount(std::string_view directory) {
  std::string out;
  for (std::size_t i = 0; i < directory.size(); ++i) {
    if (directory[i] != '%') {
      out.push_back(directory[i]);
      continue;
    }
    if (directory.size() - i < 3) return std::nullopt;
    const auto byte = whole_number<unsigned>(directory.substr(i + 1, 2), 16);
    if (!byte) return std::nullopt;
    out.push_back(static_cast<char>(*byte));
    i += 2;
  }
  // One name a mount: what this server would not have written is not its own.
  if (out.empty() || out[0] != '/' || archive_directory(out) != directory) return std::nullopt;
  return out;
}

std::uint32_t short_id(const StreamIdentity& id) noexcept {
  return static_cast<std::uint32_t>(id[0] >> 32);
}

std::string archive_day(std::int64_t seconds) { return utc_text(seconds * 1000, UtcForm::kDay); }

std::string to_string(const ArchiveFileName& name) {
  return cat({name.seconds, "-", hex(name.id, 8), "-", hex(name.origin, 1)});
}

std::optional<ArchiveFileName> parse_archive_file(std::string_view name) {
  const auto parts = split(name, '-');
  if (parts.size() != 3 || parts[1].size() != 8) return std::nullopt;
  const auto seconds = parse_u64(parts[0]);
  const auto id = whole_number<std::uint32_t>(parts[1], 16);
  const auto origin = whole_number<std::uint64_t>(parts[2], 16);
  if (!seconds || !id || !origin) return std::nullopt;
  const ArchiveFileName out{static_cast<std::int64_t>(*seconds), *id, *origin};
  if (out.seconds < 0 || out.seconds > kLastSecond || to_string(out) != name) return std::nullopt;
  return out;
}

std::string archive_path(const ArchiveFileName& name) {
  return cat({archive_day(name.seconds), "/", to_string(name)});
}

}  // namespace lb
