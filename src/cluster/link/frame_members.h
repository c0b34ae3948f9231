// FrameMembers: the members of one frame, read by type and range; the first fault is kept, and
// every member after it reads as nothing.
//
// Errors name the member that is wrong: "LOAD: lis is not a whole number".
// Source: doc/link.md.
// Thread: a value of its user.
// Ownership: parse_frame().
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "cluster/link/frame.h"

namespace lb {

class FrameMembers {
 public:
  static constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

  // frame: its name, for errors.
  FrameMembers(Json object, std::string_view frame) : object_(std::move(object)), frame_(frame) {}

  const std::optional<Error>& fault() const noexcept { return fault_; }
  void wrong(std::string_view name, std::string_view how);

  // Missing where `need` is not set: an empty one.
  Json member(std::string_view name, bool need = false);
  Json object(std::string_view name, bool need = false);

  std::uint64_t whole(std::string_view name, std::uint64_t most, std::uint64_t otherwise);
  std::uint64_t needed_whole(std::string_view name, std::uint64_t most);
  std::optional<std::uint64_t> whole(std::string_view name, const Json& value, std::uint64_t most);
  unsigned small(std::string_view name, std::uint64_t most, unsigned otherwise);
  double real(std::string_view name, const Json& value, double most);
  bool flag(std::string_view name, bool otherwise);
  // Wall time in milliseconds; 0: missing.
  std::int64_t wall(std::string_view name);
  std::uint64_t seq();

  std::string text(std::string_view name, std::size_t most = kLongestText);
  std::string text(std::string_view name, const Json& value, std::size_t most);
  // An is_node_id().
  std::string word(std::string_view name, bool need);
  std::string word(std::string_view name, const Json& value);
  std::vector<std::string> words(std::string_view name, const Json& value, std::size_t most);
  // Decoded; a name under which a relay may publish.
  std::string mount(std::string_view name, const Json& value);

  // Calls each(element) for every element of an array; a missing one has none.
  template <class Each>
  void array(std::string_view name, const Json& value, std::size_t most, Each each) {
    if (!is_array(name, value, most)) return;
    for (std::size_t i = 0; i < value.size() && !fault_; ++i) each(value.at(i));
  }

 private:
  bool is_array(std::string_view name, const Json& value, std::size_t most);

  const Json object_;
  const std::string_view frame_;
  std::optional<Error> fault_;
};

}  // namespace lb
