// AnswerCache: what a backend of URL authentication has allowed, for as long as it said that this
// holds (Cache-Control: max-age), so that a login that comes again is not asked for again.
//
// Only what was allowed is kept: a refusal, a redirect and the failure of a backend never are.  A
// question is known by a keyed digest of all that its answer may depend on, so neither names nor
// passwords are in memory, and nothing here means anything in another process.
// Thread: control.
// Ownership: one authenticator; never shared.
// Bounds: kMaxEntries, each of at most kMaxText bytes and kLongest old; those that end first go.
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

  // The digest of a question: its fields, in one order.  No two lists of fields are one text.
  std::string digest_of(const std::vector<std::string_view>& fields) const;
  // What was allowed; null: it has to be asked for.  Valid until the next call.
  const AuthVerdict* find(const std::string& digest, SteadyTime now);

  // A question that is asked now: its answer is kept only if nothing was forgotten meanwhile.
  std::uint64_t age() const noexcept { return forgotten_; }
  // removal of the verdict is not kept: it is of one listener.
  void keep(const std::string& digest, std::uint64_t asked_at, const AuthVerdict& verdict,
            std::chrono::seconds time, SteadyTime now);
  // Rights have changed.
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

// How long a backend lets its answer be kept; 0: it does not.
std::chrono::seconds kept_for(const FetchAnswer& answer);

}  // namespace lb
