// The policy after failed attempts at a certificate: the time of the next attempt, its authority,
// and whether it goes to the authority's staging directory.
//
// The next authority is tried after a day of failures, or a third of the remaining validity, or ten
// minutes without a certificate.  Failed validations do not count for this, because they are not
// the authority's fault.  After two of them attempts go to staging, which has wider limits, until
// one succeeds there.
// Thread: pure functions; chance is a number in [0, 1) from the caller.
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
  bool has_staging = false;              // the present authority has a staging directory
  WallTime now{};
  std::optional<WallTime> valid_until;  // of the certificate in use; nullopt: no certificate
};

// The index of the present authority.
std::size_t asked_authority(const KeptOrder& kept, const AttemptFacts& facts);
bool goes_to_staging(const KeptOrder& kept, const AttemptFacts& facts);
// Returns true if this attempt is the first at another authority.
bool begin_attempt(KeptOrder& kept, const AttemptFacts& facts);
// Counts the failure and sets kept.next.
void count_failure(KeptOrder& kept, const AcmeFailure& failure, const AttemptFacts& facts,
                   double chance);
// Detects a next attempt further away than any wait, planned by a clock that was ahead; it becomes
// now.
bool forget_other_clock(KeptOrder& kept, WallTime now);
// Validation succeeded at staging, so the next attempt goes to the authority itself.
void count_staging(KeptOrder& kept, const AttemptFacts& facts);
// life: of the new certificate.
void count_success(KeptOrder& kept, const AttemptFacts& facts, std::chrono::seconds life);

}  // namespace lb
