// OffAir: since when mounts are off the air, and why.  It knows mounts by name, because a mount may
// end with its source; an upgrade hands it over.
//
// Thread: all functions from any thread; sources end rarely, so one mutex is enough.
// Bounds: kMaxMounts; the mount that went off the air first is forgotten.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "stream/source/end_reason.h"

namespace lb {

// The reasons why a mount is off the air, as in the API and in reports of nodes.
namespace off_air {
inline constexpr std::string_view kRelayLost = "relay-lost", kNodeGone = "node-gone";
}

// The reason for the end of an encoder; "": it does not end the stream.
std::string_view off_air_word(EndReason reason) noexcept;

struct OffAirRow {
  std::int64_t since = 0;  // Unix seconds
  std::string why;         // "": not known
  std::string node;        // of the source; "": this server
};

struct OffAirRecord {
  std::string mount;
  OffAirRow row;
};
template <class Io, RecordOf<OffAirRecord> T>
void record_fields(Io& io, T& saved) {
  auto& [mount, row] = saved;
  auto& [since, why, node] = row;
  io(1, mount, since, why, node);
}

class OffAir {
 public:
  static constexpr std::size_t kMaxMounts = 10'000;

  void note(const std::string& mount, OffAirRow row);
  // The relay of a stream that began at that time is lost; a node may have reported why already.
  void note_relay(const std::string& mount, WallTime began, WallTime now);
  // The last end, even if the mount is on the air again; nullopt: none known.
  std::optional<OffAirRow> of(const std::string& mount) const;
  std::vector<OffAirRecord> save() const;

 private:
  void put(const std::string& mount, OffAirRow row);

  mutable std::mutex mutex_;
  std::map<std::string, OffAirRow> rows_;
};

}  // namespace lb
