// SharedMap<T>: an ordered map from names to values, whose copies share all but what they change.
//
// A copy of a map of ten thousand costs some eighty pointers, a change of one row of it one part of
// rows more, and two maps of which one came from the other are compared by what differs.  Rows are
// never modified: a row with another value is another row.
// Thread: as std::map.  Maps that share rows may be in different threads.
// Bounds: kMaxPart rows a part.
#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lb {

template <class T>
class SharedMap {
 public:
  using value_type = std::pair<const std::string, T>;
  static constexpr std::size_t kMaxPart = 128;

 private:
  using Row = std::shared_ptr<const value_type>;
  using Part = std::vector<Row>;  // never empty
  using Parts = std::vector<std::shared_ptr<const Part>>;

 public:
  class const_iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = SharedMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    const_iterator(const Parts* parts, std::size_t part, std::size_t row)
        : parts_(parts), part_(part), row_(row) {}
    reference operator*() const { return *(*(*parts_)[part_])[row_]; }
    pointer operator->() const { return &**this; }
    const_iterator& operator++() {
      if (++row_ == (*parts_)[part_]->size()) ++part_, row_ = 0;
      return *this;
    }
    const_iterator operator++(int) {
      const const_iterator before = *this;
      ++*this;
      return before;
    }
    const_iterator& operator--() {
      if (row_ == 0) row_ = (*parts_)[--part_]->size();
      --row_;
      return *this;
    }
    bool operator==(const const_iterator& other) const {
      return part_ == other.part_ && row_ == other.row_;
    }

   private:
    friend class SharedMap;
    const Parts* parts_ = nullptr;
    std::size_t part_ = 0, row_ = 0;
  };
  using iterator = const_iterator;

  SharedMap() = default;
  // Rows of another kind of map.
  template <class Rows>
  static SharedMap of(const Rows& rows) {
    SharedMap out;
    for (const auto& [name, value] : rows) out.set(name, value);
    return out;
  }

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const_iterator begin() const { return {&parts_, 0, 0}; }
  const_iterator end() const { return {&parts_, parts_.size(), 0}; }
  const_iterator lower_bound(std::string_view name) const {
    const std::size_t part = part_of(name);
    if (part == parts_.size()) return end();
    const std::size_t row = row_in(*parts_[part], name);
    return row == parts_[part]->size() ? const_iterator(&parts_, part + 1, 0)
                                       : const_iterator(&parts_, part, row);
  }
  const_iterator upper_bound(std::string_view name) const {
    const_iterator at = lower_bound(name);
    if (at != end() && at->first == name) ++at;
    return at;
  }
  const_iterator find(std::string_view name) const {
    const const_iterator at = lower_bound(name);
    return at != end() && at->first == name ? at : end();
  }
  bool contains(std::string_view name) const { return find(name) != end(); }

  void set(std::string_view name, T value) {
    Row row = std::make_shared<const value_type>(std::string(name), std::move(value));
    if (parts_.empty()) {
      parts_.push_back(std::make_shared<Part>(Part{std::move(row)}));
      size_ = 1;
      return;
    }
    const std::size_t part = part_of(name);
    Part& rows = own(part);
    const std::size_t at = row_in(rows, name);
    if (at < rows.size() && rows[at]->first == name) {
      rows[at] = std::move(row);
      return;
    }
    rows.insert(rows.begin() + static_cast<std::ptrdiff_t>(at), std::move(row));
    ++size_;
    if (rows.size() > kMaxPart) cut(part);
  }
  void erase(std::string_view name) {
    const const_iterator at = find(name);
    if (at == end()) return;
    --size_;
    Part& rows = own(at.part_);
    rows.erase(rows.begin() + static_cast<std::ptrdiff_t>(at.row_));
    const bool joins =
        at.part_ + 1 < parts_.size() && rows.size() + parts_[at.part_ + 1]->size() <= kMaxPart / 2;
    if (joins) rows.insert(rows.end(), parts_[at.part_ + 1]->begin(), parts_[at.part_ + 1]->end());
    if (joins || rows.empty())
      parts_.erase(parts_.begin() + static_cast<std::ptrdiff_t>(at.part_ + (joins ? 1 : 0)));
  }

  // Calls each(name, was, is) for every name whose values differ; null: it is not there.
  template <class Each>
  friend void for_each_change(const SharedMap& before, const SharedMap& now, Each each) {
    walk_changes(before, now, std::move(each));
  }
  bool operator==(const SharedMap& other) const {
    if (size_ != other.size_) return false;
    bool same = true;
    for_each_change(*this, other,
                    [&same](const std::string&, const T*, const T*) { same = false; });
    return same;
  }

 private:
  template <class Each>
  static void walk_changes(const SharedMap& before, const SharedMap& now, Each each) {
    const_iterator a = before.begin();
    const_iterator b = now.begin();
    while (a != before.end() || b != now.end()) {
      // Parts that both have are passed over.
      if (a.row_ == 0 && b.row_ == 0 && a.part_ < before.parts_.size() &&
          b.part_ < now.parts_.size() && before.parts_[a.part_] == now.parts_[b.part_]) {
        ++a.part_, ++b.part_;
        continue;
      }
      const T* const none = nullptr;
      if (b == now.end() || (a != before.end() && a->first < b->first)) {
        each(a->first, &a->second, none);
        ++a;
      } else if (a == before.end() || b->first < a->first) {
        each(b->first, none, &b->second);
        ++b;
      } else {
        if (&*a != &*b && !(a->second == b->second)) each(b->first, &a->second, &b->second);
        ++a, ++b;
      }
    }
  }
  // The part that has the name, or would; of a name above all the last one.
  std::size_t part_of(std::string_view name) const {
    const auto at = std::lower_bound(
        parts_.begin(), parts_.end(), name,
        [](const auto& part, std::string_view wanted) { return part->back()->first < wanted; });
    const auto index = static_cast<std::size_t>(at - parts_.begin());
    return index == parts_.size() && index > 0 ? index - 1 : index;
  }
  static std::size_t row_in(const Part& rows, std::string_view name) {
    const auto at = std::lower_bound(
        rows.begin(), rows.end(), name,
        [](const Row& row, std::string_view wanted) { return row->first < wanted; });
    return static_cast<std::size_t>(at - rows.begin());
  }
  // The part for a change: a copy where another map has it too.
  Part& own(std::size_t part) {
    auto& held = parts_[part];
    if (held.use_count() != 1) held = std::make_shared<Part>(*held);
    return const_cast<Part&>(*held);  // made by this class
  }
  void cut(std::size_t part) {
    Part& rows = own(part);
    // Names often come in their order: what is full then stays nearly full.
    const std::size_t kept = part + 1 == parts_.size() ? kMaxPart * 3 / 4 : rows.size() / 2;
    const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(kept);
    auto upper = std::make_shared<Part>(std::make_move_iterator(middle),
                                        std::make_move_iterator(rows.end()));
    rows.erase(middle, rows.end());
    parts_.insert(parts_.begin() + static_cast<std::ptrdiff_t>(part + 1), std::move(upper));
  }

  Parts parts_;
  std::size_t size_ = 0;
};

}  // namespace lb
