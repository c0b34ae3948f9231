// The record of a station, a programme as listeners know it; the API makes it, as JSON.
// Thread: plain values, pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "config/settings/station_settings.h"

namespace lb {

inline constexpr std::size_t kMaxStationMounts = 32;

// Whether it is an id of a <station> and not only digits, which are AzuraCast's station numbers.
bool is_record_station_id(std::string_view id) noexcept;
// Whether the path of this server ends like a picture: "/rock.png", or "/_lb/art/…" for one taken
// by the API.
bool is_station_picture(std::string_view path) noexcept;
// The faults of its members, except their lengths.
std::vector<JsonFault> station_faults(const StationRecord& record);

// id: of the key.  Errors: kInvalid, by the first fault.
Result<StationRecord> parse_station(std::string_view id, std::string_view json);
std::string station_json(const StationRecord& record);

}  // namespace lb
