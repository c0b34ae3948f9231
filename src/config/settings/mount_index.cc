#include "config/settings/mount_index.h"

#include "base/strings.h"

namespace lb {

void MountIndex::add(const std::string& name, std::uint32_t position) {
  names_.try_emplace(name, position);
  if (const std::size_t special = name.find_first_of("*?[\\"); special != std::string::npos)
    patterns_.push_back({position, static_cast<std::uint32_t>(special), name});
}

std::optional<std::size_t> MountIndex::find_name(std::string_view name) const {
  const auto at = names_.find(name);
  if (at == names_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::size_t> MountIndex::find(std::string_view mount) const {
  const auto named = find_name(mount);
  std::string name;  // fnmatch wants one that ends
  for (const Pattern& pattern : patterns_) {
    if (named && *named < pattern.position) break;
    if (mount.substr(0, pattern.plain) != std::string_view(pattern.text).substr(0, pattern.plain))
      continue;
    if (name.empty()) name = mount;
    if (glob_match(pattern.text, name)) return pattern.position;
  }
  return named;
}

}  // namespace lb
