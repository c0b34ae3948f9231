#include "net/tls/ticket_ring.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kFirstLine = "icecast-lb ticket secrets 1";
constexpr std::string_view kLastLine = "end";
constexpr std::size_t kRingSecretBytes = 32;
constexpr std::uint64_t kLatestHour = 1ULL << 40;

// A clock that was wrong must not keep a secret for years: hours to come go too, but for the next
// one.
bool is_current(std::int64_t hour, std::int64_t now) {
  return hour <= now + 1 && hour > now - TicketRing::kHours;
}

}  // namespace

std::vector<TicketRing::Secret> TicketRing::secrets() const {
  std::lock_guard<std::mutex> guard(mutex_);
  return secrets_;
}

bool TicketRing::turn(std::int64_t hour) {
  std::lock_guard<std::mutex> guard(mutex_);
  const bool fewer = std::erase_if(secrets_, [hour](const Secret& each) {
                       return !is_current(each.hour, hour);
                     }) > 0;
  if (!secrets_.empty() && secrets_.front().hour >= hour) return fewer;
  secrets_.insert(secrets_.begin(), {hour, random_bytes(kRingSecretBytes)});
  return true;
}

void TicketRing::take(std::vector<Secret> secrets, std::int64_t now) {
  std::lock_guard<std::mutex> guard(mutex_);
  for (Secret& each : secrets) {
    const bool known = std::any_of(secrets_.begin(), secrets_.end(),
                                   [&](const Secret& own) { return own.hour == each.hour; });
    if (!known && is_current(each.hour, now)) secrets_.push_back(std::move(each));
  }
  std::sort(secrets_.begin(), secrets_.end(),
            [](const Secret& a, const Secret& b) { return a.hour > b.hour; });
}

std::string TicketRing::text() const {
  std::string text(kFirstLine);
  text += '\n';
  for (const Secret& each : secrets())
    text += cat({each.hour, " ", base64_encode(each.bytes), "\n"});
  return cat({text, kLastLine, "\n"});
}

Result<std::vector<TicketRing::Secret>> TicketRing::parse(std::string_view text) {
  const auto lines = split(text, '\n');
  if (lines.size() < 3 || lines.front() != kFirstLine || lines[lines.size() - 2] != kLastLine ||
      !lines.back().empty() || lines.size() > 3 + kHours + 1)
    return Error::invalid("is no whole file of ticket secrets");
  std::vector<Secret> secrets;
  for (std::size_t i = 1; i + 2 < lines.size(); ++i) {
    const auto words = split(lines[i], ' ');
    const auto hour = parse_u64(words.front());
    auto bytes = words.size() == 2 ? base64_decode(words[1]) : std::nullopt;
    if (!hour || *hour > kLatestHour || !bytes || bytes->size() != kRingSecretBytes)
      return Error::invalid(cat({"line ", i + 1, " is no ticket secret"}));
    secrets.push_back({static_cast<std::int64_t>(*hour), std::move(*bytes)});
  }
  return secrets;
}

}  // namespace lb
