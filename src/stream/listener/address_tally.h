// AddressTally: how many listeners an address has, per mount and over all, for
// <max-listeners-per-address>.  An address is one of IPv4, or a /64 of IPv6: what one household
// has.  Exact: a thousand simultaneous requests get no more places than there are.
//
// Thread: all functions from any thread; a shard's mutex is held for one look-up.
// Bounds: an entry for every address that is inside now, and only where there is a limit.
#pragma once

#include <array>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/address/address.h"

namespace lb {

class AddressTally {
 public:
  // One place, given back when it goes.  The tally outlives it.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&& other) noexcept;
    ~Pass() { leave(); }
    explicit operator bool() const noexcept { return tally_ != nullptr; }
    // For enter(); "": it is no place.
    const std::string& key() const noexcept { return key_; }

   private:
    friend class AddressTally;
    Pass(AddressTally* tally, std::string key) : tally_(tally), key_(std::move(key)) {}
    void leave() noexcept;

    AddressTally* tally_ = nullptr;
    std::string key_;
  };

  // Nothing: `limit` are inside already.  mount: "" for the whole server.
  std::optional<Pass> try_enter(const Address& address, std::string_view mount, unsigned limit);
  // One that was inside already, in the process before this one; whatever the limit.
  Pass enter(std::string key);
  unsigned inside(const Address& address, std::string_view mount) const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, unsigned> inside;
  };
  static std::string key_of(const Address& address, std::string_view mount);
  Shard& shard_of(const std::string& key) {
    return shards_[std::hash<std::string>()(key) % shards_.size()];
  }
  const Shard& shard_of(const std::string& key) const {
    return shards_[std::hash<std::string>()(key) % shards_.size()];
  }

  std::array<Shard, 16> shards_;
};

}  // namespace lb
