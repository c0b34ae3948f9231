// PastOwner: for whose record the files of a mount are recorded, as DIR/<mount>/.owner says.
//
// A record that is deleted leaves its recordings to the section that then is responsible for the
// name, which may let all listeners have them.  So it is noted beside them until when they are a
// record's, and stays noted over restarts and where the deletion was not seen.  A record that comes
// back is the same one, and nothing is taken from it: no deletion is believed for ever.
// Thread: pure; read_past_owner() and write_past_owner() wait for a disk.
// Errors: a note that cannot be read counts as that of a record that has ended just now.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace lb {

struct PastOwner {
  static constexpr std::int64_t kNone = -1;

  std::int64_t made = kNone;   // of the last record (MountArchive::since)
  std::int64_t ended_ms = 0;   // Unix; 0: it goes on, or there was none
  std::int64_t before_ms = 0;  // when another record before it ended; 0: there was none

  bool is_over() const noexcept { return made != kNone && ended_ms > 0; }
  bool operator==(const PastOwner&) const = default;
};

// made: of the record that counts now; kNone: none.
PastOwner owner_now(const PastOwner& noted, std::int64_t made, std::int64_t now_ms) noexcept;

// Without a note: of none.
PastOwner read_past_owner(const std::string& dir, const std::string& mount, std::int64_t now_ms);
// The mount's directory is made where it is not there.
Result<void> write_past_owner(const std::string& dir, const std::string& mount,
                              const PastOwner& owner);

}  // namespace lb
