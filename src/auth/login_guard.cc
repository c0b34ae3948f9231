#include "auth/login_guard.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/encoding.h"
#include "base/strings.h"
#include "net/digest.h"

namespace lb {
namespace {

constexpr std::size_t kGuardDigestBytes = 12;
constexpr std::size_t kNetworkBytes = 8;  // of an IPv6 address: a /64
// A known address is written again when it has lost so much of its time.
constexpr std::int64_t kWrittenEvery = 24 * 3600;

std::string network_of(const Address& from) {
  const auto& bytes = from.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), from.is_v4() ? bytes.size() : kNetworkBytes};
}

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

LoginGuard::Guessed& LoginGuard::guessed(const std::string& user, SteadyTime now) {
  if (guessed_.size() >= kMaxGuessed && !guessed_.contains(user))
    guessed_.erase(std::min_element(
        guessed_.begin(), guessed_.end(),
        [](const auto& a, const auto& b) { return a.second.last < b.second.last; }));
  Guessed& found = guessed_[user];
  if (found.wrong > 0 && now - found.last > kForgets) found = {};
  return found;
}

std::optional<std::chrono::seconds> LoginGuard::enter(std::string_view user, const Address& from) {
  std::lock_guard<std::mutex> guard(mutex_);
  const std::string name = digest(user);
  if (is_known(name, digest(network_of(from)))) return std::nullopt;
  const SteadyTime now = clock_.steady();
  Guessed& of = guessed(name, now);
  if (of.wrong >= kFree && now < of.next)
    return std::chrono::ceil<std::chrono::seconds>(of.next - now);
  ++of.wrong;
  of.last = now;
  if (of.wrong >= kFree) of.next = now + wait_after(of.wrong);
  return std::nullopt;
}

void LoginGuard::undecided(std::string_view user, const Address& from) {
  std::lock_guard<std::mutex> guard(mutex_);
  const std::string name = digest(user);
  if (is_known(name, digest(network_of(from)))) return;
  const auto found = guessed_.find(name);
  if (found != guessed_.end() && found->second.wrong > 0) --found->second.wrong;
}

bool LoginGuard::right(std::string_view user, const Address& from) {
  undecided(user, from);
  std::lock_guard<std::mutex> guard(mutex_);
  const std::string name = digest(user), address = digest(network_of(from));
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
    for (const Known& one : all)
      out += user + ' ' + one.address + ' ' + std::to_string(one.until) + '\n';
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

}  // namespace lb
