#include "stream/source/picture_shelf.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kNameBytes = 16;
constexpr std::uint64_t kShares = 8;

}  // namespace

std::string picture_name(PictureType type, std::string_view bytes) {
  return cat({hex_encode(sha256(bytes).substr(0, kNameBytes)), ending_of(type)});
}

std::optional<PictureType> type_in_picture_name(std::string_view name) noexcept {
  if (name.size() <= 2 * kNameBytes) return std::nullopt;
  if (!is_hex_text(name.substr(0, 2 * kNameBytes))) return std::nullopt;
  for (const PictureType type : {PictureType::kJpeg, PictureType::kPng, PictureType::kWebp})
    if (name.substr(2 * kNameBytes) == ending_of(type)) return type;
  return std::nullopt;
}

std::string_view name_in_picture_path(std::string_view path) noexcept {
  if (path.starts_with(kPicturePath)) path.remove_prefix(kPicturePath.size());
  return type_in_picture_name(path) ? path : std::string_view();
}

void PictureShares::add(const std::string& account, std::uint64_t bytes) {
  bytes_ += charge(bytes);
  accounts_[account] += charge(bytes);
}

void PictureShares::remove(const std::string& account, std::uint64_t bytes) {
  bytes_ -= charge(bytes);
  const auto at = accounts_.find(account);
  if ((at->second -= charge(bytes)) == 0) accounts_.erase(at);
}

std::optional<std::string> PictureShares::payer() const {
  const auto most = std::ranges::max_element(accounts_, {}, [](const auto& row) {
    return row.first.empty() ? std::uint64_t{0} : row.second;
  });
  if (most == accounts_.end() || most->first.empty() || most->second <= max_bytes_ / kShares)
    return std::nullopt;
  return most->first;
}

Result<std::string> PictureShelf::put(std::string bytes, const std::string& account) {
  const auto type = judge_picture(as_byte_span(bytes));
  if (!type) return type.error();
  std::string name = picture_name(*type, bytes);
  const std::size_t size = bytes.size();
  std::unique_lock lock(mutex_);
  auto at = rows_.find(name);
  if (at != rows_.end()) {
    Row& row = at->second;
    used_.splice(used_.end(), used_, row.used);
    if (row.account.empty() || row.account == account) return name;
    shares_.remove(row.account, size);
    row.account.clear();
  } else {
    while (!used_.empty() && !shares_.has_room(size)) remove_oldest();
    used_.push_back(name);
    const auto shared = std::make_shared<const std::string>(std::move(bytes));
    at = rows_.emplace(name, Row{shared, account, std::prev(used_.end())}).first;
  }
  shares_.add(at->second.account, size);
  const Row now = at->second;
  lock.unlock();
  if (on_new_) on_new_(name, now.bytes, now.account);
  return name;
}

void PictureShelf::remove_oldest() {
  const auto payer = shares_.payer();
  const auto pays = [&](const std::string& name) {
    return !payer || rows_.find(name)->second.account == *payer;
  };
  const auto oldest = std::ranges::find_if(used_, pays);
  const auto row = rows_.extract(*oldest);
  shares_.remove(row.mapped().account, row.mapped().bytes->size());
  used_.erase(oldest);
}

bool PictureShelf::put_as(const std::string& name, std::string bytes, const std::string& account) {
  const auto type = judge_picture(as_byte_span(bytes));
  if (!type || picture_name(*type, bytes) != name) return false;
  const auto kept = put(std::move(bytes), account);
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

}  // namespace lb
