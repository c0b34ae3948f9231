// LoginGuard: slows down guesses at one user's password from many addresses, without locking the
// user out.
//
// kFree logins of a name may fail, from any address.  After that an address from which the name has
// not logged in within 30 days gets one guess in 1, 2, 4 … 30 s.  A login counts as wrong from its
// start until it is proved, so that a thousand at once are counted one by one; the same password
// several times at once is one guess.  Names are counted whether or not the user exists.
// PasswordThrottle also slows down each address.
//
// Addresses are kept as keyed digests, also in text(): it has neither users nor addresses.
// Thread: any; a mutex, under which nothing else is called.
// Bounds: 32,768 guessed names.  When full, the name that was quiet longest is dropped, slowed ones
// last: invented names (a hash each, which bounds their rate) give an attacker no further guesses.
// 64 addresses a user.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "auth/guard/guess_record.h"
#include "base/clock.h"
#include "net/address/address.h"

namespace lb {

class LoginGuard {
 public:
  static constexpr int kFree = 10;
  static constexpr std::chrono::seconds kLongestWait{30};
  static constexpr std::chrono::minutes kForgets{15};
  static constexpr std::chrono::hours kKnownFor{30 * 24};
  static constexpr std::size_t kMaxGuessed = 32'768, kMaxAddresses = 64, kMaxKnownUsers = 65'536;

  // One password being judged: enter() returns it, and exactly one of the next three functions
  // takes it back.
  struct Guess {
    std::optional<std::chrono::seconds> wait;  // not judged now; try again after this time
    std::string name;                          // digests; "": not counted
    std::uint64_t password = 0;
  };

  explicit LoginGuard(const Clock& clock) : clock_(clock) {}
  // The key of the digests; entries of another key are dropped.
  void set_key(std::string key);

  Guess enter(std::string_view user, std::string_view password, const Address& from);
  void wrong(const Guess& guess) { leave(guess, Guessed::Outcome::kWrong); }
  // The password was not judged.
  void undecided(const Guess& guess) { leave(guess, Guessed::Outcome::kOpen); }
  // The password was right, so the address is known from now on.  True: text() has changed, because
  // the address was unknown or near its expiry.
  bool right(const Guess& guess, std::string_view user, const Address& from);

  // Whether the user has logged in from there.
  bool knows(std::string_view user, const Address& from) const;

  // A line for each known address; load() takes text(), and ignores other lines.
  std::string text() const;
  void load(std::string_view text);
  // Of a hand-over.  A password being judged counts as wrong. restore(): the saved key must equal
  // this one's, otherwise nothing is restored.
  GuardRecord save() const;
  void restore(const GuardRecord& saved);

 private:
  struct Guessed {
    enum class Outcome : std::uint8_t { kOpen, kWrong, kRight };
    struct UnderWay {
      std::uint64_t password = 0;
      int asked = 0;
      Outcome outcome = Outcome::kOpen;
    };
    int wrong = 0;
    SteadyTime next{}, last{};
    std::vector<UnderWay> under_way;
  };
  struct Known {
    std::string address;     // its digest
    std::int64_t until = 0;  // Unix seconds
  };
  using GuessedNames = std::unordered_map<std::string, Guessed>;
  // The order in which names are dropped.
  using Place = std::tuple<bool, SteadyTime, std::string>;
  static Place place_of(const GuessedNames::value_type& row) {
    return {row.second.wrong >= kFree, row.second.last, row.first};
  }
  std::string digest(std::string_view what) const;
  bool is_known(const std::string& user, const std::string& address) const;
  GuessedNames::value_type& guessed(const std::string& user, SteadyTime now);
  void leave(const Guess& guess, Guessed::Outcome outcome);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::string key_;
  GuessedNames guessed_;  // by the user's digest
  std::set<Place> order_;
  std::unordered_map<std::string, std::vector<Known>> known_;  // likewise
};

}  // namespace lb
