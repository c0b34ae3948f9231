#include "stream/source/seam_search.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "stream/source/feed_record.h"

namespace lb {
namespace {

// Without a unit in this length the format is not known, and the stream begins anywhere.
constexpr std::size_t kLongestSearch = 64 * 1024;
// The longest part in which a key is searched.  A server that has relayed the stream for only a few
// seconds sends all of it, more than a burst, and the seam is near its end.
constexpr std::size_t kLongestKeySearch = 512 * 1024;
// The shortest end of the key that counts at the start of a stream.
constexpr std::size_t kShortestEnd = 96;

}  // namespace

SeamSearch::SeamSearch(const FramerPlugin& plugin, Bytes key, SteadyTime now)
    : framer_(plugin.make(0, {})), key_(std::move(key)), since_(now) {}

SeamSearch::SeamSearch(const FramerPlugin& plugin, const SeamRecord& saved)
    : SeamSearch(plugin, saved.key, saved.since) {
  known_ = static_cast<std::size_t>(saved.known);
  no_more_ = saved.no_more;
}

SeamRecord SeamSearch::save() const { return {key_, held_, since_, known_, no_more_}; }

bool SeamSearch::take(std::span<const std::byte> audio, SteadyTime now) {
  held_.insert(held_.end(), audio.begin(), audio.end());
  framer_->consume(audio, *this);
  if (!key_.empty()) {
    search_key();
    if (hits_ == 0) match_beginning();
    if (hits_ == 1) {
      found_ = Found::kContent;
      from_ = behind_key_;
      return true;
    }
    const bool may_come =
        !no_more_ && held_.size() < known_ + kLongestKeySearch && now - since_ < kKeyMayCome;
    if (hits_ == 0 && may_come) return false;
    key_.clear();  // the key is missing, or occurs twice, as in silence
  }
  if (!unit_ && held_.size() < kLongestSearch) return false;
  found_ = unit_ ? Found::kUnit : Found::kNothing;
  from_ = unit_.value_or(0);
  return true;
}

// A server that has just begun to relay the stream only has the end of the key.
void SeamSearch::match_beginning() {
  if (beginning_matched_ || held_.size() < key_.size()) return;
  beginning_matched_ = true;
  for (std::size_t n = key_.size() - 1; n >= kShortestEnd; --n) {
    if (!std::equal(key_.end() - static_cast<std::ptrdiff_t>(n), key_.end(), held_.begin()))
      continue;
    ++hits_;
    behind_key_ = n;
  }
}

// Counts all hits, because a key that occurs twice does not show the seam.
void SeamSearch::search_key() {
  if (held_.size() < key_.size()) return;
  const std::boyer_moore_horspool_searcher searcher(key_.begin(), key_.end());
  auto at = held_.begin() + static_cast<std::ptrdiff_t>(searched_);
  while ((at = std::search(at, held_.end(), searcher)) != held_.end()) {
    if (++hits_ == 1) behind_key_ = static_cast<std::size_t>(at - held_.begin()) + key_.size();
    ++at;
  }
  searched_ = held_.size() - key_.size() + 1;
}

}  // namespace lb
