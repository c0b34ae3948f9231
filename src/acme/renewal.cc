#include "acme/renewal.h"

#include <algorithm>
#include <array>

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kShortLife = std::chrono::days(10);
constexpr std::array<std::chrono::seconds, 7> kRetries = {1min, 5min, 15min, 1h, 4h, 12h, 24h};

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

}  // namespace lb
