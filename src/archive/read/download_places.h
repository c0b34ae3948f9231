// DownloadPlaces: how many files of one mount are fetched at once, and from where.
//
// A place is taken for as long as its client takes, which the rate of the stream bounds
// (Connection::reply_source).  The last place is for an address that has none, and an address that
// has two gets another one only while fewer than half are taken: no client keeps the others away.
// Thread: any.
// Ownership: shared with its places: a task of a loop that has stopped may hold one to the end of
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
  // One place, given back when it goes.
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

  // Nothing: as many as `limit` are taken, or the address has its share.  of_many: it is that of a
  // proxy, which stands for all of its clients, and has no share.
  std::optional<Place> try_enter(const Address& address, unsigned limit, bool of_many);
  unsigned taken() const;

 private:
  mutable std::mutex mutex_;
  unsigned taken_ = 0;
  AddressTally addresses_;
};

}  // namespace lb
