#include "api/request/station.h"

#include <algorithm>
#include <array>
#include <set>

#include "api/request/station_fields.h"
#include "base/cat.h"
#include "base/strings.h"
#include "cluster/balance/redirect_reply.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

constexpr auto kEndings =
    std::to_array<std::string_view>({".png", ".jpg", ".jpeg", ".webp", ".gif", ".svg", ".avif"});
// Some addresses below these paths change state when they are requested.
constexpr auto kOwnPaths = std::to_array<std::string_view>({"/admin/", "/api/", "/_lb/"});

}  // namespace

bool is_record_station_id(std::string_view id) noexcept {
  return is_station_id(id) && id.find_first_not_of("0123456789") != std::string_view::npos;
}

bool is_station_picture(std::string_view path) noexcept {
  if (path.starts_with(kPicturePath)) return !name_in_picture_path(path).empty();
  const auto begins = [path](std::string_view with) { return path.starts_with(with); };
  const auto ends = [path](std::string_view with) { return path.ends_with(with); };
  return path.starts_with('/') && is_plain_text(path, "/.-_") &&
         path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos &&
         std::ranges::none_of(kOwnPaths, begins) && std::ranges::any_of(kEndings, ends);
}

std::vector<JsonFault> station_faults(const StationRecord& record) {
  std::vector<JsonFault> faults;
  if (!is_record_station_id(record.id))
    faults.push_back({"/id", "1 to 64 letters a to z, digits and _ are needed, not digits alone"});
  if (!record.url.empty() && !is_web_address(record.url))
    faults.push_back({"/url", "an address that begins with http:// or https:// is needed"});
  if (!record.colour.empty() && !is_colour(record.colour))
    faults.push_back({"/colour", "a colour is needed, such as #b3261e"});
  const auto judge_picture = [&faults](std::string_view name, const std::string& path) {
    if (!path.empty() && !is_station_picture(path))
      faults.push_back(
          {cat({"/", name}), "a path of a picture on this server is needed, such as /logo.png"});
  };
  judge_picture("logo", record.logo);
  judge_picture("default-art", record.default_art);
  for (std::size_t i = 0; i < record.languages.size(); ++i)
    if (!is_player_language(record.languages[i]))
      faults.push_back({cat({"/languages/", i}), cat({"pages are written in ", kPlayerLanguages})});
  for (std::size_t i = 0; i < record.links.size(); ++i)
    if (!record.links[i].url.starts_with("https://") || !is_web_address(record.links[i].url))
      faults.push_back(
          {cat({"/links/", i, "/url"}), "an address that begins with https:// is needed"});
  if (record.mounts.empty()) faults.push_back({"/mounts", "a station needs a mount"});
  std::set<std::string_view> known;
  for (std::size_t i = 0; i < record.mounts.size(); ++i) {
    const std::string& mount = record.mounts[i];
    const auto wrong = [&](std::string_view what) {
      faults.push_back({cat({"/mounts/", i}), std::string(what)});
    };
    if (mount.size() < 2 || !mount.starts_with('/'))
      wrong("it does not begin with /, or is no more than that");
    else if (is_glob(mount))
      wrong("a name is needed, not a pattern");
    else if (!known.insert(mount).second)
      wrong("it appears twice");
  }
  return faults;
}

Result<StationRecord> parse_station(std::string_view id, std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  StationRecord record;
  if (auto fault = record_fault<kStationFields>("station", id, *parsed, record))
    return *std::move(fault);
  record.id = id;
  if (const auto faults = station_faults(record); !faults.empty())
    return Error::invalid(
        cat({"station ", id, ": ", faults.front().pointer, ": ", faults.front().detail}));
  return record;
}

std::string station_json(const StationRecord& record) {
  return object_json<kStationFields>(Form::kRecord, record);
}

}  // namespace lb
