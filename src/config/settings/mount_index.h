// MountIndex: which <mount> is responsible for a name, without trying all of them.
//
// The rule is that of the file: the first section whose name is the mount's, or a pattern (fnmatch,
// FNM_PATHNAME) that matches it.  Names are found by their hash; patterns are tried in order, and
// only those that stand before the section of that name.
// Thread: built once, then read by any thread.
// Ownership: holds positions and its own copies of the names, no reference to the sections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "stream/mount/settings.h"

namespace lb {

class MountIndex {
 public:
  // A list of MountSettings of any kind.
  template <class Sections>
  explicit MountIndex(const Sections& sections) : size_(sections.size()) {
    names_.reserve(size_);
    std::uint32_t position = 0;
    for (const MountSettings& section : sections) add(section.name, position++);
  }

  // The position of the section; nullopt: none.
  std::optional<std::size_t> find(std::string_view mount) const;
  // The position of the section with exactly this name.
  std::optional<std::size_t> find_name(std::string_view name) const;
  std::size_t size() const noexcept { return size_; }  // sections

 private:
  void add(const std::string& name, std::uint32_t position);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Pattern {
    std::uint32_t position;
    std::uint32_t plain;  // bytes at its beginning that stand for themselves
    std::string text;
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> names_;
  std::vector<Pattern> patterns_;
  std::size_t size_;
};

}  // namespace lb
