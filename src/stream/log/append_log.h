// AppendLog<T>: a list that one thread appends to and trims at the front, and any thread reads
// through views.
//
// Thread: one writer.  A View is made by the writer and handed over through a Channel (whose lock
// orders the memory); it may then be read on any thread.
// Invariants: (1) an item never changes once a view shows it; (2) an item lives as long as a view
// that shows it; (3) making a view is O(1), because chunks are shared and only ever appended to.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lb {

template <class T>
class AppendLog {
  // A mount of 128 kbit/s has 35 marks in its window, and one or two spans.
  static constexpr std::size_t kChunk = sizeof(T) > 32 ? 4 : 16;
  using Chunk = std::array<T, kChunk>;
  // Chunks, then nulls up to a size that never changes: views read the elements meanwhile.
  using Table = std::vector<std::shared_ptr<Chunk>>;
  // A table is copied when this part of its chunks is out, so an item costs the same in a long
  // list: a hostile stream has a mark and a span in every 16 bytes of a large window.
  static constexpr std::size_t kDropped = 4;

 public:
  class View {
   public:
    std::uint64_t begin() const noexcept { return begin_; }
    std::uint64_t end() const noexcept { return end_; }
    bool empty() const noexcept { return begin_ == end_; }
    // REQUIRES: begin() <= i < end()
    const T& operator[](std::uint64_t i) const noexcept {
      assert(begin_ <= i && i < end_);
      const std::uint64_t at = i - base_;
      return (*(*table_)[at / kChunk])[at % kChunk];
    }
    // The index of the last item for which before(item) holds, or end() if none. before() must hold
    // for a prefix of the items.
    template <class Before>
    std::uint64_t last_where(Before before) const {
      std::uint64_t low = begin_, high = end_;
      while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (before((*this)[middle]))
          low = middle + 1;
        else
          high = middle;
      }
      return low == begin_ ? end_ : low - 1;
    }

   private:
    friend class AppendLog;
    std::shared_ptr<const Table> table_;
    std::uint64_t base_ = 0, begin_ = 0, end_ = 0;
  };

  void push(T item) {
    const std::uint64_t at = end_ - base_;
    if (at / kChunk == table_->size()) {
      auto next = std::make_shared<Table>(2 * table_->size() + 1);
      std::copy(table_->begin(), table_->end(), next->begin());
      table_ = std::move(next);
    }
    std::shared_ptr<Chunk>& chunk = (*table_)[at / kChunk];
    if (chunk == nullptr) chunk = std::make_shared<Chunk>();
    (*chunk)[at % kChunk] = std::move(item);
    ++end_;
  }
  // Drops items from the front while out(item) holds; f sees each once.
  template <class Out, class F>
  void trim(Out out, F f) {
    while (begin_ < end_ && out(item(begin_))) {
      f(item(begin_));
      ++begin_;
    }
    const std::size_t used = static_cast<std::size_t>((end_ - base_ + kChunk - 1) / kChunk);
    const std::size_t whole = static_cast<std::size_t>((begin_ - base_) / kChunk);
    if (whole * kDropped < used || whole == 0) return;
    auto rest = std::make_shared<Table>(used);
    const auto first = table_->begin();
    std::copy(first + static_cast<std::ptrdiff_t>(whole), first + static_cast<std::ptrdiff_t>(used),
              rest->begin());
    table_ = std::move(rest);
    base_ += whole * kChunk;
  }
  bool empty() const noexcept { return begin_ == end_; }
  std::uint64_t size() const noexcept { return end_ - begin_; }
  const T& back() const noexcept { return item(end_ - 1); }  // REQUIRES: not empty
  View view() const {
    View v;
    v.table_ = table_;
    v.base_ = base_;
    v.begin_ = begin_;
    v.end_ = end_;
    return v;
  }

 private:
  const T& item(std::uint64_t i) const noexcept {
    return (*(*table_)[(i - base_) / kChunk])[(i - base_) % kChunk];
  }
  std::shared_ptr<Table> table_ = std::make_shared<Table>();
  std::uint64_t base_ = 0;  // index of the first item of the first chunk
  std::uint64_t begin_ = 0, end_ = 0;
};

}  // namespace lb
