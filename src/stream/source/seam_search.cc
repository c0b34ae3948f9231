#include "stream/source/seam_search.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "stream/source/feed_record.h"

namespace lb {
namespace {

// Where no unit begins within this, there is nothing to be in step with.
constexpr std::size_t kLongestSearch = 64 * 1024;
// So far a key is searched for: a server that relays the stream for a few seconds only gives all
// that it has of it, which is more than a burst, and the seam is near its end.
constexpr std::size_t kLongestKeySearch = 512 * 1024;
// What a stream that begins within the key has of it at least.
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
    key_.clear();  // not here, or silence, which is everywhere
  }
  if (!unit_ && held_.size() < kLongestSearch) return false;
  found_ = unit_ ? Found::kUnit : Found::kNothing;
  from_ = unit_.value_or(0);
  return true;
}

// A server whose stream has begun a moment ago has only the end of the key.
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

// All of what has come so far: a key that is there twice does not say where.
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
