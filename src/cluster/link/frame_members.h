// FrameMembers: the first fault of a frame that is read; FrameValue: a value of it, read by type
// and range: nothing after a fault.
//
// Errors: they name the member that is wrong: "LOAD: lis is not a whole number".
// Source: doc/link.md.
// Thread: a value of its user.
// Ownership: parse_frame().
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "base/result.h"

namespace lb {

class FrameMembers {
 public:
  using Value = struct FrameValue;

  // frame: its name, for errors.
  explicit FrameMembers(std::string_view frame) : frame_(frame) {}

  const std::optional<Error>& fault() const noexcept { return fault_; }
  bool failed() const noexcept { return fault_.has_value(); }
  void wrong(std::string_view name, std::string_view how);
  // Members that follow are members of the member `name`; "": of the frame, or of a row.
  void within(std::string_view name) noexcept { within_ = name; }
  // The row that is being read is of a later version, and is passed over.
  void skip_row() noexcept { skips_ = true; }
  bool take_skip() noexcept { return std::exchange(skips_, false); }

 private:
  const std::string_view frame_;
  std::string_view within_;
  std::optional<Error> fault_;
  bool skips_ = false;
};

// The value of a member, or a part of it; lives for one expression.
struct FrameValue {
  FrameMembers& in;
  std::string_view name;
  const Json& json;

  static constexpr std::uint64_t kLargest = std::numeric_limits<std::int64_t>::max();

  FrameValue part(const Json& of) const { return {in, name, of}; }
  void wrong(std::string_view how) const { in.wrong(name, how); }

  // Nothing where the value is missing.
  std::optional<std::uint64_t> whole(std::uint64_t most) const;
  double real(double most) const;
  std::string text(std::size_t most) const;
  // An is_node_id().
  std::string word() const;
  // Decoded; a name under which a relay may publish.
  std::string mount() const;

  // Calls each(FrameValue) for every element of an array; a missing one has none.
  template <class Each>
  void array(std::size_t most, Each each) const {
    if (!is_array(most)) return;
    for (std::size_t i = 0; i < json.size() && !in.failed(); ++i) each(part(json.at(i)));
  }

 private:
  bool is_array(std::size_t most) const;
};

// The beginning of a text that text() takes: bytes that it refuses become "?".
std::string fit_text(std::string_view text, std::size_t most);

}  // namespace lb
