// OfferBook: the streams that this node offers to the nodes that are linked to it, and what of them
// has changed.
//
// Thread: control.  Ownership: app/cluster_links.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/frame.h"

namespace lb {

class OfferBook {
 public:
  struct Change {
    std::vector<StreamOffer> added;    // or different
    std::vector<std::string> removed;  // mounts
    bool empty() const noexcept { return added.empty() && removed.empty(); }
  };
  // What is offered from now on, in any order; of two for one mount the first counts.
  Change update(std::vector<StreamOffer> now);
  std::vector<StreamOffer> all() const;
  bool has(std::string_view mount) const { return offers_.find(mount) != offers_.end(); }

 private:
  std::map<std::string, StreamOffer, std::less<>> offers_;
};

}  // namespace lb
