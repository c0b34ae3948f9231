// AddressTally: the number of listeners of an address, per mount and in all, for
// <max-listeners-per-address>.  An address is an IPv4 address or a /64 of IPv6, which one household
// has.  Exact: simultaneous requests never get more places than there are.
//
// Thread: all functions from any thread; a shard's mutex is held for one look-up.
// Bounds: an entry for each address that is inside now, only if there is a limit.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/address/address.h"

namespace lb {

class AddressTally {
 public:
  // One place, freed by the destructor.  The tally outlives it.
  class Pass {
   public:
    Pass() = default;
    Pass(Pass&& other) noexcept;
    Pass& operator=(Pass&& other) noexcept;
    ~Pass() { leave(); }
    explicit operator bool() const noexcept { return tally_ != nullptr; }
    // For enter(); "": this is no place.
    const std::string& key() const noexcept { return key_; }

   private:
    friend class AddressTally;
    Pass(AddressTally* tally, std::string key) : tally_(tally), key_(std::move(key)) {}
    void leave() noexcept;

    AddressTally* tally_ = nullptr;
    std::string key_;
  };

  // Empty: `limit` are inside already. mount: "" for the whole server.
  std::optional<Pass> try_enter(const Address& address, std::string_view mount, unsigned limit);
  // A place from the former process, whatever the limit.
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
