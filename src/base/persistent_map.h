// PersistentMap: an ordered map of names whose copies cost nothing and stay as they are.
//
// A reader keeps the map of one moment without a lock, a writer changes one row of many without
// touching the others, and for_each_change() finds what differs between two maps of one descent
// without looking at what they share.
//
// Thread: one object belongs to one thread; copies of it may be read, and die, on any.
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

// The shape of the map, which is the same whatever its values are, so it is compiled once: a
// balanced tree of rows by name.  A change copies the path from the root to one row, log2(n) small
// nodes, and shares all else with the trees that were copied before.
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

  // A way through the rows in the order of their names; while the tree, or a copy of it, lives.
  class Path {
   public:
    const Node* top() const noexcept { return depth_ == 0 ? nullptr : nodes_[depth_ - 1]; }
    void next() noexcept { descend(nodes_[--depth_]->right.get()); }
    // From `node` to its first row.
    void descend(const Node* node) noexcept;

   private:
    friend class NameTree;
    // Nodes that are still to be visited, the next one last.
    std::array<const Node*, 48> nodes_;  // a tree of 2^32 rows is at most 46 high
    unsigned depth_ = 0;
  };

  std::size_t size() const noexcept { return size_; }
  Path begin() const noexcept;
  // At the first row whose name is not below `name`.
  Path lower_bound(std::string_view name) const noexcept;
  // Null: there is no such name.
  const Node* look_up(std::string_view name) const noexcept;

  // `name` is the row's own, and lives as long as it.
  void put(const std::string& name, std::shared_ptr<const void> row);
  bool erase(std::string_view name);

  // They are the same object, or copies of one that have not been changed since.
  bool is_same(const NameTree& other) const noexcept { return root_ == other.root_; }

  // Calls each(before, now) for the rows that are not the same block, in the order of their names,
  // until it returns false (then false); null: that side has no such name.  Costs the changes
  // between the two and log2(n) for each, where one is a changed copy of the other.
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
