// ConfPieces: the changes for nodes (CONF), in pieces of a frame or a little more.  Most nodes get
// the same changes, so a piece is made and rendered once for all of them.
//
// Thread: one (control).
// Ownership: app/cluster/conf_source.
// Bounds: kMaxKept bytes are kept; further pieces are made for each node.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cluster/link/conf_frame.h"

namespace lb {

class ConfPieces {
 public:
  static constexpr std::size_t kMaxKept = 16 << 20;
  using Changes = std::map<std::uint64_t, std::string>;  // keys, each at its last change
  struct Callbacks {
    // nullopt: the record is gone.
    std::function<std::optional<std::string>(const std::string& key, const std::string& node)>
        value_of;
    // Adds the nodes that get a different value of this key than the other nodes.
    std::function<void(const std::string& key, std::set<std::string>& nodes)> sent_apart;
  };
  struct Piece {
    std::uint64_t to = 0;  // the last change in it
    std::string lines;
    std::size_t frames = 0;
    bool more = false;  // the run goes on
  };
  explicit ConfPieces(Callbacks callbacks) : callbacks_(std::move(callbacks)) {}

  // The changes after `from`. head: the members that all its frames have.  REQUIRES: there are
  // changes after `from`, or the piece is for a node that gets everything
  std::shared_ptr<const Piece> next(const Changes& changes, std::uint64_t from,
                                    const ConfFrame& head, const std::string& node);
  // Drops the kept pieces, because changes, their values or the heads have changed.
  void clear();

 private:
  struct Kept {
    std::set<std::string> apart;
    std::shared_ptr<const Piece> piece;
  };
  const Callbacks callbacks_;
  std::map<std::pair<std::uint64_t, bool>, Kept> kept_;  // by `from`, and whether it begins at all
  std::size_t bytes_ = 0;
};

}  // namespace lb
