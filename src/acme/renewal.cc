#include "acme/renewal.h"

#include <algorithm>
#include <array>

#include "acme/answer.h"
#include "base/json.h"
#include "base/shown_time.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortLife = std::chrono::days(10);
constexpr std::array<std::chrono::seconds, 7> kRetries = {1min, 5min, 15min, 1h, 4h, 12h, 24h};

constexpr std::chrono::seconds kSoonest = 1min, kLatest = 24h, kUnsaid = 6h;

// Source: RFC 3339, which requires an offset.
std::optional<WallTime> moment_of(const Json& value) {
  const auto time = parse_shown_time(value.text().value_or(""));
  if (!time || !time->offset_ms) return std::nullopt;
  return wall_time(time->utc_ms() / 1000);
}

}  // namespace

WallTime renewal_time(const CertificateFacts& facts, double chance) {
  const std::chrono::duration<double> life = facts.ends - facts.begins;
  const double part = (life <= kShortLife ? 1.0 / 2 : 2.0 / 3) + (chance - 0.5) / 10;
  return facts.begins + std::chrono::duration_cast<WallTime::duration>(life * part);
}

std::chrono::seconds time_to_retry(unsigned failures, std::chrono::seconds asked_for,
                                   double chance) {
  const auto step = kRetries[std::min<std::size_t>(std::max(failures, 1u), kRetries.size()) - 1];
  const auto time = std::chrono::duration_cast<std::chrono::seconds>(step * (0.9 + chance / 5));
  return std::max(time, asked_for);
}

std::optional<RenewalWindow> renewal_window(const FetchAnswer& answer) {
  const auto body = Json::parse(answer.body);
  if (answer.status != 200 || !body) return std::nullopt;
  const Json window = body->at("suggestedWindow");
  const auto begins = moment_of(window.at("start")), ends = moment_of(window.at("end"));
  if (!begins || !ends || *ends <= *begins) return std::nullopt;
  return RenewalWindow{*begins, *ends,
                       cleaned_text(body->at("explanationURL").text().value_or(""))};
}

std::chrono::seconds next_question(const FetchAnswer& answer, WallTime now) {
  const auto asked_for = retry_after_of(answer, now);
  return asked_for.count() == 0 ? kUnsaid : std::clamp(asked_for, kSoonest, kLatest);
}

WallTime renewal_moment(const RenewalWindow& window, const CertificateFacts& facts, double chance) {
  if (window.begins >= facts.ends) return renewal_time(facts, chance);
  const std::chrono::duration<double> length = window.ends - window.begins;
  return std::min(window.begins + std::chrono::duration_cast<WallTime::duration>(length * chance),
                  facts.ends - (facts.ends - facts.begins) / 10);
}

std::string renewal_info_url(const FetchAnswer& directory) {
  const auto body = Json::parse(directory.body);
  if (directory.status != 200 || !body) return {};
  std::string url(body->at("renewalInfo").text().value_or(""));
  return url.starts_with("https://") && is_fetchable(url) ? url : std::string();
}

}  // namespace lb
