#include "cluster/link/conf_frame.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/strings.h"
#include "cluster/link/frame.h"

namespace lb {
namespace {

// Space for the members of every frame, and those around an item.
constexpr std::size_t kConfRoom = kLongestFrame - 1024;
constexpr std::size_t kAroundItem = 40;
constexpr std::size_t kLeastPart = 1024;  // a shorter part goes into the next frame

// The bytes of the first character in JSON (base/json.cc).
std::size_t json_cost(std::string_view text, std::size_t length) noexcept {
  const auto byte = static_cast<unsigned char>(text.front());
  if (length == 0) return 3;
  if (length == 2 && byte == 0xc2) return 6;
  if (length > 1) return length;
  if (byte < 0x20 || byte == 0x7f) return 6;
  return byte == '"' || byte == '\\' ? 2 : 1;
}

// The longest prefix of whole characters that costs at most `most`; sets its cost.
std::size_t fitting(std::string_view text, std::size_t most, std::size_t& cost) noexcept {
  std::size_t at = 0;
  cost = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_char(text.substr(at));
    const std::size_t next = json_cost(text.substr(at), length);
    if (cost + next > most) break;
    cost += next;
    at += std::max<std::size_t>(length, 1);
  }
  return at;
}

}  // namespace

bool is_conf_key(std::string_view key) noexcept {
  const std::size_t slash = key.find('/');
  if (key.size() > kConfKeyBytes || slash == 0 || slash == std::string_view::npos ||
      slash + 1 == key.size())
    return false;
  const auto is_small = [](char c) { return c >= 'a' && c <= 'z'; };
  return std::all_of(key.begin(), key.begin() + static_cast<std::ptrdiff_t>(slash), is_small) &&
         is_plain_text(key, "-._~%/");
}

void ConfRun::fresh() {
  frames_.push_back(head_);
  head_.all = false;
  used_ = 0;
}

void ConfRun::need(std::size_t bytes) {
  if (used_ + bytes > kConfRoom) fresh();
}

bool ConfRun::fits(const std::string& key, std::string_view value) const noexcept {
  const std::size_t around = used_ + key.size() + kAroundItem;
  if (around + kLeastPart > kConfRoom) return false;
  std::size_t cost = 0;
  return fitting(value, kConfRoom - around, cost) == value.size();
}

void ConfRun::set(const std::string& key, std::string_view value) {
  do {
    need(key.size() + kAroundItem + kLeastPart);
    std::size_t cost = 0;
    const std::size_t room = kConfRoom - used_ - key.size() - kAroundItem;
    const std::size_t length = fitting(value, room, cost);
    const bool part = length < value.size();
    frames_.back().set.push_back({key, std::string(value.substr(0, length)), part});
    used_ += key.size() + kAroundItem + cost;
    value.remove_prefix(length);
  } while (!value.empty());
}

void ConfRun::remove(const std::string& key) {
  need(key.size() + kAroundItem);
  frames_.back().removed.push_back(key);
  used_ += key.size() + kAroundItem;
}

std::vector<ConfFrame> ConfRun::take(bool more) {
  for (ConfFrame& frame : frames_) frame.more = true;
  frames_.back().more = more;
  std::vector<ConfFrame> out = std::exchange(frames_, {});
  fresh();
  return out;
}

}  // namespace lb
