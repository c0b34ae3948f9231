// The records of ended logins that are written and removed: ended/SID, by which all servers of the
// store and their nodes receive logouts.
//
// A record is removed when no session of its login can be valid any longer, or if there are too
// many: then the oldest, first of users with too many of their own, then of the account with the
// most, so that neither users nor accounts displace the records of others.
// No compares: names are random and written once, so a write may be repeated.
// Thread: pure functions.
// Bounds: kMaxEndedLogins in all, kMaxEndedOfUser of a user.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "api/request/record_book.h"
#include "registry/registry.h"

namespace lb {

constexpr std::size_t kMaxEndedLogins = 4096;
constexpr std::size_t kMaxEndedOfUser = 256;

struct EndedPlan {
  RegistryWrite write;      // empty: no change is needed
  std::size_t taken = 0;    // of the waiting ones: written by this, or unnecessary
  std::size_t dropped = 0;  // records removed before their time
};

// waiting: logins not in the store yet, in the order of logouts. now: Unix seconds.
EndedPlan plan_ended(std::span<const EndedLogin> waiting, const RecordBook& book, std::int64_t now);

}  // namespace lb
