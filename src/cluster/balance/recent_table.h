// RecentTable: what is remembered of the keys that were used last, in a bounded table.
//
// Keys are hashes of 64 bits.  A key has a few places where it may lie, next to each other; a new
// one takes the place of that neighbour which was used the longest time ago.  So a use costs two or
// three lines of the cache, however large the table is, where a list and an index of all keys cost
// a dozen.
//
// Memory: at most `most` values, taken with the first of them.
// Thread: its owner's.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace lb {

template <class Value>
class RecentTable {
 public:
  explicit RecentTable(std::size_t most)
      : sets_wanted_(std::bit_floor(std::max<std::size_t>(most / kPlaces, 1))) {}

  const Value* peek(std::uint64_t key) const {
    const Set* set = set_of(key);
    const std::size_t at = set == nullptr ? kPlaces : place_in(*set, key);
    return at == kPlaces ? nullptr : &set->values[at];
  }
  // Null: not known.  Counts as a use, as at() does.
  Value* find(std::uint64_t key) {
    Set* set = set_of(key);
    const std::size_t at = set == nullptr ? kPlaces : place_in(*set, key);
    if (at == kPlaces) return nullptr;
    set->used[at] = ++uses_;
    return &set->values[at];
  }
  // A new one, if need be.
  Value& at(std::uint64_t key) {
    if (Value* found = find(key)) return *found;
    if (sets_.empty()) sets_.resize(sets_wanted_);
    Set& set = *set_of(key);
    const auto oldest = static_cast<std::size_t>(
        std::min_element(set.used.begin(), set.used.end()) - set.used.begin());
    if (set.used[oldest] == 0) ++size_;
    set.keys[oldest] = key;
    set.used[oldest] = ++uses_;
    return set.values[oldest] = Value{};
  }
  std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t kPlaces = 8;
  struct Set {
    std::array<std::uint64_t, kPlaces> keys{};
    std::array<std::uint64_t, kPlaces> used{};  // 0: free
    std::array<Value, kPlaces> values{};
  };

  const Set* set_of(std::uint64_t key) const noexcept {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;  // the high bits depend on all
    return sets_.empty() ? nullptr : &sets_[((key * kOdd) >> 32) & (sets_.size() - 1)];
  }
  Set* set_of(std::uint64_t key) noexcept {
    return const_cast<Set*>(std::as_const(*this).set_of(key));
  }
  static std::size_t place_in(const Set& set, std::uint64_t key) noexcept {
    for (std::size_t i = 0; i < kPlaces; ++i)
      if (set.keys[i] == key && set.used[i] != 0) return i;
    return kPlaces;
  }

  std::size_t sets_wanted_;  // a power of two
  std::vector<Set> sets_;
  std::uint64_t uses_ = 0;
  std::size_t size_ = 0;
};

}  // namespace lb
