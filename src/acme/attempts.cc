#include "acme/attempts.h"

#include <algorithm>

#include "acme/renewal.h"

namespace lb {
namespace {

using namespace std::chrono_literals;
using AttemptKind = AcmeFailure::Kind;

constexpr std::chrono::seconds kPatience = 24h, kPatienceWithout = 10min;
// A refusal is for good until the configuration changes, or tomorrow.
constexpr std::chrono::seconds kRefused = 24h;
// A chain that is due when it comes, by a clock that is wrong, is not ordered again and again:
// authorities count. Of one that lives for minutes it is a quarter of that.
constexpr std::chrono::seconds kLeastLife = 1h;
// Longer than an authority may ask for.
constexpr std::chrono::seconds kLongestWait = std::chrono::days(31);
constexpr unsigned kUnshown = 2;

std::int64_t seconds_of(WallTime time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// When the next authority is asked, if this one goes on failing.
WallTime end_of_patience(const KeptOrder& kept, const AttemptFacts& facts) {
  // Back to the first of them at most once a day: its limits may not be over.
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
  if (kept.began == 0) kept.began = seconds_of(facts.now);
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
  // An authority that only was not there may go on with it.
  if (failure.kind != AttemptKind::kUnavailable) forget_begun(kept);
  ++kept.failures;
  ++kept.tries;
  const bool was_staging = goes_to_staging(kept, facts);
  if (is_validation(failure.kind)) {
    ++kept.unshown;
    kept.since = 0;
  } else if (was_staging) {
    kept.unshown = 0;  // it says nothing about the names
  } else if (is_of_authority(failure.kind) && kept.since == 0) {
    kept.since = seconds_of(facts.now);
  }
  const auto asked_for = failure.kind == AttemptKind::kRefused ? kRefused : failure.retry_after;
  WallTime next = facts.now + time_to_retry(kept.tries, asked_for, chance);
  if (kept.since != 0 && facts.directories.size() > 1)
    next = std::min(next, std::max(facts.now, end_of_patience(kept, facts)));
  kept.next = seconds_of(next);
}

bool forget_other_clock(KeptOrder& kept, WallTime now) {
  const std::int64_t at = seconds_of(now);
  for (std::int64_t* time : {&kept.since, &kept.began}) *time = std::min(*time, at);
  if (wall_time(kept.next) - now <= kLongestWait) return false;
  kept.next = at;
  return true;
}

void count_staging(KeptOrder& kept, const AttemptFacts& facts) {
  kept.unshown = 0;
  kept.next = seconds_of(facts.now);
}

void count_success(KeptOrder& kept, const AttemptFacts& facts, std::chrono::seconds life) {
  kept.issuer = kept.directory;
  kept.directory = facts.directories.front();
  kept.failures = kept.tries = kept.unshown = 0;
  kept.since = kept.began = 0;
  kept.why.clear();
  forget_begun(kept);
  kept.next = seconds_of(facts.now + std::min(kLeastLife, life / 4));
}

}  // namespace lb
