#include "base/persistent_map.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace lb {
namespace {

using Node = NameTree::Node;
using Link = NameTree::Link;

unsigned height(const Link& node) noexcept { return node == nullptr ? 0 : node->height; }

Link make(const Node& of, Link left, Link right) {
  const auto higher = static_cast<std::uint8_t>(1 + std::max(height(left), height(right)));
  return std::make_shared<const Node>(
      Node{of.row, of.name, std::move(left), std::move(right), higher});
}

// The heights differ by two at most, because one row was added or removed.
Link balanced(const Node& of, Link left, Link right) {
  if (height(left) > height(right) + 1) {
    if (height(left->left) >= height(left->right))
      return make(*left, left->left, make(of, left->right, std::move(right)));
    const Link& middle = left->right;
    return make(*middle, make(*left, left->left, middle->left),
                make(of, middle->right, std::move(right)));
  }
  if (height(right) > height(left) + 1) {
    if (height(right->right) >= height(right->left))
      return make(*right, make(of, std::move(left), right->left), right->right);
    const Link& middle = right->left;
    return make(*middle, make(of, std::move(left), middle->left),
                make(*right, middle->right, right->right));
  }
  return make(of, std::move(left), std::move(right));
}

// `fresh` becomes true for a new name.
Link with(const Link& node, const Node& row, bool& fresh) {
  if (node == nullptr) {
    fresh = true;
    return make(row, nullptr, nullptr);
  }
  const int order = row.name->compare(*node->name);
  if (order < 0) return balanced(*node, with(node->left, row, fresh), node->right);
  if (order > 0) return balanced(*node, node->left, with(node->right, row, fresh));
  return make(row, node->left, node->right);
}

Link without_first(const Link& node) {
  if (node->left == nullptr) return node->right;
  return balanced(*node, without_first(node->left), node->right);
}

// REQUIRES: `name` exists
Link without(const Link& node, std::string_view name) {
  const int order = name.compare(*node->name);
  if (order < 0) return balanced(*node, without(node->left, name), node->right);
  if (order > 0) return balanced(*node, node->left, without(node->right, name));
  if (node->left == nullptr) return node->right;
  if (node->right == nullptr) return node->left;
  const Node* next = node->right.get();
  while (next->left != nullptr) next = next->left.get();
  return balanced(*next, node->left, without_first(node->right));
}

// The unvisited part of a tree: single rows, and unopened subtrees.
class Cursor {
 public:
  explicit Cursor(const Node* root) { push(root, false); }
  bool done() const noexcept { return rest_.empty(); }
  const Node* whole() const noexcept { return rest_.back().second ? nullptr : rest_.back().first; }
  const std::string& name() const noexcept { return *rest_.back().first->name; }
  void skip() noexcept { rest_.pop_back(); }
  const void* take() noexcept {
    const void* const row = rest_.back().first->row.get();
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

}  // namespace

void NameTree::Path::descend(const Node* node) noexcept {
  for (; node != nullptr; node = node->left.get()) nodes_[depth_++] = node;
}

NameTree::Path NameTree::begin() const noexcept {
  Path first;
  first.descend(root_.get());
  return first;
}

NameTree::Path NameTree::lower_bound(std::string_view name) const noexcept {
  Path at;
  for (const Node* node = root_.get(); node != nullptr;) {
    if (*node->name < name) {
      node = node->right.get();
    } else {
      at.nodes_[at.depth_++] = node;
      node = node->left.get();
    }
  }
  return at;
}

const NameTree::Node* NameTree::look_up(std::string_view name) const noexcept {
  const Node* node = root_.get();
  while (node != nullptr) {
    const int order = name.compare(*node->name);
    if (order == 0) break;
    node = (order < 0 ? node->left : node->right).get();
  }
  return node;
}

void NameTree::put(const std::string& name, std::shared_ptr<const void> row) {
  bool fresh = false;
  root_ = with(root_, Node{std::move(row), &name, nullptr, nullptr, 1}, fresh);
  size_ += fresh ? 1 : 0;
}

bool NameTree::erase(std::string_view name) {
  if (look_up(name) == nullptr) return false;
  root_ = without(root_, name);
  --size_;
  return true;
}

bool NameTree::walk(const NameTree& before, const NameTree& now, const Each& each) {
  Cursor a(before.root_.get()), b(now.root_.get());
  bool more = true;
  while (more && (!a.done() || !b.done())) {
    if (!a.done() && !b.done()) {
      if (a.whole() == b.whole() && a.whole() != nullptr) {
        a.skip();
        b.skip();
        continue;
      }
      // The higher of two subtrees is opened, until two equal ones meet.
      if (a.whole() != nullptr &&
          (b.whole() == nullptr || b.whole()->height <= a.whole()->height)) {
        a.open();
      } else if (b.whole() != nullptr) {
        b.open();
      } else if (const int order = a.name().compare(b.name()); order != 0) {
        more = order < 0 ? each(a.take(), nullptr) : each(nullptr, b.take());
      } else {
        const void* const was = a.take();
        const void* const is = b.take();
        more = was == is || each(was, is);
      }
    } else if (Cursor& left = a.done() ? b : a; left.whole() != nullptr) {
      left.open();
    } else if (a.done()) {
      more = each(nullptr, b.take());
    } else {
      more = each(a.take(), nullptr);
    }
  }
  return more;
}

}  // namespace lb
