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
};
template <class Io, RecordOf<ThrottledRecord> T>
void record_fields(Io& io, T& throttled) {
  auto& [place, guesses, comparisons] = throttled;
  io.needed(1, place);
  io(2, guesses, comparisons);
}

struct ThrottleRecord {
  std::string key;  // the hash key of the places
  std::vector<ThrottledRecord> places;
  std::vector<std::uint64_t> known;  // digests of passwords that were right
};
template <class Io, RecordOf<ThrottleRecord> T>
void record_fields(Io& io, T& throttle) {
  auto& [key, places, known] = throttle;
  io.needed(1, key, places);
  io(3, known);
}

// A name at which clients guess.
struct GuessedRecord {
  std::string name;  // its digest
  std::int64_t wrong = 0;
  SteadyTime next{}, last{};
};
template <class Io, RecordOf<GuessedRecord> T>
void record_fields(Io& io, T& guessed) {
  auto& [name, wrong, next, last] = guessed;
  io.needed(1, name, wrong);
  io(3, next, last);
}

struct GuardRecord {
  std::string key_mark;  // of the digests' key; digests of another key are void
  std::vector<GuessedRecord> guessed;
};
template <class Io, RecordOf<GuardRecord> T>
void record_fields(Io& io, T& guard) {
  auto& [key_mark, guessed] = guard;
  io.needed(1, key_mark, guessed);
}

// Sessions that were ended before their time, as a SessionBook has them.
struct EndedSessions {
  std::map<std::string, std::int64_t> sessions;  // sid → end of its relevance
  std::map<std::string, std::int64_t> users;     // user → when all of its sessions ended
};
template <class Io, RecordOf<EndedSessions> T>
void record_fields(Io& io, T& ended) {
  auto& [sessions, users] = ended;
  io(1, sessions, users);
}

// ring, known: KeyRing::text(), LoginGuard::text().
struct LoginRecord {
  GuardRecord guard;
  std::string ring, known;
  EndedSessions ended;
};
template <class Io, RecordOf<LoginRecord> T>
void record_fields(Io& io, T& login) {
  auto& [guard, ring, known, ended] = login;
  io(1, guard, ring, known, ended);
}

}  // namespace lb
