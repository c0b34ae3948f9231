#include "config/load/mount_rules.h"

#include <algorithm>
#include <array>

#include "base/cat.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "config/schema/diagnostic.h"
#include "config/settings/config.h"
#include "stream/mount/login_hours.h"

namespace lb {
namespace {

// A listener follows at most this many fallbacks, so the search for a circle ends there.
constexpr std::size_t kLongestChain = 64;

constexpr auto kEndingsWithoutHls = std::to_array<std::string_view>(
    {".ogg", ".oga", ".opus", ".flac", ".webm", ".mka", ".mkv", ".spx"});

bool locks(const MountSettings& pattern, const MountSettings& all) {
  return !pattern.authenticator.type.empty() || !pattern.encoders.empty() ||
         pattern.username != all.username || pattern.password != all.password ||
         (pattern.no_mount && !all.no_mount);
}

}  // namespace

std::string fallback_fault(std::string_view mount, const FallbackOf& fallback_of) {
  std::vector<std::string> chain{std::string(mount)};
  while (chain.size() <= kLongestChain) {
    std::string next = fallback_of(chain.back());
    if (next.empty()) return "";
    if (next == mount) {
      if (chain.size() == 1) return quoted(mount) + " falls back to itself";
      std::string text = cat({quoted(chain[0]), " falls back to ", quoted(chain[1])});
      for (std::size_t i = 1; i < chain.size(); ++i)
        text += cat({", ", quoted(chain[i]), " to ",
                     quoted(i + 1 < chain.size() ? std::string_view(chain[i + 1]) : mount)});
      return text + ": a circle, in which no listener finds a stream";
    }
    if (std::find(chain.begin(), chain.end(), next) != chain.end()) return "";
    chain.push_back(std::move(next));
  }
  return "";
}

std::string_view use_in_file(const Config& file, std::string_view mount) {
  const auto leads = [mount](const MountSettings& section) {
    return section.fallback_mount == mount || section.suspended_mount == mount ||
           std::ranges::find(section.hls_variants, mount, &HlsVariantRow::mount) !=
               section.hls_variants.end();
  };
  if (std::ranges::find(file.relays, mount, &RelaySettings::local_mount) != file.relays.end())
    return "relay";
  if (leads(file.default_mount) || std::ranges::any_of(file.mounts, leads)) return "mount";
  if (std::ranges::any_of(file.paths.aliases,
                          [mount](const Alias& alias) { return alias.destination == mount; }))
    return "alias";
  if (std::ranges::any_of(file.stations, [mount](const StationSettings& station) {
        return std::ranges::find(station.mounts, mount) != station.mounts.end();
      }))
    return "station";
  if (std::ranges::any_of(file.listen, [&](const ListenSettings& socket) {
        return socket.shoutcast_compat && shoutcast_mount(file, socket) == mount;
      }))
    return "shoutcast-mount";
  const MountSettings& section = mount_section(file, mount);
  const bool is_pattern = section.origin == MountOrigin::kFile && !section.name.empty();
  return is_pattern && locks(section, file.default_mount) ? "mount" : "";
}

std::string hls_fault(std::string_view mount) {
  for (const std::string_view ending : kEndingsWithoutHls)
    if (mount.size() > ending.size() && iequals(mount.substr(mount.size() - ending.size()), ending))
      return cat({"the name ", quoted(mount),
                  " is of a format that HLS does not have here; HLS is of "
                  "MP3 and AAC"});
  return "";
}

std::string hours_fault(const RecordLogin& login) {
  if (login.from == 0 || login.until == 0 || login.from < login.until) return "";
  return cat({"ends (until ", login.until, ") before it begins (from ", login.from,
              "); it could never be used"});
}

std::vector<std::pair<std::string, std::string>> weekly_hours_faults(const RecordLogin& login) {
  std::vector<std::pair<std::string, std::string>> faults;
  if (login.hours.size() > kMaxWeeklyHours)
    faults.emplace_back("/hours",
                        cat({"has ", login.hours.size(), " rows (limit ", kMaxWeeklyHours, ")"}));
  for (std::size_t i = 0; i < login.hours.size() && i < kMaxWeeklyHours; ++i) {
    const WeeklyHours& row = login.hours[i];
    const std::string at = cat({"/hours/", i});
    for (std::size_t j = 0; j < row.days.size(); ++j)
      if (!weekday_of(row.days[j]))
        faults.emplace_back(cat({at, "/days/", j}),
                            quoted(row.days[j]) + " is not one of mon tue wed thu fri sat sun");
    const auto from = minute_of_day(row.from), until = minute_of_day(row.until);
    if (!from || *from == 24 * 60)
      faults.emplace_back(at + "/from", quoted(row.from) + " is not a time of day such as 20:00");
    if (!until)
      faults.emplace_back(at + "/until", quoted(row.until) + " is not a time of day such as 22:00");
    else if (from == until)
      faults.emplace_back(at + "/until", cat({"ends when it begins, at ", quoted(row.from),
                                              "; a whole day is 00:00 to 24:00"}));
  }
  return faults;
}

std::string zone_fault(const RecordLogin& login) {
  if (login.zone.empty()) return "";
  const auto zone = find_time_zone(login.zone);
  if (zone) return "";
  return cat({quoted(login.zone),
              " is not a time zone that this machine knows, such as Europe/Berlin (",
              zone.error().what, ")"});
}

}  // namespace lb
