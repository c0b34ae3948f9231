// The shown stations: all of <station> and of records, and one for each other stream.
//
// Thread: pure functions; results point into the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lb {

struct Config;
struct StationSettings;

struct ShownStation {
  std::uint64_t number = 0;  // the sid of its first stream
  std::string id;
  const StationSettings* settings = nullptr;  // null: a stream without a station
  std::vector<std::string> mounts;            // shown ones; the first is played
};

// The station with this id, or of this mount; null: none.  If two stations name a mount, the first
// has it: stations of the file come in their order, then stations of records by id.
const StationSettings* find_station(const Config& config, std::string_view id) noexcept;
const StationSettings* station_of(const Config& config, std::string_view mount) noexcept;
bool is_of_record(const Config& config, const StationSettings& station) noexcept;

// streams: all shown ones, in the order of their numbers; the stations have the order of their
// first streams.  If two streams get one id, the one whose account has had its mount longest keeps
// it and the next gets "_2", so that no other account can take it over.  A station without a shown
// stream is left out.
std::vector<ShownStation> shown_stations(const Config& config,
                                         const std::vector<std::string>& streams);
// By id, else by number; null: neither matches.
const ShownStation* find_shown_station(const std::vector<ShownStation>& stations,
                                       std::string_view id) noexcept;

}  // namespace lb
