// AnswerCache: permissions of a backend of URL authentication, kept for the time it allows
// (Cache-Control: max-age), so that a returning login is not asked about again.
//
// Only permissions are kept, never a refusal, a redirect or a failure.  A question is identified by
// a keyed digest of all its inputs, so memory has neither names nor passwords, and a digest is
// useless in another process.
// Thread: control.
// Ownership: one authenticator; never shared.
// Bounds: kMaxEntries, each of at most kMaxText bytes and kLongest old; the first to expire goes.
// Source: doc/external.md; RFC 9111 5.2.2 (max-age, no-store, no-cache).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/listener/authenticator.h"
#include "base/clock.h"
#include "net/crypto/digest.h"

namespace lb {

class AnswerCache {
 public:
  static constexpr std::size_t kMaxEntries = 10'000;
  static constexpr std::size_t kMaxText = 512;
  static constexpr std::chrono::seconds kLongest{3600};

  // key: random, of this process.
  explicit AnswerCache(std::string_view key, std::size_t max_entries = kMaxEntries)
      : key_(key), max_entries_(max_entries) {}

  // The digest of a question: its fields in a fixed order, unambiguously joined.
  std::string digest_of(const std::vector<std::string_view>& fields) const;
  // The kept permission; null: ask.  Valid until the next call.
  const AuthVerdict* find(const std::string& digest, SteadyTime now);

  // For keep(): an answer is kept only if forget() was not called since its question.
  std::uint64_t age() const noexcept { return forgotten_; }
  // The verdict's removal is not kept: it belongs to one listener.
  void keep(const std::string& digest, std::uint64_t asked_at, const AuthVerdict& verdict,
            std::chrono::seconds time, SteadyTime now);
  // Drops all: rights have changed.
  void forget();
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    AuthVerdict verdict;
    SteadyTime until;
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  void erase(Entries::iterator at);

  const HmacKey key_;
  const std::size_t max_entries_;
  Entries entries_;                                    // by digest
  std::set<std::pair<SteadyTime, std::string>> ends_;  // of the same
  std::uint64_t forgotten_ = 0;
};

// How long a backend allows its answer to be kept; 0: not.
std::chrono::seconds kept_for(const FetchAnswer& answer);

}  // namespace lb
