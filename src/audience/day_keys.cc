#include "audience/day_keys.h"

#include <cstring>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kKeyBytes = 32, kLargestKeys = 4096;
constexpr std::int64_t kDaySeconds = 86'400;

std::uint64_t first_bytes(const std::string& digest) {
  std::uint64_t value = 0;
  std::memcpy(&value, digest.data(), sizeof value);
  return value == 0 ? 1 : value;  // 0 means no person
}

}  // namespace

DayKeys::Key DayKeys::make(std::int64_t day, std::string secret) {
  Key key{day, std::move(secret), std::nullopt};
  key.hmac.emplace(key.secret);
  return key;
}

std::optional<DayKeys::Key> DayKeys::read(std::string_view line, char between) {
  const auto words = split(line, between);
  const auto day = words.size() == 2 ? parse_u64(words[0]) : std::nullopt;
  auto secret = words.size() == 2 ? base64url_decode(words[1]) : std::nullopt;
  if (!day || *day > 1'000'000 || !secret || secret->size() != kKeyBytes) return std::nullopt;
  return make(static_cast<std::int64_t>(*day), *std::move(secret));
}

Result<void> DayKeys::load(std::int64_t unix_seconds) {
  auto file = read_file(path_, {.limit = kLargestKeys});
  if (!file) {
    if (file.error().code == Error::Code::kNotFound) return {};
    return file.error();
  }
  for (const std::string_view line : split(file->text, '\n')) {
    if (line.empty()) continue;
    auto key = read(line, ' ');
    if (!key)
      return Error::invalid(path_ +
                            ": has a line that is not a key of a day; the keys are made new");
    if (today_ && key->day == unix_seconds / kDaySeconds + 1)
      tomorrow_ = std::move(key);
    else
      yesterday_ = std::exchange(today_, std::move(key));
  }
  return {};
}

// The key stays if the clock is set back by a day, because the key of a past day must not be made
// again.  One of a later day is that of a wrong clock, and would stay until then.
void DayKeys::turn(std::int64_t day) {
  if (today_ && today_->day > day + 1) {
    today_.reset();
    tomorrow_.reset();
  }
  if (today_ && day <= today_->day) return;
  yesterday_ = std::exchange(today_, std::nullopt);
  if (yesterday_ && yesterday_->day != day - 1) yesterday_.reset();
  replaced_.reset();
  if (tomorrow_ && tomorrow_->day <= day) today_ = std::exchange(tomorrow_, std::nullopt);
  if (!today_ || today_->day != day) today_ = make(day, random_(kKeyBytes));
  changed_ = true;
}

std::vector<std::string> DayKeys::share(std::int64_t unix_seconds) {
  turn(unix_seconds / kDaySeconds);
  if (!tomorrow_) {
    tomorrow_ = make(today_->day + 1, random_(kKeyBytes));
    changed_ = true;
  }
  std::vector<std::string> keys;
  for (const auto* key : {&yesterday_, &today_, &tomorrow_})
    if (*key) keys.push_back(cat({(*key)->day, ':', base64url_encode((*key)->secret)}));
  return keys;
}

void DayKeys::adopt(std::int64_t unix_seconds, const std::vector<std::string>& keys) {
  turn(unix_seconds / kDaySeconds);
  const std::int64_t today = today_->day;
  for (const std::string& text : keys) {
    auto key = read(text, ':');
    if (!key || key->day < today - 1 || key->day > today + 1) continue;
    auto& known = key->day < today ? yesterday_ : key->day > today ? tomorrow_ : today_;
    if (known && known->secret == key->secret) continue;
    // Listeners known by the server's own key may return within a minute.
    if (key->day == today) replaced_ = std::exchange(today_, std::nullopt);
    known = std::move(key);
    changed_ = true;
  }
}

bool DayKeys::knows_tomorrow(std::int64_t unix_seconds) const noexcept {
  return tomorrow_ && tomorrow_->day > unix_seconds / kDaySeconds;
}

DayKeys::Who DayKeys::who(std::int64_t unix_seconds, std::string_view address,
                          std::string_view agent, std::string_view user) {
  turn(unix_seconds / kDaySeconds);
  const std::string person = cat({address, '\n', agent, '\n', user});
  Who who;
  who.today = first_bytes(today_->hmac->sign(person));
  if (const auto& before = replaced_ ? replaced_ : yesterday_)
    who.before = first_bytes(before->hmac->sign(person));
  return who;
}

Result<void> DayKeys::save() {
  std::string text;
  for (const auto* key : {&yesterday_, &today_, &tomorrow_})
    if (*key) text += cat({(*key)->day, ' ', base64url_encode((*key)->secret), '\n'});
  auto written = replace_file(path_, text);
  if (written) changed_ = false;
  return written;
}

}  // namespace lb
