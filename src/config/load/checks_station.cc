// Checks of <station>, <player> and <art>: names that no address can have, and values that the page
// omits.
#include <algorithm>
#include <array>
#include <set>

#include "base/cat.h"
#include "base/strings.h"
#include "base/time_zone.h"
#include "config/load/checks.h"

namespace lb {
namespace {

constexpr std::size_t kLongestId = 64;
constexpr auto kLanguages = std::to_array<std::string_view>({"en", "de", "fr", "es", "pt"});

// whose: "<player>", "<station> rock".
void check_page(std::string_view whose, const std::vector<std::string>& languages,
                const std::vector<PlayerLink>& links, int line, Filler& filler) {
  const auto warn = [&](std::string_view what) {
    filler.report(line, Severity::kWarning, cat({whose, ": ", what}));
  };
  for (const std::string& language : languages)
    if (!is_player_language(language))
      warn(
          cat({"the page is not written in ", quoted(language), "; there are ", kPlayerLanguages}));
  for (const PlayerLink& link : links)
    if (!is_offered(link))
      warn(cat({"the link ", quoted(link.url),
                " has no name or is not an https address; it is left out"}));
  if (links.size() > kMaxPlayerLinks)
    warn(cat({"there are ", links.size(), " links; the first ", kMaxPlayerLinks, " are shown"}));
}

void check_station(const StationSettings& station, int line, Filler& filler) {
  const auto warn = [&](std::string_view what) {
    filler.report(line, Severity::kWarning, cat({"<station> ", station.id, ": ", what}));
  };
  if (!station.colour.empty() && !is_colour(station.colour))
    warn(cat({"the colour ", quoted(station.colour), " is not like #b3261e; it is left out"}));
  if (!station.default_art.empty() && !station.default_art.starts_with('/'))
    warn(cat({"the default-art ", quoted(station.default_art),
              " is not a path of this server, like /cover.png; it is left out"}));
  if (!station.logo.empty() && !station.logo.starts_with('/'))
    warn(cat({"the logo ", quoted(station.logo),
              " is not a path of this server, like /logo.png; it is left out"}));
  if (!station.url.empty() && !istarts_with(station.url, "https://") &&
      !istarts_with(station.url, "http://"))
    warn(
        cat({"the url ", quoted(station.url), " is not an http or https address; it is left out"}));
  if (!find_time_zone(station.timezone))
    warn(cat({"there is no time zone ", quoted(station.timezone), "; UTC is used"}));
  if (station.mounts.empty()) warn("it has no <mount>; it is not shown");
  check_page(cat({"<station> ", station.id}), station.languages, station.links, line, filler);
}

}  // namespace

bool is_station_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kLongestId && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool is_colour(std::string_view text) noexcept {
  return text.size() == 7 && text.front() == '#' &&
         text.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
}

bool is_framing_site(std::string_view text) noexcept {
  const std::size_t host = text.find("://");
  if (host == std::string_view::npos ||
      (text.substr(0, host) != "https" && text.substr(0, host) != "http"))
    return false;
  const std::string_view rest = text.substr(host + 3);
  return !rest.empty() && is_plain_text(rest, ".-:*[]");
}

bool is_offered(const PlayerLink& link) noexcept {
  return !link.name.empty() && link.url.starts_with("https://");
}

bool is_player_language(std::string_view text) noexcept {
  return std::ranges::find(kLanguages, text) != kLanguages.end();
}

bool is_picture_host(std::string_view text) noexcept {
  if (text.starts_with("*.")) text.remove_prefix(2);
  return text.find('.') != std::string_view::npos && text.front() != '.' && text.back() != '.' &&
         is_plain_text(text, ".-");
}

void check_stations(const Config& config, Filler& filler) {
  std::set<std::string_view> ids, taken;
  for (std::size_t i = 0; i < config.stations.size(); ++i) {
    const StationSettings& station = config.stations[i];
    const int line = filler.line_of(numbered("station", i));
    if (!is_station_id(station.id)) {
      filler.report(line, Severity::kWarning,
                    cat({"<station>: the id ", quoted(station.id),
                         " is not one of letters a to z, digits and _, 64 at most; no address can "
                         "name it, and it is not shown"}));
      continue;
    }
    if (!ids.insert(station.id).second) {
      filler.report(line, Severity::kWarning,
                    cat({"<station>: there are two of the id ", station.id,
                         "; the second one is not shown"}));
      continue;
    }
    check_station(station, line, filler);
    for (const std::string& mount : station.mounts)
      if (!mount.starts_with('/'))
        filler.report(line, Severity::kWarning,
                      cat({"<station> ", station.id, ": the mount ", quoted(mount),
                           " does not begin with /; it is left out"}));
      else if (!taken.insert(mount).second)
        filler.report(line, Severity::kWarning,
                      cat({"<station> ", station.id, ": ", mount,
                           " belongs to a station already; the first one has it"}));
  }
  const int line = filler.line_of("player");
  check_page("<player>", config.player.languages, config.player.links, line, filler);
  for (const std::string& origin : config.player.embed)
    if (origin != "*" && origin != "off" && !is_framing_site(origin))
      filler.report(line, Severity::kWarning,
                    cat({"<player>: embed is *, off, or addresses like https://www.example.org; ",
                         quoted(origin), " is left out"}));
  for (const std::string& host : config.art.fetch)
    if (!is_picture_host(host))
      filler.report(filler.line_of("art"), Severity::kWarning,
                    cat({"<art>: fetch has names of hosts, like covers.example.org or "
                         "*.example.org; ",
                         quoted(host), " is left out"}));
}

}  // namespace lb
