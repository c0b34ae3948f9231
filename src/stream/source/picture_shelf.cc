#include "stream/source/picture_shelf.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kNameBytes = 16;

}  // namespace

std::string picture_name(PictureType type, std::string_view bytes) {
  return cat({hex_encode(sha256(bytes).substr(0, kNameBytes)), ending_of(type)});
}

std::optional<PictureType> type_in_picture_name(std::string_view name) noexcept {
  if (name.size() <= 2 * kNameBytes) return std::nullopt;
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (!std::ranges::all_of(name.substr(0, 2 * kNameBytes), is_hex)) return std::nullopt;
  for (const PictureType type : {PictureType::kJpeg, PictureType::kPng, PictureType::kWebp})
    if (name.substr(2 * kNameBytes) == ending_of(type)) return type;
  return std::nullopt;
}

std::string_view name_in_picture_path(std::string_view path) noexcept {
  if (path.starts_with(kPicturePath)) path.remove_prefix(kPicturePath.size());
  return type_in_picture_name(path) ? path : std::string_view();
}

Result<std::string> PictureShelf::put(std::string bytes) {
  const auto type = judge_picture(as_byte_span(bytes));
  if (!type) return type.error();
  std::string name = picture_name(*type, bytes);
  const std::size_t size = bytes.size();
  std::unique_lock lock(mutex_);
  if (const auto known = rows_.find(name); known != rows_.end()) {
    used_.splice(used_.end(), used_, known->second.used);
    return name;
  }
  while (!used_.empty() && (bytes_ + size > max_bytes_ || rows_.size() >= kMaxPictures)) {
    const auto oldest = rows_.find(used_.front());
    bytes_ -= oldest->second.bytes->size();
    rows_.erase(oldest);
    used_.pop_front();
  }
  used_.push_back(name);
  const auto shared = std::make_shared<const std::string>(std::move(bytes));
  rows_.emplace(name, Row{shared, std::prev(used_.end())});
  bytes_ += size;
  lock.unlock();
  if (on_new_) on_new_(name, shared);
  return name;
}

bool PictureShelf::put_as(const std::string& name, std::string bytes) {
  const auto type = judge_picture(as_byte_span(bytes));
  if (!type || picture_name(*type, bytes) != name) return false;
  const auto kept = put(std::move(bytes));
  return kept && *kept == name;
}

PictureShelf::Bytes PictureShelf::find(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto row = rows_.find(name);
  if (row == rows_.end()) return nullptr;
  used_.splice(used_.end(), used_, row->second.used);
  return row->second.bytes;
}

std::vector<std::pair<std::string, PictureShelf::Bytes>> PictureShelf::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Bytes>> all;
  for (const std::string& name : used_) all.emplace_back(name, rows_.find(name)->second.bytes);
  return all;
}

std::size_t PictureShelf::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace lb
