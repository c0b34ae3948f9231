// NameTree: the shape of a PersistentMap, which is the same whatever its values are.
//
// A balanced tree of rows by name.  A change copies the path from the root to one row, log2(n)
// small nodes, and shares all else with the trees that were copied before.  A row is a block of
// memory of which this file knows the name alone.
//
// Thread: one object belongs to one thread; copies of it may be read, and die, on any.
// Source: height-balanced trees, Adelson-Velsky and Landis 1962.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lb {

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
  // until it returns false (then false); null: there is none on that side.  Costs the changes
  // between the two and log2(n) for each, where one is a changed copy of the other.
  using Each = std::function<bool(const void* before, const void* now)>;
  static bool walk(const NameTree& before, const NameTree& now, const Each& each);

 private:
  Link root_;
  std::size_t size_ = 0;
};

}  // namespace lb
