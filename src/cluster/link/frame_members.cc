#include "cluster/link/frame_members.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/nodes/names.h"
#include "cluster/polling/stream_list.h"
#include "http/text.h"

namespace lb {
void FrameMembers::wrong(std::string_view name, std::string_view how) {
  if (!fault_) fault_ = Error::invalid(cat({frame_, ": ", name, " ", how}));
}

Json FrameMembers::member(std::string_view name, bool need) {
  if (fault_) return {};
  Json found = object_.at(name);
  if (found.missing() && need) wrong(name, "is missing");
  return found;
}

Json FrameMembers::object(std::string_view name, bool need) {
  Json found = member(name, need);
  if (fault_ || found.missing() || found.is_object()) return found;
  wrong(name, "is no object");
  return {};
}

std::uint64_t FrameMembers::whole(std::string_view name, std::uint64_t most,
                                  std::uint64_t otherwise) {
  return whole(name, member(name), most).value_or(otherwise);
}

std::uint64_t FrameMembers::needed_whole(std::string_view name, std::uint64_t most) {
  return whole(name, member(name, true), most).value_or(0);
}

std::optional<std::uint64_t> FrameMembers::whole(std::string_view name, const Json& value,
                                                 std::uint64_t most) {
  if (fault_ || value.missing()) return std::nullopt;
  const auto number = value.u64();
  if (!number) {
    wrong(name, "is not a whole number");
  } else if (*number > most) {
    wrong(name, cat({"is ", *number, ", the most is ", most}));
  } else {
    return number;
  }
  return std::nullopt;
}

unsigned FrameMembers::small(std::string_view name, std::uint64_t most, unsigned otherwise) {
  return static_cast<unsigned>(whole(name, most, otherwise));
}

double FrameMembers::real(std::string_view name, const Json& value, double most) {
  if (fault_ || value.missing()) return 0;
  const auto number = value.number();
  if (!number)
    wrong(name, "is not a number");
  else if (!(*number >= 0 && *number <= most))
    wrong(name, "is out of range");
  else
    return *number;
  return 0;
}

bool FrameMembers::flag(std::string_view name, bool otherwise) {
  const Json value = member(name);
  if (fault_ || value.missing()) return otherwise;
  if (const auto is = value.boolean()) return *is;
  wrong(name, "is neither true nor false");
  return otherwise;
}

std::int64_t FrameMembers::wall(std::string_view name) {
  return static_cast<std::int64_t>(whole(name, kLargest, 0));
}

std::uint64_t FrameMembers::seq() {
  const std::uint64_t number = needed_whole("seq", kLargest);
  if (number == 0) wrong("seq", "is 0");
  return number;
}

std::string FrameMembers::text(std::string_view name, std::size_t most) {
  return text(name, member(name), most);
}

std::string FrameMembers::text(std::string_view name, const Json& value, std::size_t most) {
  if (fault_ || value.missing()) return {};
  const auto found = value.text();
  if (!found)
    wrong(name, "is no text");
  else if (found->size() > most)
    wrong(name, cat({"has ", found->size(), " bytes, the most is ", most}));
  else if (std::any_of(found->begin(), found->end(), is_control))
    wrong(name, "has a control character");
  else
    return std::string(*found);
  return {};
}

std::string FrameMembers::word(std::string_view name, bool need) {
  return word(name, member(name, need));
}

std::string FrameMembers::word(std::string_view name, const Json& value) {
  std::string found = text(name, value, kLongestText);
  if (!fault_ && !value.missing() && !is_node_id(found))
    wrong(name, "is not 1 to 64 of A-Z a-z 0-9 . _ -");
  return fault_ ? std::string() : found;
}

std::vector<std::string> FrameMembers::words(std::string_view name, const Json& value,
                                             std::size_t most) {
  std::vector<std::string> out;
  array(name, value, most, [&](const Json& element) { out.push_back(word(name, element)); });
  return out;
}

std::string FrameMembers::mount(std::string_view name, const Json& value) {
  if (fault_) return {};
  const auto found = value.text();
  if (!found) {
    wrong(name, "is no text");
    return {};
  }
  auto decoded = percent_decode(*found, false);
  if (!decoded || !may_be_relayed_as(*decoded)) {
    wrong(name, "is no mount that may be relayed");
    return {};
  }
  return std::move(*decoded);
}

bool FrameMembers::is_array(std::string_view name, const Json& value, std::size_t most) {
  if (fault_ || value.missing()) return false;
  if (!value.is_array()) {
    wrong(name, "is no array");
    return false;
  }
  if (value.size() > most) {
    wrong(name, cat({"has ", value.size(), " elements, the most is ", most}));
    return false;
  }
  return true;
}

}  // namespace lb
