// LoginGuard: slows down guesses at one user's password that come from many addresses, and does not
// lock the user out.
//
// kFree logins of a name may fail, from wherever.  From then on an address from which that name has
// never logged in is judged once in 1, 2, 4 … 30 s only; those of the last 30 days are not slowed.
// A login counts as wrong from its beginning until it is proved, so that a thousand at once are no
// more than one after the other; the same password several times at once is one guess.  Names are
// counted whether or not there is such a user.  Beside it PasswordThrottle slows down each address.
//
// The addresses are kept as keyed digests, also in the text that outlives the process: it names
// neither users nor addresses.
// Thread: any; a mutex, under which nothing else is called.
// Bounds: 32,768 names that are guessed at.  Of those that are not slowed yet the one that was quiet
// longest goes, and only without any of these a slowed one: names that are made up (a hash each,
// which bounds their rate) give no ten guesses more.  64 addresses a user.
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

  // One password that is being judged: enter() gives it, and exactly one of the three below takes
  // it back.
  struct Guess {
    std::optional<std::chrono::seconds> wait;  // it is not judged, not before so long
    std::string name;                          // digests; "": not counted
    std::uint64_t password = 0;
  };

  explicit LoginGuard(const Clock& clock) : clock_(clock) {}
  // For the digests; what was known under another key is forgotten.
  void set_key(std::string key);

  Guess enter(std::string_view user, std::string_view password, const Address& from);
  void wrong(const Guess& guess) { leave(guess, Guessed::Outcome::kWrong); }
  // Not judged after all: neither right nor wrong.
  void undecided(const Guess& guess) { leave(guess, Guessed::Outcome::kOpen); }
  // It was right: the address is known from now on.  True: it was not, or is near its end, so that
  // text() has changed.
  bool right(const Guess& guess, std::string_view user, const Address& from);

  // It has logged in from there.
  bool knows(std::string_view user, const Address& from) const;

  // A line for each known address; load() takes what text() gave, and passes over other lines.
  std::string text() const;
  void load(std::string_view text);
  // Of a hand-over.  What is being judged counts as wrong.  restore(): with the key that the names
  // were counted under; with another one nothing is.
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
  // Which goes first when there are too many.
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
