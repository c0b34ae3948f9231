#include "acme/attempts.h"

#include <algorithm>

#include "acme/renewal.h"

namespace lb {
namespace {

using namespace std::chrono_literals;
using AttemptKind = AcmeFailure::Kind;

constexpr std::chrono::seconds kPatience = 24h, kPatienceWithout = 10min;
// After a refusal the next attempt is a day later, or after a change of the configuration.
constexpr std::chrono::seconds kRefused = 24h;
// A chain that seems due on arrival, because of a wrong clock, must not be ordered in a loop:
// authorities count orders.  For a chain that lives for minutes the pause is a quarter of its life.
constexpr std::chrono::seconds kLeastLife = 1h;
// The longest pause of time_to_retry(), and the longest accepted Retry-After.
constexpr std::chrono::seconds kLongestPause = 27h, kLongestAsked = std::chrono::days(31);
constexpr unsigned kUnshown = 2;

// The time at which the next authority is tried if this one keeps failing.
WallTime end_of_patience(const KeptOrder& kept, const AttemptFacts& facts) {
  // The last authority gets a day before the first is tried again, whose limits may still apply.
  const bool is_last = asked_authority(kept, facts) + 1 == facts.directories.size();
  std::chrono::seconds patience = kPatience;
  if (!is_last && (!facts.valid_until || *facts.valid_until <= facts.now))
    patience = kPatienceWithout;
  else if (!is_last)
    patience = std::min(patience, std::chrono::duration_cast<std::chrono::seconds>(
                                      *facts.valid_until - wall_time(kept.began)) /
                                      3);
  return wall_time(kept.since) + std::max(patience, kPatienceWithout);
}

bool is_of_authority(AttemptKind kind) { return kind != AttemptKind::kOwn && !is_validation(kind); }

}  // namespace

std::size_t asked_authority(const KeptOrder& kept, const AttemptFacts& facts) {
  const auto at = std::ranges::find(facts.directories, kept.directory);
  return at == facts.directories.end() ? 0
                                       : static_cast<std::size_t>(at - facts.directories.begin());
}

bool goes_to_staging(const KeptOrder& kept, const AttemptFacts& facts) {
  return facts.has_staging && kept.unshown >= kUnshown;
}

bool begin_attempt(KeptOrder& kept, const AttemptFacts& facts) {
  if (kept.began == 0) kept.began = unix_seconds(facts.now);
  if (kept.since == 0 || facts.directories.size() < 2 || facts.now < end_of_patience(kept, facts))
    return false;
  kept.directory = facts.directories[(asked_authority(kept, facts) + 1) % facts.directories.size()];
  kept.since = 0;
  forget_begun(kept);
  kept.tries = kept.unshown = 0;
  return true;
}

void count_failure(KeptOrder& kept, const AcmeFailure& failure, const AttemptFacts& facts,
                   double chance) {
  // An authority that did not answer may still continue the order.
  if (failure.kind != AttemptKind::kUnavailable) forget_begun(kept);
  ++kept.failures;
  ++kept.tries;
  const bool was_staging = goes_to_staging(kept, facts);
  if (is_validation(failure.kind)) {
    ++kept.unshown;
    kept.since = 0;
  } else if (was_staging) {
    kept.unshown = 0;  // the failure says nothing about the names
  } else if (is_of_authority(failure.kind) && kept.since == 0) {
    kept.since = unix_seconds(facts.now);
  }
  const auto asked_for = failure.kind == AttemptKind::kRefused ? kRefused : failure.retry_after;
  WallTime next = facts.now + time_to_retry(kept.tries, asked_for, chance);
  if (kept.since != 0 && facts.directories.size() > 1)
    next = std::min(next, std::max(facts.now, end_of_patience(kept, facts)));
  kept.next = unix_seconds(next);
  kept.asked = asked_for.count();
}

bool forget_other_clock(KeptOrder& kept, WallTime now) {
  const std::int64_t at = unix_seconds(now);
  for (std::int64_t* time : {&kept.since, &kept.began}) *time = std::min(*time, at);
  const auto asked = std::min(std::chrono::seconds(kept.asked), kLongestAsked);
  const auto longest = kept.failures == 0 ? kLeastLife : std::max(kLongestPause, asked);
  if (wall_time(kept.next) - now <= longest) return false;
  kept.next = at;
  return true;
}

void count_staging(KeptOrder& kept, const AttemptFacts& facts) {
  kept.unshown = 0;
  kept.next = unix_seconds(facts.now);
}

void count_success(KeptOrder& kept, const AttemptFacts& facts, std::chrono::seconds life) {
  kept.issuer = kept.directory;
  kept.directory = facts.directories.front();
  kept.failures = kept.tries = kept.unshown = 0;
  kept.since = kept.began = kept.ordered = 0;
  kept.why.clear();
  forget_begun(kept);
  kept.next = unix_seconds(facts.now + std::min(kLeastLife, life / 4));
}

}  // namespace lb
