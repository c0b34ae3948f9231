#include "auth/guard/login_guard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::size_t kGuardDigestBytes = 12;
constexpr std::string_view kKeyMark = "the key itself\n";  // no user has this name
constexpr std::int64_t kMaxWrong = 1'000'000'000;
// A known address is saved again when its expiry has moved this far.
constexpr std::int64_t kWrittenEvery = 24 * 3600;

std::chrono::seconds wait_after(int wrong) {
  const int doublings = std::min(wrong - LoginGuard::kFree, 5);
  return std::min(std::chrono::seconds(1 << doublings), LoginGuard::kLongestWait);
}

}  // namespace

void LoginGuard::set_key(std::string key) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (key == key_) return;
  key_ = std::move(key);
  guessed_.clear();
  order_.clear();
  known_.clear();
}

std::string LoginGuard::digest(std::string_view what) const {
  return base64url_encode(hmac_sha256(key_, what).substr(0, kGuardDigestBytes));
}

bool LoginGuard::is_known(const std::string& user, const std::string& address) const {
  const auto found = known_.find(user);
  if (found == known_.end()) return false;
  const std::int64_t now = unix_seconds(clock_.wall());
  return std::any_of(found->second.begin(), found->second.end(),
                     [&](const Known& one) { return one.address == address && one.until > now; });
}

bool LoginGuard::knows(std::string_view user, const Address& from) const {
  std::lock_guard<std::mutex> guard(mutex_);
  return is_known(digest(user), digest(from.network()));
}

LoginGuard::GuessedNames::value_type& LoginGuard::guessed(const std::string& user, SteadyTime now) {
  if (const auto found = guessed_.find(user); found != guessed_.end()) {
    order_.erase(place_of(*found));
    if (found->second.wrong > 0 && now - found->second.last > kForgets) found->second = {};
    return *found;
  }
  if (guessed_.size() >= kMaxGuessed) {
    guessed_.erase(std::get<std::string>(*order_.begin()));
    order_.erase(order_.begin());
  }
  return *guessed_.try_emplace(user).first;
}

LoginGuard::Guess LoginGuard::enter(std::string_view user, std::string_view password,
                                    const Address& from) {
  std::lock_guard<std::mutex> guard(mutex_);
  const std::string name = digest(user);
  if (is_known(name, digest(from.network()))) return {};
  const SteadyTime now = clock_.steady();
  auto& row = guessed(name, now);
  Guessed& of = row.second;
  Guess guess{std::nullopt, name, 0};
  const std::string made = hmac_sha256(key_, cat({name, password}));
  std::memcpy(&guess.password, made.data(), sizeof guess.password);
  const auto same =
      std::find_if(of.under_way.begin(), of.under_way.end(),
                   [&](const Guessed::UnderWay& one) { return one.password == guess.password; });
  if (same != of.under_way.end()) {
    ++same->asked;
  } else if (of.wrong >= kFree && now < of.next) {
    guess = {std::chrono::ceil<std::chrono::seconds>(of.next - now), {}, 0};
  } else {
    ++of.wrong;
    of.last = now;
    if (of.wrong >= kFree) of.next = now + wait_after(of.wrong);
    of.under_way.push_back({guess.password, 1, Guessed::Outcome::kOpen});
  }
  order_.insert(place_of(row));
  return guess;
}

void LoginGuard::leave(const Guess& guess, Guessed::Outcome outcome) {
  std::lock_guard<std::mutex> guard(mutex_);
  const auto row = guessed_.find(guess.name);
  if (row == guessed_.end()) return;
  Guessed& of = row->second;
  const auto found =
      std::find_if(of.under_way.begin(), of.under_way.end(),
                   [&](const Guessed::UnderWay& one) { return one.password == guess.password; });
  if (found == of.under_way.end()) return;
  order_.erase(place_of(*row));
  const bool was_right = found->outcome == Guessed::Outcome::kRight;
  if (outcome != Guessed::Outcome::kOpen && !was_right) found->outcome = outcome;
  const bool ends = --found->asked == 0;
  const bool proved = found->outcome == Guessed::Outcome::kRight && !was_right;
  if (proved || (ends && found->outcome == Guessed::Outcome::kOpen)) --of.wrong;
  if (ends) of.under_way.erase(found);
  if (of.wrong <= 0 && of.under_way.empty())
    guessed_.erase(row);
  else
    order_.insert(place_of(*row));
}

bool LoginGuard::right(const Guess& guess, std::string_view user, const Address& from) {
  leave(guess, Guessed::Outcome::kRight);
  std::lock_guard<std::mutex> guard(mutex_);
  const std::string name = digest(user), address = digest(from.network());
  const std::int64_t now = unix_seconds(clock_.wall());
  const std::int64_t until = now + std::chrono::seconds(kKnownFor).count();
  if (!known_.contains(name) && known_.size() >= kMaxKnownUsers) return false;
  std::vector<Known>& all = known_[name];
  std::erase_if(all, [now](const Known& one) { return one.until <= now; });
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Known& one) { return one.address == address; });
  if (found != all.end()) {
    const bool changes = until - found->until >= kWrittenEvery;
    if (changes) found->until = until;
    return changes;
  }
  if (all.size() >= kMaxAddresses)
    all.erase(std::min_element(all.begin(), all.end(),
                               [](const Known& a, const Known& b) { return a.until < b.until; }));
  all.push_back({address, until});
  return true;
}

std::string LoginGuard::text() const {
  std::lock_guard<std::mutex> guard(mutex_);
  std::string out;
  for (const auto& [user, all] : known_)
    for (const Known& one : all) out += cat({user, ' ', one.address, ' ', one.until, '\n'});
  return out;
}

void LoginGuard::load(std::string_view text) {
  const std::size_t digits = base64url_encode(std::string(kGuardDigestBytes, '\0')).size();
  const std::int64_t now = unix_seconds(clock_.wall());
  std::lock_guard<std::mutex> guard(mutex_);
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = split(line, ' ');
    if (parts.size() != 3 || parts[0].size() != digits || parts[1].size() != digits) continue;
    const auto until = parse_u64(parts[2]);
    const auto longest = static_cast<std::uint64_t>(now + std::chrono::seconds(kKnownFor).count());
    if (!until || static_cast<std::int64_t>(std::min(*until, longest)) <= now) continue;
    std::vector<Known>& all = known_[std::string(parts[0])];
    if (all.size() < kMaxAddresses && known_.size() <= kMaxKnownUsers)
      all.push_back({std::string(parts[1]), static_cast<std::int64_t>(std::min(*until, longest))});
  }
}

GuardRecord LoginGuard::save() const {
  std::lock_guard<std::mutex> guard(mutex_);
  GuardRecord saved;
  saved.key_mark = digest(kKeyMark);
  for (const auto& [name, of] : guessed_)
    if (of.wrong > 0) saved.guessed.push_back({name, of.wrong, of.next, of.last});
  return saved;
}

void LoginGuard::restore(const GuardRecord& saved) {
  std::lock_guard<std::mutex> guard(mutex_);
  if (saved.key_mark != digest(kKeyMark)) return;
  const SteadyTime now = clock_.steady();
  for (const GuessedRecord& one : saved.guessed) {
    auto& row = guessed(one.name, now);
    row.second.wrong = static_cast<int>(std::clamp<std::int64_t>(one.wrong, 0, kMaxWrong));
    row.second.next = std::min(one.next, now + kLongestWait);
    row.second.last = std::min(one.last, now);
    order_.insert(place_of(row));
  }
}

}  // namespace lb
