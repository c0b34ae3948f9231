// LinkArrivals: the redirects of linked masters: their keys, and the clients that have arrived and
// are not reported yet.
//
// A key outlives its link, as listeners redirected before are still on their way.  So does the
// previous key of a restarted master.
//
// Bounds: two keys a master; 16,384 unreported clients, further ones are dropped.
// Thread: any; changes of keys, and take(), on control.
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
  // Drops the keys of all other masters.
  void keep(const std::set<std::string, std::less<>>& masters);

  // Notes a client redirected by the master with this tag.
  void note(std::uint8_t master, ClientKey client);
  // Removes this master's oldest clients, for its report.
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
