#include "acme/renewal_info.h"

#include <algorithm>

#include "acme/answer.h"
#include "base/json.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kSoonest = 1min, kLatest = 24h, kUnsaid = 6h;

}  // namespace

std::optional<RenewalWindow> renewal_window(const FetchAnswer& answer) {
  const auto body = Json::parse(answer.body);
  if (answer.status != 200 || !body) return std::nullopt;
  const Json window = body->at("suggestedWindow");
  const auto begins = parse_utc_text(window.at("start").text().value_or(""));
  const auto ends = parse_utc_text(window.at("end").text().value_or(""));
  if (!begins || !ends || *ends <= *begins) return std::nullopt;
  return RenewalWindow{*begins, *ends,
                       cleaned_text(body->at("explanationURL").text().value_or(""))};
}

std::chrono::seconds next_question(const FetchAnswer& answer, WallTime now) {
  const auto asked_for = retry_after_of(answer, now);
  return asked_for.count() == 0 ? kUnsaid : std::clamp(asked_for, kSoonest, kLatest);
}

WallTime renewal_moment(const RenewalWindow& window, double chance) {
  const std::chrono::duration<double> length = window.ends - window.begins;
  return window.begins + std::chrono::duration_cast<WallTime::duration>(length * chance);
}

std::string renewal_info_url(const FetchAnswer& directory) {
  const auto body = Json::parse(directory.body);
  if (directory.status != 200 || !body) return {};
  std::string url(body->at("renewalInfo").text().value_or(""));
  return url.starts_with("https://") && is_fetchable(url) ? url : std::string();
}

}  // namespace lb
