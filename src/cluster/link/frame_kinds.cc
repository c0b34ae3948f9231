#include "cluster/link/frame_kinds.h"

#include <algorithm>

#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/link/frame.h"
#include "cluster/nodes/names.h"
#include "http/text.h"

namespace lb {

void FrameMembers::wrong(std::string_view name, std::string_view how) {
  if (fault_) return;
  std::string what(frame_);
  what.append(": ").append(within_).append(within_.empty() ? "" : ".").append(name);
  fault_ = Error::invalid(what.append(" ").append(how));
}

std::optional<std::uint64_t> FrameValue::whole(std::uint64_t most) const {
  if (in.failed() || json.missing()) return std::nullopt;
  const auto number = json.u64();
  if (!number) {
    wrong("is not a whole number");
  } else if (*number > most) {
    wrong(cat({"is ", *number, ", the most is ", most}));
  } else {
    return number;
  }
  return std::nullopt;
}

double FrameValue::real(double most) const {
  if (in.failed() || json.missing()) return 0;
  const auto number = json.number();
  if (!number)
    wrong("is not a number");
  else if (!(*number >= 0 && *number <= most))
    wrong("is out of range");
  else
    return *number;
  return 0;
}

std::string FrameValue::text(std::size_t most) const {
  if (in.failed() || json.missing()) return {};
  const auto found = json.text();
  if (!found)
    wrong("is not text");
  else if (found->size() > most)
    wrong(cat({"has ", found->size(), " bytes, the most is ", most}));
  else if (std::any_of(found->begin(), found->end(), is_control))
    wrong("has a control character");
  else
    return std::string(*found);
  return {};
}

std::string FrameValue::word() const {
  std::string found = text(kLongestText);
  if (!in.failed() && !json.missing() && !is_node_id(found))
    wrong("is not 1 to 64 of A-Z a-z 0-9 . _ -");
  return in.failed() ? std::string() : found;
}

std::string FrameValue::mount() const {
  if (in.failed()) return {};
  const auto found = json.text();
  if (!found) {
    wrong("is not text");
    return {};
  }
  auto decoded = percent_decode(*found, false);
  if (!decoded || !may_be_relayed_as(*decoded)) {
    wrong("is not a mount that may be relayed");
    return {};
  }
  return std::move(*decoded);
}

bool FrameValue::is_array(std::size_t most) const {
  if (in.failed() || json.missing()) return false;
  if (!json.is_array()) {
    wrong("is not an array");
    return false;
  }
  if (json.size() > most) {
    wrong(cat({"has ", json.size(), " elements, the most is ", most}));
    return false;
  }
  return true;
}

std::string fit_text(std::string_view text, std::size_t most) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_char(text);
    const auto byte = static_cast<unsigned char>(text.front());
    const std::size_t take = length == 0 ? 1 : length;
    if (out.size() + take > most) break;
    if (length == 0 || byte < 0x20 || byte == 0x7f)
      out += '?';
    else
      out += text.substr(0, length);
    text.remove_prefix(take);
  }
  return out;
}

}  // namespace lb
