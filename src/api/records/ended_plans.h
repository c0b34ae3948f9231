// Which records of ended logins are written and which are removed: ended/SID, by which every
// server with this store, and every node that is told of it, knows of a logout.
//
// A record goes when no session of its login can live any longer, or when there are too many: then
// the oldest ones go, first those of a user with too many of its own, so that one user takes none
// of the others' away.
// Nothing is compared: names are random and are written once, so a write may come twice.
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
  RegistryWrite write;      // empty: there is nothing to do
  std::size_t taken = 0;    // of those that wait: they are written by this, or need not be
  std::size_t dropped = 0;  // records that are removed before their time
};

// waiting: what is not in the store yet, in the order of the logouts.  now: Unix seconds.
EndedPlan plan_ended(std::span<const EndedLogin> waiting, const RecordBook& book, std::int64_t now);

}  // namespace lb
