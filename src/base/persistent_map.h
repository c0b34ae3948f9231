// PersistentMap: an ordered map of names whose copies cost nothing and stay as they are.
//
// A reader keeps the map of one moment without a lock, a writer changes one row of many without
// touching the others, and for_each_change() finds what differs between two maps of one descent
// without looking at what they share.  How that is done: base/name_tree.h.
//
// Thread: one object belongs to one thread; copies of it may be read, and die, on any.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/name_tree.h"

namespace lb {

template <class Value>
class PersistentMap {
 public:
  using value_type = std::pair<const std::string, Value>;

  // In the order of the names; while the map, or a copy of it, lives.
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PersistentMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    explicit const_iterator(const NameTree::Path& path) noexcept : path_(path) {}
    reference operator*() const noexcept { return row_of(path_.top()); }
    pointer operator->() const noexcept { return &row_of(path_.top()); }
    const_iterator& operator++() noexcept {
      path_.next();
      return *this;
    }
    const_iterator operator++(int) noexcept {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const noexcept {
      return path_.top() == other.path_.top();
    }

   private:
    NameTree::Path path_;
  };

  std::size_t size() const noexcept { return tree_.size(); }
  bool empty() const noexcept { return tree_.size() == 0; }
  const_iterator begin() const noexcept { return const_iterator(tree_.begin()); }
  const_iterator end() const noexcept { return {}; }
  const_iterator lower_bound(std::string_view name) const noexcept {
    return const_iterator(tree_.lower_bound(name));
  }
  const_iterator upper_bound(std::string_view name) const noexcept {
    const_iterator at = lower_bound(name);
    if (at != end() && at->first == name) ++at;
    return at;
  }
  const_iterator find(std::string_view name) const noexcept {
    const const_iterator at = lower_bound(name);
    return at == end() || at->first != name ? end() : at;
  }
  bool contains(std::string_view name) const noexcept { return tree_.look_up(name) != nullptr; }
  // The value; null: there is no such name.
  const Value* look_up(std::string_view name) const noexcept {
    const NameTree::Node* const node = tree_.look_up(name);
    return node == nullptr ? nullptr : &row_of(node).second;
  }

  void set(std::string name, Value value) {
    auto row = std::make_shared<const value_type>(std::move(name), std::move(value));
    const std::string& its_name = row->first;
    tree_.put(its_name, std::move(row));
  }
  bool erase(std::string_view name) { return tree_.erase(name); }
  void clear() noexcept { tree_ = {}; }

  // They are the same object, or copies of one that have not been changed since.
  bool is_same(const PersistentMap& other) const noexcept { return tree_.is_same(other.tree_); }

  bool operator==(const PersistentMap& other) const {
    return size() == other.size() && !more_changed(*this, other, 0);
  }

  // Calls each(before, now) for the rows that differ, in the order of the names; null: none
  // on that side.  Costs the changes between the two and log2(n) for each, where one is a changed
  // copy of the other.
  template <class Each>
  static void for_each_change(const PersistentMap& before, const PersistentMap& now, Each each) {
    walk(before, now, [&each](const value_type* was, const value_type* is) {
      each(was, is);
      return true;
    });
  }
  // Whether more than `most` rows differ; costs no more of them.
  static bool more_changed(const PersistentMap& before, const PersistentMap& now,
                           std::size_t most) {
    return !walk(before, now, [&most](const value_type*, const value_type*) { return most-- > 0; });
  }

 private:
  static const value_type& row_of(const NameTree::Node* node) noexcept {
    return *static_cast<const value_type*>(node->row.get());
  }
  // Until `each` returns false: then false.
  template <class Each>
  static bool walk(const PersistentMap& before, const PersistentMap& now, Each each) {
    return NameTree::walk(before.tree_, now.tree_, [&each](const void* was, const void* is) {
      const auto* const a = static_cast<const value_type*>(was);
      const auto* const b = static_cast<const value_type*>(is);
      return (a != nullptr && b != nullptr && !(a->second != b->second)) || each(a, b);
    });
  }

  NameTree tree_;
};

// Calls each(name, was, is) for every name whose values differ; null: it is not there.
template <class Value, class Each>
void for_each_change(const PersistentMap<Value>& before, const PersistentMap<Value>& now,
                     Each each) {
  using Row = typename PersistentMap<Value>::value_type;
  PersistentMap<Value>::for_each_change(before, now, [&each](const Row* was, const Row* is) {
    each((was != nullptr ? was : is)->first, was == nullptr ? nullptr : &was->second,
         is == nullptr ? nullptr : &is->second);
  });
}

}  // namespace lb
