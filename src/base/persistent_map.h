// PersistentMap: an ordered map of names whose copies are free and never change.
//
// A reader keeps a map without a lock, a writer changes one row without copying the others, and
// for_each_change() finds the differences of two related maps without visiting their shared parts.
//
// Thread: one object belongs to one thread; copies may be read and destroyed on any.
// Source: height-balanced trees, Adelson-Velsky and Landis 1962.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace lb {

// The structure of the map, without the type of values, so it is compiled once: a balanced tree of
// rows by name.  A change copies the path from the root to one row, log2(n) small nodes, and shares
// the rest with earlier copies.
class NameTree {
 public:
  struct Node;
  using Link = std::shared_ptr<const Node>;
  struct Node {
    std::shared_ptr<const void> row;
    const std::string* name;  // of the row
    Link left, right;
    std::uint8_t height;
  };

  // A walk over the rows by name; valid while the tree, or a copy of it, exists.
  class Path {
   public:
    const Node* top() const noexcept { return depth_ == 0 ? nullptr : nodes_[depth_ - 1]; }
    void next() noexcept { descend(nodes_[--depth_]->right.get()); }
    // Goes from `node` to its first row.
    void descend(const Node* node) noexcept;

   private:
    friend class NameTree;
    // Nodes to visit, the next one last.
    std::array<const Node*, 48> nodes_;  // a tree of 2^32 rows is at most 46 high
    unsigned depth_ = 0;
  };

  std::size_t size() const noexcept { return size_; }
  Path begin() const noexcept;
  // At the first row with a name >= `name`.
  Path lower_bound(std::string_view name) const noexcept;
  // Null: no such name.
  const Node* look_up(std::string_view name) const noexcept;

  // `name` is part of the row, and lives as long.
  void put(const std::string& name, std::shared_ptr<const void> row);
  bool erase(std::string_view name);

  // Whether they are the same object, or unchanged copies of one.
  bool is_same(const NameTree& other) const noexcept { return root_ == other.root_; }

  // Calls each(before, now) for the rows that differ, by name, until it returns false (then false);
  // null: no such name on that side.  Costs log2(n) for each difference if one is a changed copy of
  // the other.
  using Each = std::function<bool(const void* before, const void* now)>;
  static bool walk(const NameTree& before, const NameTree& now, const Each& each);

 private:
  Link root_;
  std::size_t size_ = 0;
};

template <class Value>
class PersistentMap {
 public:
  using value_type = std::pair<const std::string, Value>;

  // In the order of names; valid while the map, or a copy of it, exists.
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
  // The value; null: no such name.
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

  // Whether they are the same object, or unchanged copies of one.
  bool is_same(const PersistentMap& other) const noexcept { return tree_.is_same(other.tree_); }

  bool operator==(const PersistentMap& other) const {
    return size() == other.size() && !more_changed(*this, other, 0);
  }

  // Calls each(before, now) for the rows that differ, by name; null: none on that side.  Costs
  // log2(n) for each difference if one is a changed copy of the other.
  template <class Each>
  static void for_each_change(const PersistentMap& before, const PersistentMap& now, Each each) {
    walk(before, now, [&each](const value_type* was, const value_type* is) {
      each(was, is);
      return true;
    });
  }
  // Whether more than `most` rows differ; stops after those.
  static bool more_changed(const PersistentMap& before, const PersistentMap& now,
                           std::size_t most) {
    return !walk(before, now, [&most](const value_type*, const value_type*) { return most-- > 0; });
  }

 private:
  static const value_type& row_of(const NameTree::Node* node) noexcept {
    return *static_cast<const value_type*>(node->row.get());
  }
  // Stops when `each` returns false, and returns false.
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

// Calls each(name, was, is) for every name with different values; null: absent.
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
