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
  return value == 0 ? 1 : value;  // 0 stands for none
}

}  // namespace

DayKeys::Key DayKeys::make(std::int64_t day, std::string secret) {
  Key key{day, std::move(secret), std::nullopt};
  key.hmac.emplace(key.secret);
  return key;
}

Result<void> DayKeys::load() {
  auto file = read_file(path_, {.limit = kLargestKeys});
  if (!file) {
    if (file.error().code == Error::Code::kNotFound) return {};
    return file.error();
  }
  for (const std::string_view line : split(file->text, '\n')) {
    if (line.empty()) continue;
    const auto words = split(line, ' ');
    const auto day = words.size() == 2 ? parse_u64(words[0]) : std::nullopt;
    auto secret = words.size() == 2 ? base64url_decode(words[1]) : std::nullopt;
    if (!day || *day > 1'000'000 || !secret || secret->size() != kKeyBytes)
      return Error::invalid(path_ + ": has a line that is no key of a day; the keys are made new");
    Key key = make(static_cast<std::int64_t>(*day), *std::move(secret));
    if (!today_ || key.day > today_->day) {
      yesterday_ = std::move(today_);
      today_ = std::move(key);
    } else {
      yesterday_ = std::move(key);
    }
  }
  return {};
}

// A clock that is set back keeps the key: a key of a day that is over is never made again.
void DayKeys::turn(std::int64_t day) {
  if (today_ && day <= today_->day) return;
  yesterday_ = std::move(today_);
  if (yesterday_ && yesterday_->day != day - 1) yesterday_.reset();
  today_ = make(day, random_(kKeyBytes));
  changed_ = true;
}

DayKeys::Who DayKeys::who(std::int64_t unix_seconds, std::string_view address,
                          std::string_view agent, std::string_view user) {
  turn(unix_seconds / kDaySeconds);
  const std::string person = cat({address, '\n', agent, '\n', user});
  Who who;
  who.today = first_bytes(today_->hmac->sign(person));
  if (yesterday_) who.before = first_bytes(yesterday_->hmac->sign(person));
  return who;
}

Result<void> DayKeys::save() {
  std::string text;
  for (const auto* key : {&yesterday_, &today_})
    if (*key) text += cat({(*key)->day, ' ', base64url_encode((*key)->secret), '\n'});
  auto written = replace_file(path_, text);
  if (written) changed_ = false;
  return written;
}

}  // namespace lb
