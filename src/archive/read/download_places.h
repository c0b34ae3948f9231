// DownloadPlaces: limits simultaneous downloads of one mount, also by address.
//
// A place is taken while its client reads, which is bounded by the stream's rate
// (Connection::reply_source).  The last place is for an address that has no place yet, and an
// address with two gets another only while fewer than half are taken, so that no client excludes
// others.
// Thread: any.
// Ownership: shared with its places, because a task of a stopped loop may hold one to the end of
// the process.
#pragma once

#include <memory>
#include <mutex>
#include <optional>

#include "net/address/address.h"
#include "stream/listener/address_tally.h"

namespace lb {

class DownloadPlaces : public std::enable_shared_from_this<DownloadPlaces> {
 public:
  // One place, freed by the destructor.
  class Place {
   public:
    Place() = default;
    Place(Place&& other) noexcept = default;
    Place& operator=(Place&& other) = delete;
    ~Place();

   private:
    friend class DownloadPlaces;
    std::shared_ptr<DownloadPlaces> of_;
    AddressTally::Pass address_;
  };

  // Empty: `limit` places are taken, or the address has its share. of_many: the address is a proxy
  // of many clients, and has no share.
  std::optional<Place> try_enter(const Address& address, unsigned limit, bool of_many);
  unsigned taken() const;

 private:
  mutable std::mutex mutex_;
  unsigned taken_ = 0;
  AddressTally addresses_;
};

}  // namespace lb
