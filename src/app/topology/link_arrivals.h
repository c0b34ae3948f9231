// LinkArrivals: what this node knows of the redirects of masters that it is linked to: the keys
// that their links have brought, and the clients that have arrived and are not told them yet.
//
// A key outlives its link: listeners that were sent before are still on their way.  So does the one
// before it, of a master that has been started again.
//
// Bounds: two keys a master; 16,384 clients wait to be told, further ones are not.
// Thread: any; what changes keys, and take(), control.
// Ownership: ClusterService.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/snapshot.h"
#include "cluster/balance/client_history.h"
#include "cluster/balance/redirect_token.h"

namespace lb {

class LinkArrivals {
 public:
  using Keys = std::vector<LinkKey>;
  LinkArrivals() : keys_(std::make_shared<const Keys>()) {}

  std::shared_ptr<const Keys> keys() const { return keys_.read(); }
  bool has_key(std::string_view master) const;
  void set_key(const std::string& master, std::uint8_t name, std::string bytes);
  // Of no other master a key is good any more.
  void keep(const std::set<std::string, std::less<>>& masters);

  // A client of a master with this tag has arrived.
  void note(std::uint8_t master, ClientKey client);
  // The oldest ones of this master, which is told them now.
  std::vector<ClientKey> take(std::string_view master, std::size_t most);

 private:
  static constexpr std::size_t kMaxWaiting = 16'384;
  struct Waiting {
    std::uint8_t master;
    ClientKey client;
  };
  Snapshot<Keys> keys_;
  std::mutex mutex_;
  std::vector<Waiting> waiting_;
};

}  // namespace lb
