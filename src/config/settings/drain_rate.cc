#include "config/settings/drain_rate.h"

#include "base/strings.h"

namespace lb {

Result<DrainRate> parse_drain_rate(std::string_view text) {
  const Error wrong = Error::invalid(
      "is neither a number of listeners a second nor a share of them; examples: 20, 2%");
  text = trim(text);
  DrainRate rate;
  rate.is_share = text.ends_with('%');
  if (rate.is_share) text.remove_suffix(1);
  text = trim(text);
  const auto value = parse_whole<double>(text);
  if (!value) return wrong;
  rate.value = *value;
  // The negation also refuses NaN.
  if (!(rate.value > 0) || rate.value > (rate.is_share ? 100 : 1e9)) return wrong;
  if (rate.is_share) rate.value /= 100;
  return rate;
}

}  // namespace lb
