// PersistentMap: an ordered map whose copies cost nothing and stay as they are.
//
// A change copies the path from the root to one row, log2(n) small nodes, and shares all else with
// the maps that were copied before.  So a reader keeps the map of one moment without a lock, a
// writer changes one row of many without touching the others, and for_each_change() finds what
// differs between two maps of one descent without looking at what they share.
//
// Thread: one object belongs to one thread; copies of it may be read, and die, on any.
// Source: height-balanced trees, Adelson-Velsky and Landis 1962.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace lb {

template <class Key, class Value>
class PersistentMap {
  struct Node;
  using Link = std::shared_ptr<const Node>;

 public:
  using value_type = std::pair<const Key, Value>;

  // In the order of the keys; while the map, or a copy of it, lives.
  class const_iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PersistentMap::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = const value_type*;
    using reference = const value_type&;

    const_iterator() = default;
    reference operator*() const noexcept { return *path_[depth_ - 1]->row; }
    pointer operator->() const noexcept { return path_[depth_ - 1]->row.get(); }
    const_iterator& operator++() noexcept {
      const Node* const at = path_[--depth_];
      descend(at->right.get());
      return *this;
    }
    const_iterator operator++(int) noexcept {
      const_iterator before = *this;
      ++*this;
      return before;
    }
    bool operator==(const const_iterator& other) const noexcept { return top() == other.top(); }

   private:
    friend class PersistentMap;
    const Node* top() const noexcept { return depth_ == 0 ? nullptr : path_[depth_ - 1]; }
    void descend(const Node* node) noexcept {
      for (; node != nullptr; node = node->left.get()) path_[depth_++] = node;
    }
    // Nodes that are still to be visited, the next one last.
    std::array<const Node*, 48> path_;  // a tree of 2^32 rows is at most 46 high
    unsigned depth_ = 0;
  };

  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  const_iterator begin() const noexcept {
    const_iterator first;
    first.descend(root_.get());
    return first;
  }
  const_iterator end() const noexcept { return {}; }
  template <class Name>
  const_iterator lower_bound(const Name& key) const {
    const_iterator at;
    for (const Node* node = root_.get(); node != nullptr;) {
      if (std::less<>()(node->row->first, key)) {
        node = node->right.get();
      } else {
        at.path_[at.depth_++] = node;
        node = node->left.get();
      }
    }
    return at;
  }
  template <class Name>
  const_iterator upper_bound(const Name& key) const {
    const_iterator at = lower_bound(key);
    if (at != end() && !std::less<>()(key, at->first)) ++at;
    return at;
  }
  template <class Name>
  const_iterator find(const Name& key) const {
    const_iterator at = lower_bound(key);
    return at == end() || std::less<>()(key, at->first) ? end() : at;
  }
  template <class Name>
  bool contains(const Name& key) const {
    return look_up(key) != nullptr;
  }
  // The value; null: there is no such key.
  template <class Name>
  const Value* look_up(const Name& key) const {
    for (const Node* node = root_.get(); node != nullptr;) {
      if (std::less<>()(key, node->row->first))
        node = node->left.get();
      else if (std::less<>()(node->row->first, key))
        node = node->right.get();
      else
        return &node->row->second;
    }
    return nullptr;
  }

  void set(Key key, Value value) {
    bool fresh = false;
    root_ = put(root_, std::make_shared<const value_type>(std::move(key), std::move(value)), fresh);
    size_ += fresh ? 1 : 0;
  }
  template <class Name>
  bool erase(const Name& key) {
    if (!contains(key)) return false;
    root_ = without(root_, key);
    --size_;
    return true;
  }
  void clear() noexcept { *this = {}; }

  // They are the same object, or copies of one that have not been changed since.
  bool is_same(const PersistentMap& other) const noexcept { return root_ == other.root_; }

  bool operator==(const PersistentMap& other) const {
    return size_ == other.size_ && !more_changed(*this, other, 0);
  }

  // Calls each(before, now) for the rows that differ, in the order of the keys; null: none
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
  using Row = std::shared_ptr<const value_type>;
  struct Node {
    Row row;
    Link left, right;
    std::uint8_t height = 1;
  };

  // What is left to be visited of a tree: single rows, and subtrees that are not opened yet.
  class Cursor {
   public:
    explicit Cursor(const Node* root) { push(root, false); }
    bool done() const noexcept { return rest_.empty(); }
    const Node* whole() const noexcept {
      return rest_.back().second ? nullptr : rest_.back().first;
    }
    const value_type& row() const noexcept { return *rest_.back().first->row; }
    void skip() noexcept { rest_.pop_back(); }
    const value_type* take() noexcept {
      const value_type* const row = rest_.back().first->row.get();
      rest_.pop_back();
      return row;
    }
    void open() {
      const Node* const node = rest_.back().first;
      rest_.pop_back();
      push(node->right.get(), false);
      push(node, true);
      push(node->left.get(), false);
    }

   private:
    void push(const Node* node, bool single) {
      if (node != nullptr) rest_.emplace_back(node, single);
    }
    std::vector<std::pair<const Node*, bool>> rest_;
  };

  // Until `each` returns false: then false.
  template <class Each>
  static bool walk(const PersistentMap& before, const PersistentMap& now, Each each) {
    constexpr const value_type* kNone = nullptr;
    Cursor a(before.root_.get()), b(now.root_.get());
    bool more = true;
    while (more && (!a.done() || !b.done())) {
      if (!a.done() && !b.done()) {
        if (a.whole() == b.whole() && a.whole() != nullptr) {
          a.skip();
          b.skip();
          continue;
        }
        // Of two subtrees the higher one is opened, until equal ones face each other.
        if (a.whole() != nullptr &&
            (b.whole() == nullptr || b.whole()->height <= a.whole()->height))
          a.open();
        else if (b.whole() != nullptr)
          b.open();
        else if (std::less<>()(a.row().first, b.row().first))
          more = each(a.take(), kNone);
        else if (std::less<>()(b.row().first, a.row().first))
          more = each(kNone, b.take());
        else
          more = report(a.take(), b.take(), each);
      } else if (Cursor& left = a.done() ? b : a; left.whole() != nullptr) {
        left.open();
      } else if (a.done()) {
        more = each(kNone, b.take());
      } else {
        more = each(a.take(), kNone);
      }
    }
    return more;
  }
  template <class Each>
  static bool report(const value_type* before, const value_type* now, Each& each) {
    return before == now || !(before->second != now->second) || each(before, now);
  }
  static unsigned height(const Link& node) noexcept { return node == nullptr ? 0 : node->height; }
  static Link make(Row row, Link left, Link right) {
    const auto higher = static_cast<std::uint8_t>(1 + std::max(height(left), height(right)));
    return std::make_shared<const Node>(
        Node{std::move(row), std::move(left), std::move(right), higher});
  }
  // The sides differ by two at most: one row has come or gone.
  static Link balanced(Row row, Link left, Link right) {
    if (height(left) > height(right) + 1) {
      if (height(left->left) >= height(left->right))
        return make(left->row, left->left, make(std::move(row), left->right, std::move(right)));
      const Link& middle = left->right;
      return make(middle->row, make(left->row, left->left, middle->left),
                  make(std::move(row), middle->right, std::move(right)));
    }
    if (height(right) > height(left) + 1) {
      if (height(right->right) >= height(right->left))
        return make(right->row, make(std::move(row), std::move(left), right->left), right->right);
      const Link& middle = right->left;
      return make(middle->row, make(std::move(row), std::move(left), middle->left),
                  make(right->row, middle->right, right->right));
    }
    return make(std::move(row), std::move(left), std::move(right));
  }
  static Link put(const Link& node, Row row, bool& fresh) {
    if (node == nullptr) {
      fresh = true;
      return make(std::move(row), nullptr, nullptr);
    }
    if (std::less<>()(row->first, node->row->first))
      return balanced(node->row, put(node->left, std::move(row), fresh), node->right);
    if (std::less<>()(node->row->first, row->first))
      return balanced(node->row, node->left, put(node->right, std::move(row), fresh));
    return make(std::move(row), node->left, node->right);
  }
  template <class Name>
  static Link without(const Link& node, const Name& key) {
    if (std::less<>()(key, node->row->first))
      return balanced(node->row, without(node->left, key), node->right);
    if (std::less<>()(node->row->first, key))
      return balanced(node->row, node->left, without(node->right, key));
    if (node->left == nullptr) return node->right;
    if (node->right == nullptr) return node->left;
    const Node* next = node->right.get();
    while (next->left != nullptr) next = next->left.get();
    return balanced(next->row, node->left, without_first(node->right));
  }
  static Link without_first(const Link& node) {
    if (node->left == nullptr) return node->right;
    return balanced(node->row, without_first(node->left), node->right);
  }

  Link root_;
  std::size_t size_ = 0;
};

template <class Value>
using NameMap = PersistentMap<std::string, Value>;

// Calls each(name, was, is) for every name whose values differ; null: it is not there.
template <class Value, class Each>
void for_each_change(const NameMap<Value>& before, const NameMap<Value>& now, Each each) {
  using Row = typename NameMap<Value>::value_type;
  NameMap<Value>::for_each_change(before, now, [&each](const Row* was, const Row* is) {
    each((was != nullptr ? was : is)->first, was == nullptr ? nullptr : &was->second,
         is == nullptr ? nullptr : &is->second);
  });
}

}  // namespace lb
