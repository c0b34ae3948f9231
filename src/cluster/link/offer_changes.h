// OfferChanges: the streams that this master offers to its linked nodes, and how they have changed.
//
// Thread: control.
// Ownership: app/cluster/node_links.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/link/frame.h"

namespace lb {

class OfferChanges {
 public:
  struct Change {
    std::vector<StreamOffer> added;    // or different
    std::vector<std::string> removed;  // mounts
    bool empty() const noexcept { return added.empty() && removed.empty(); }
  };
  // What is offered from now on, in any order; of two for one mount the first counts.
  Change update(std::vector<StreamOffer> now);
  // The same of one mount, added to `change`; nullopt: it is not offered.
  void set(const std::string& mount, std::optional<StreamOffer> now, Change& change);
  // Calls each(mount) for what is offered.
  template <class Each>
  void for_each(Each each) const {
    for (const auto& [mount, offer] : offers_) each(mount);
  }
  std::vector<StreamOffer> all() const;
  bool has(std::string_view mount) const { return offers_.find(mount) != offers_.end(); }

 private:
  std::map<std::string, StreamOffer, std::less<>> offers_;
};

}  // namespace lb
