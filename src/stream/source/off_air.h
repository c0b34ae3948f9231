// OffAir: since when mounts are off the air, and why.  It knows mounts by name, since one may go
// with its source; it does not outlive the process.
//
// Thread: all functions from any thread; a source ends seldom, so one mutex is enough.
// Bounds: kMaxMounts; the one that went first is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "stream/source/end_reason.h"

namespace lb {

// Why a mount is off the air, as the API has it and as nodes report it.
namespace off_air {
inline constexpr std::string_view kRelayLost = "relay-lost", kNodeGone = "node-gone";
}

// Of the end of an encoder; "": it is not the end of a stream.
std::string_view off_air_word(EndReason reason) noexcept;

struct OffAirRow {
  std::int64_t since = 0;  // Unix seconds
  std::string why;         // "": not known
  std::string node;        // of the source; "": this server
};

class OffAir {
 public:
  static constexpr std::size_t kMaxMounts = 10'000;

  void note(const std::string& mount, OffAirRow row);
  // The relay of a stream that began at that time is lost; a node may have reported why already.
  void note_relay(const std::string& mount, WallTime began, WallTime now);
  // Of the last end, whether or not the mount is on the air again; nullopt: none that is known of.
  std::optional<OffAirRow> of(const std::string& mount) const;

 private:
  void put(const std::string& mount, OffAirRow row);

  mutable std::mutex mutex_;
  std::map<std::string, OffAirRow> rows_;
};

}  // namespace lb
