#include "app/pages/shown_stations.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "admin/feed/now_json.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/mounts/mount_record.h"
#include "config/settings/config.h"

namespace lb {
namespace {

// Skips stations that no address could name, and repeated ids; those of the file come first.
std::vector<const StationSettings*> stations_of(const Config& config) {
  std::vector<const StationSettings*> out;
  std::set<std::string_view> ids;
  for (const StationSettings& station : config.stations)
    if (is_station_id(station.id) && ids.insert(station.id).second) out.push_back(&station);
  for (const auto& [id, station] : config.book.stations) out.push_back(station.get());
  return out;
}

std::int64_t made_at(const MountLayers& layers, const std::string& mount) {
  for (const MountRecords* records : {&layers.store, &layers.external})
    if (const auto* record = records->look_up(mount)) return (*record)->made;
  return 0;
}

std::string free_id(const std::string& wanted, std::set<std::string>& taken) {
  std::string id = wanted;
  for (unsigned number = 2; !taken.insert(id).second; ++number) id = cat({wanted, "_", number});
  return id;
}

}  // namespace

const StationSettings* find_station(const Config& config, std::string_view id) noexcept {
  if (!is_station_id(id)) return nullptr;
  const auto at = std::ranges::find(config.stations, id, &StationSettings::id);
  if (at != config.stations.end()) return &*at;
  const auto* made = config.book.stations.look_up(id);
  return made == nullptr ? nullptr : made->get();
}

bool is_of_record(const Config& config, const StationSettings& station) noexcept {
  const auto* made = config.book.stations.look_up(station.id);
  return made != nullptr && made->get() == &station;
}

const StationSettings* station_of(const Config& config, std::string_view mount) noexcept {
  const auto at = std::ranges::find_if(config.stations, [&](const StationSettings& station) {
    return std::ranges::find(station.mounts, mount) != station.mounts.end() &&
           find_station(config, station.id) == &station;
  });
  if (at != config.stations.end()) return &*at;
  const auto* const naming = config.book.naming.look_up(mount);
  if (naming == nullptr) return nullptr;
  for (const std::string& id : **naming) {
    const auto* made = config.book.stations.look_up(id);
    if (made != nullptr && std::ranges::find((*made)->mounts, mount) != (*made)->mounts.end())
      return made->get();
  }
  return nullptr;
}

std::vector<ShownStation> shown_stations(const Config& config,
                                         const std::vector<std::string>& streams) {
  std::map<std::string_view, std::uint64_t> numbers;
  for (const std::string& stream : streams) numbers.emplace(stream, numbers.size() + 1);
  const auto configured = stations_of(config);
  std::map<std::string_view, const StationSettings*> by_mount;  // the first that names the mount
  for (const StationSettings* station : configured)
    for (const std::string& mount : station->mounts) by_mount.emplace(mount, station);
  std::vector<ShownStation> out;
  std::set<std::string> taken;
  for (const StationSettings* station : configured) {
    ShownStation shown{0, station->id, station, {}};
    for (const std::string& mount : station->mounts)
      if (numbers.contains(mount) && by_mount.at(mount) == station) shown.mounts.push_back(mount);
    if (shown.mounts.empty()) continue;
    taken.insert(station->id);
    shown.number = numbers.at(shown.mounts.front());
    out.push_back(std::move(shown));
  }
  std::vector<std::pair<std::int64_t, const std::string*>> single;
  for (const std::string& stream : streams)
    if (!by_mount.contains(stream))
      single.emplace_back(made_at(config.book.layers, stream), &stream);
  std::ranges::stable_sort(single, {}, [](const auto& one) { return one.first; });
  for (const auto& [made, stream] : single)
    out.push_back({numbers.at(*stream), free_id(station_id(*stream), taken), nullptr, {*stream}});
  std::ranges::sort(out, {}, &ShownStation::number);
  return out;
}

const ShownStation* find_shown_station(const std::vector<ShownStation>& stations,
                                       std::string_view id) noexcept {
  auto at = std::ranges::find(stations, id, &ShownStation::id);
  if (const auto number = parse_u64(id); at == stations.end() && number)
    at = std::ranges::find(stations, *number, &ShownStation::number);
  return at == stations.end() ? nullptr : &*at;
}

}  // namespace lb
