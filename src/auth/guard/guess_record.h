// Counts of wrong passwords (PasswordThrottle, LoginGuard) for the process that takes over, so that
// a hand-over gives no new guesses.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

// For an address and a user: when each bucket is full again, in milliseconds of the steady clock.
struct ThrottledRecord {
  std::uint32_t place = 0;
  std::int64_t guesses = 0, comparisons = 0;
  static constexpr PlainRecord kRecord{.members = 3, .needed = 1};
};

struct ThrottleRecord {
  std::string key;  // the hash key of the places
  std::vector<ThrottledRecord> places;
  std::vector<std::uint64_t> known;  // digests of passwords that were right
  static constexpr PlainRecord kRecord{.members = 3, .needed = 2};
};

// A name at which clients guess.
struct GuessedRecord {
  std::string name;  // its digest
  std::int64_t wrong = 0;
  SteadyTime next{}, last{};
  static constexpr PlainRecord kRecord{.members = 4, .needed = 2};
};

struct GuardRecord {
  std::string key_mark;  // of the digests' key; digests of another key are void
  std::vector<GuessedRecord> guessed;
  static constexpr PlainRecord kRecord{.members = 2, .needed = 2};
};

// Whose session it was, and since when.
struct SessionOwner {
  std::string user;
  std::int64_t login = 0;
  static constexpr PlainRecord kRecord{.members = 2};
};

// Sessions that were ended before their time, as a SessionBook has them.
struct EndedSessions {
  std::map<std::string, std::int64_t> sessions;  // sid → end of its relevance
  std::map<std::string, std::int64_t> users;     // user → when all of its sessions ended
  std::map<std::string, SessionOwner> owners;    // of `sessions`
  std::int64_t all = 0;                          // when the sessions of all users ended
  static constexpr PlainRecord kRecord{.members = 4};
};

// ring, known: KeyRing::text(), LoginGuard::text().
struct LoginRecord {
  GuardRecord guard;
  std::string ring, known;
  EndedSessions ended;
  static constexpr PlainRecord kRecord{.members = 4};
};

}  // namespace lb
