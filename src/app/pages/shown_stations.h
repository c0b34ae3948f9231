// The stations that are shown: those of <station> and of records, and for each stream that is in
// none, one of its own.
//
// Thread: pure functions; what they return points into the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

struct Config;
struct StationSettings;

struct ShownStation {
  std::uint64_t number = 0;  // that of its first stream, as SHOUTcast's sid
  std::string id;
  const StationSettings* settings = nullptr;  // null: none names its stream
  std::vector<std::string> mounts;            // of those that are shown; the first one is played
};

// The station that has this id, or this mount; null: none.  Where two name a mount, the first has
// it; those of the file come before those of records, and these in the order of their ids.
const StationSettings* find_station(const Config& config, std::string_view id) noexcept;
const StationSettings* station_of(const Config& config, std::string_view mount) noexcept;
bool is_of_record(const Config& config, const StationSettings& station) noexcept;

// streams: all that are shown, in the order of their numbers.  In the order of their first ones.
// Of streams with one id the mount that its account has longest keeps it, the next one gets "_2":
// no other account takes it by making a mount of such a name.  A station without a stream that is
// shown is left out.
std::vector<ShownStation> shown_stations(const Config& config,
                                         const std::vector<std::string>& streams);
// By its id, else by its number; null: neither.
const ShownStation* find_shown_station(const std::vector<ShownStation>& stations,
                                       std::string_view id) noexcept;

}  // namespace lb
