// LoginGuard: slows down guesses at one user's password that come from many addresses, and does not
// lock the user out.
//
// kFree logins of a user may fail, from wherever.  From then on an address from which that user has
// never logged in is judged once in 1, 2, 4 … 30 s only; those of the last 30 days are not slowed.
// A login counts as wrong from its beginning until it is proved, so that a thousand at once are no
// more than one after the other.  Beside it PasswordThrottle slows down each address.
//
// The addresses are kept as keyed digests, also in the text that outlives the process: it names
// neither users nor addresses.
// Thread: any; a mutex, under which nothing else is called.
// Bounds: 4096 users that are guessed at, the one that was quiet longest goes; 64 addresses a user.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "net/address.h"

namespace lb {

class LoginGuard {
 public:
  static constexpr int kFree = 10;
  static constexpr std::chrono::seconds kLongestWait{30};
  static constexpr std::chrono::minutes kForgets{15};
  static constexpr std::chrono::hours kKnownFor{30 * 24};
  static constexpr std::size_t kMaxGuessed = 4096, kMaxAddresses = 64, kMaxKnownUsers = 65'536;

  explicit LoginGuard(const Clock& clock) : clock_(clock) {}
  // For the digests; what was known under another key is forgotten.
  void set_key(std::string key);

  // nullopt: the password may be judged, and counts as wrong until right().  Otherwise: not before
  // so long.
  std::optional<std::chrono::seconds> enter(std::string_view user, const Address& from);
  // It was right: the address is known from now on.  True: it was not, or is near its end, so that
  // text() has changed.
  bool right(std::string_view user, const Address& from);
  // Not judged after all: neither right nor wrong.
  void undecided(std::string_view user, const Address& from);

  // A line for each known address; load() takes what text() gave, and passes over other lines.
  std::string text() const;
  void load(std::string_view text);

 private:
  struct Guessed {
    int wrong = 0;
    SteadyTime next{}, last{};
  };
  struct Known {
    std::string address;     // its digest
    std::int64_t until = 0;  // Unix seconds
  };
  std::string digest(std::string_view what) const;
  bool is_known(const std::string& user, const std::string& address) const;
  Guessed& guessed(const std::string& user, SteadyTime now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::string key_;
  std::unordered_map<std::string, Guessed> guessed_;           // by the user's digest
  std::unordered_map<std::string, std::vector<Known>> known_;  // likewise
};

}  // namespace lb
