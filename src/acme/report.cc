#include "acme/report.h"

#include <algorithm>
#include <array>
#include <ctime>

#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

struct KnownAuthority {
  std::string_view host, name;
};
constexpr std::array kAuthorities = {
    KnownAuthority{"acme-v02.api.letsencrypt.org", "Let's Encrypt"},
    KnownAuthority{"acme-staging-v02.api.letsencrypt.org", "Let's Encrypt's staging"},
    KnownAuthority{"acme.zerossl.com", "ZeroSSL"},
    KnownAuthority{"dv.acme-v02.api.pki.goog", "Google Trust Services"},
    KnownAuthority{"acme.ssl.com", "SSL.com"},
};

constexpr auto kClockTolerance = 5min;

std::string_view host_of(std::string_view url) {
  url.remove_prefix(std::min(url.size(), url.find("://") + 3));
  return url.substr(0, url.find('/'));
}

const KnownAuthority* known_authority(std::string_view host) {
  const auto* at = std::ranges::find(kAuthorities, host, &KnownAuthority::host);
  return at == kAuthorities.end() ? nullptr : at;
}

// "27 days", "36 hours", "5 minutes"
std::string time_left(std::chrono::seconds left) {
  const auto counted = [](std::int64_t n, std::string_view unit) {
    return cat({n, " ", unit, n == 1 ? "" : "s"});
  };
  if (left >= 48h) return counted(left / 24h, "day");
  if (left >= 2h) return counted(left / 1h, "hour");
  if (left >= 2min) return counted(left / 1min, "minute");
  return counted(left / 1s, "second");
}

bool is_same_day(const std::tm& one, const std::tm& other) {
  return one.tm_year == other.tm_year && one.tm_yday == other.tm_yday;
}

}  // namespace

std::string authority_name(std::string_view directory) {
  const std::string_view host = host_of(directory);
  const auto* known = known_authority(host);
  return std::string(known == nullptr ? host : known->name);
}

bool is_known_authority(std::string_view directory) {
  const std::string host = to_lower(host_of(directory));
  return known_authority(std::string_view(host).substr(0, host.find(':'))) != nullptr;
}

std::string moment_text(WallTime time, WallTime now) {
  const bool today = is_same_day(local_time(time), local_time(now));
  return local_text(time, today ? "%H:%M" : "%Y-%m-%d at %H:%M");
}

std::string when_text(WallTime time, WallTime now) {
  return cat(
      {is_same_day(local_time(time), local_time(now)) ? "at " : "on ", moment_text(time, now)});
}

std::string clock_line(std::chrono::seconds ahead) {
  const auto off = std::chrono::abs(ahead);
  if (off <= kClockTolerance) return {};
  const std::string by =
      off >= 24h
          ? cat({off / 24h, " d ", off % 24h / 1h, " h"})
          : cat({off / 1h > 0 ? cat({off / 1h, " h "}) : std::string(), off % 1h / 1min, " min"});
  return cat({"the clock of this machine is ", by, ahead.count() < 0 ? " behind" : " ahead of",
              " the CA's; players judge by their own clocks"});
}

std::string failure_reason(const FailureReport& report) {
  if (report.failure.kind != AcmeFailure::Kind::kUnavailable) return report.failure.text;
  return cat({authority_name(report.authority), " has not answered since ",
              moment_text(report.since, report.now), " (", report.failure.text, ")"});
}

std::string failure_line(const FailureReport& report) {
  std::string line = cat({"no certificate for ", report.names, ": ", failure_reason(report)});
  // Another authority may be asked before that.
  const bool names_moment = report.failure.kind == AcmeFailure::Kind::kLimit &&
                            report.failure.retry_after.count() > 0 && report.instead.empty() &&
                            report.next + 1s >= report.now + report.failure.retry_after;
  if (names_moment) line += "; nothing is asked before that";
  if (report.valid_until && *report.valid_until > report.now)
    line += cat({"; the certificate in use is valid for ",
                 time_left(std::chrono::duration_cast<std::chrono::seconds>(*report.valid_until -
                                                                            report.now))});
  else if (report.failure.kind == AcmeFailure::Kind::kUnavailable)
    line += report.valid_until       ? std::string("; the certificate in use has expired")
            : report.without.empty() ? std::string("; there is no certificate")
                                     : cat({"; there is no certificate for ", report.without});
  if (!report.instead.empty()) return cat({line, "; ", report.instead, " is asked instead"});
  return names_moment ? line : cat({line, "; again ", when_text(report.next, report.now)});
}

}  // namespace lb
