// The record of a station: what listeners know as one programme, made by the API; it is JSON.
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

// As of a <station>, and not of digits alone: those are numbers of stations.
bool is_record_station_id(std::string_view id) noexcept;
// A path of this server that is a picture by its name: "/rock.png", or "/_lb/art/…" of one that the
// API took.
bool is_station_picture(std::string_view path) noexcept;
// What is wrong with its members, but for their lengths.
std::vector<JsonFault> station_faults(const StationRecord& record);

// id: of the key.  Errors: kInvalid, by the first fault.
Result<StationRecord> parse_station(std::string_view id, std::string_view json);
std::string station_json(const StationRecord& record);

}  // namespace lb
