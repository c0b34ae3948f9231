// What follows from how the attempts at a certificate have gone: when the next one is, which
// authority it asks, and whether the authority's staging directory is enough for it.
//
// An authority that has failed for a day, for a third of the time that was left, or for ten minutes
// where there is no certificate, makes way for the next one; a name that it could not reach is no
// fault of the authority's. After two attempts in which names were not shown to be ours the next
// ones go to staging, whose limits are wider, until one succeeds there.
// Thread: pure functions; chance is a number in [0, 1), given by the caller.
// Source: doc/https.md; Let's Encrypt's limits (5 failed validations a name and hour).
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "acme/failure.h"
#include "acme/kept_certificate.h"
#include "base/clock.h"

namespace lb {

struct AttemptFacts {
  std::vector<std::string> directories;  // URLs of the authorities, in their order; not empty
  bool has_staging = false;              // the one that is asked
  WallTime now{};
  std::optional<WallTime> valid_until;  // of the certificate in use; nullopt: no certificate
};

// Which of the authorities is asked.
std::size_t asked_authority(const KeptOrder& kept, const AttemptFacts& facts);
bool goes_to_staging(const KeptOrder& kept, const AttemptFacts& facts);
// Whether from this attempt on another authority is asked than before.
bool begin_attempt(KeptOrder& kept, const AttemptFacts& facts);
// Counts it, and sets kept.next.
void count_failure(KeptOrder& kept, const AcmeFailure& failure, const AttemptFacts& facts,
                   double chance);
// Whether the next attempt was planned by a clock that was ahead: no wait is as long.  It is now.
bool forget_other_clock(KeptOrder& kept, WallTime now);
// Names were shown to the staging directory: the authority itself is asked now.
void count_staging(KeptOrder& kept, const AttemptFacts& facts);
// life: of the certificate that came.
void count_success(KeptOrder& kept, const AttemptFacts& facts, std::chrono::seconds life);

}  // namespace lb
