// StoreLife: the name of a store and how often its revisions went back: the record store/life.
//
// A store that is restored from a back-up has lower revisions than the servers have seen.  The
// first master that sees it gives the store its next life, so that what is newer can be told from
// what is higher (doc/stores.md).
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

inline constexpr std::string_view kStoreLifeKey = "store/life";

struct StoreLife {
  std::string id;          // 32 hexadecimal digits, made with the store
  std::uint64_t life = 0;  // 0: there is no record of it

  bool operator==(const StoreLife&) const = default;
};

// {"id":"4f1c…","life":2}
Result<StoreLife> parse_store_life(std::string_view json);
std::string store_life_json(const StoreLife& life);
// "4f1c….2"; "" where there is no record.
std::string store_name(const StoreLife& life);

}  // namespace lb
