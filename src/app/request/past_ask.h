// PastAsk: the part of a mount's past that a request asks for, by its query or its path.
// Thread: pure functions; the ask belongs to its request.
// Source: doc/archive.md; Flussonic's addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "archive/read/stream_start.h"
#include "base/clock.h"
#include "base/result.h"

namespace lb {

// past_access_stage() limits from_ms, and sets earliest_ms, to the past that the client may have.
struct PastAsk : PastMoment {
  enum class Kind : std::uint8_t { kStream, kFile };
  Kind kind = Kind::kStream;
  std::int64_t to_ms = 0;  // of a file
  bool attachment = false;
  bool exact = false;       // of an address: this byte only
  bool unrecorded = false;  // the mount has no past
  bool relative = false;    // of a file: later its address is another one
  std::string path;         // the asked path, where that was not the mount's
  SteadyTime wait_until{};  // deadline for bytes that are not recorded yet
  // Where a stream begins, once known: in a recorded file, or at this byte of the live log.
  std::variant<std::monostate, ShiftedStart, StreamAddress> begins;

  bool is_placed() const noexcept { return begins.index() != 0; }
};

// nullopt: the query asks for no past.  Errors: kInvalid, for the client.
Result<std::optional<PastAsk>> past_of_query(std::string_view query, std::int64_t now_ms);
// "/live.mp3/archive-1795158000-3600.mp3" → the mount and the ask.
struct PastPath {
  std::string mount;
  PastAsk ask;
};
std::optional<PastPath> past_of_path(std::string_view path);

}  // namespace lb
