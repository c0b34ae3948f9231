#include "app/process/free_memory.h"

#include <algorithm>
#include <string_view>

#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::uint64_t kMegabyte = 1 << 20;

std::string text_of(const std::string& path) {
  const auto file = read_file(path, {1 << 16, true});
  return file ? file->text : std::string();
}

// "NAME   123 kB" → 123, in a file of one such line for each name.
std::optional<std::uint64_t> value_in(std::string_view text, std::string_view name) {
  for (std::string_view line : split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    line = trim(line.substr(name.size()));
    return parse_u64(line.substr(0, line.find(' ')));
  }
  return std::nullopt;
}

std::optional<std::uint64_t> free_in_group(const std::string& place) {
  const auto most = parse_u64(trim(text_of(place + "/memory.max")));  // "max": no limit
  const auto used = parse_u64(trim(text_of(place + "/memory.current")));
  if (!most || !used) return std::nullopt;
  const std::string stat = text_of(place + "/memory.stat");
  const std::uint64_t cache =
      value_in(stat, "inactive_file ").value_or(0) + value_in(stat, "active_file ").value_or(0);
  const std::uint64_t held = *used - std::min(*used, cache);
  return *most - std::min(*most, held);
}

}  // namespace

std::optional<std::uint64_t> free_memory(const std::string& root) {
  auto least = value_in(text_of(root + "/proc/meminfo"), "MemAvailable:");
  if (least) *least *= 1024;
  std::string group;
  const std::string groups = text_of(root + "/proc/self/cgroup");
  for (const std::string_view line : split(groups, '\n'))
    if (line.starts_with("0::/")) group = line.substr(3);
  for (; !group.empty(); group.resize(group.rfind('/')))
    if (const auto left = free_in_group(cat({root, "/sys/fs/cgroup", group})))
      least = std::min(least.value_or(*left), *left);
  return least;
}

std::string why_no_second_process(const std::string& root) {
  const auto left = free_memory(root);
  const auto own = value_in(text_of(root + "/proc/self/status"), "RssAnon:");
  if (!left || !own) return {};
  const std::uint64_t needed = (*own + *own / 2) * 1024;
  if (*left >= needed) return {};
  return cat({"a second process may need ", needed / kMegabyte + 1,
              " MB of memory for a moment, and ", *left / kMegabyte,
              " MB are free here: free some, or restart the server instead"});
}

}  // namespace lb
