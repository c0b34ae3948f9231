// StreamPlace: the contents of X-LB-Stream between our servers: the address of a body's first byte,
// its media time and time of day, and the segment numbers of its epoch.
//
//   request   X-LB-Stream: any
// or, for the next wanted byte, X-LB-Stream: <32 hex>.<position>
//   answer    X-LB-Stream: 4f2a…c1.81920; m=3528000/44100; t=1795158080123; z=1795158000100;
//             n=598386000; g=46554; c=6000; h=0; after=<32 hex>.<position>
//
// m: media time of the first unit, samples/rate ("m=0/0": the format has none). t: its wall time,
// z: that of media time 0, both Unix milliseconds; they are missing while the clock of the stream
// is not known yet. r: how many servers read the mount, where they are a crowd. n, g, c: number of
// the epoch's first segment, its generation, the segment time. h: bytes of codec headers in front
// of the byte that has the position. after: the byte wanted was the end of another stream, behind
// which this one follows without a gap.
//
// Thread: pure functions.
// Errors: an invalid line is ignored; so are unknown members.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "stream/log/span.h"

namespace lb {

struct StreamAddress {
  StreamIdentity id{};
  std::uint64_t position = 0;  // counted at the origin

  bool operator==(const StreamAddress&) const = default;
  static constexpr PlainRecord kRecord{.members = 2};
};

// at: nullopt: any place, which the answer names. of_listener: a player that goes on at that byte;
// its answer has only an address, and it stays over seams.
struct StreamAsk {
  std::optional<StreamAddress> at;
  bool of_listener = false;
  bool exact = false;  // a player's: this byte only; false: the next audible one is enough
  static constexpr PlainRecord kRecord{.members = 3};
};

struct StreamPlace {
  StreamAddress at;
  MediaTime media;
  bool anchored = false;
  std::int64_t wall_ms = 0;
  SegmentNumbers segments;
  std::uint64_t header_bytes = 0;
  // Servers that read the mount; 0: too few to matter when they return together (kCrowd).
  std::uint64_t relays = 0;
  std::optional<StreamAddress> after;

  static constexpr std::uint64_t kCrowd = 33;

  // As a span of a log that begins at the byte with the position.
  StreamSpan span() const noexcept;
  bool operator==(const StreamPlace&) const = default;
  static constexpr PlainRecord kRecord{.members = 8};
};

std::string print_address(const StreamAddress& address);
std::optional<StreamAddress> parse_address(std::string_view text) noexcept;

std::string print_stream_ask(const StreamAsk& ask);
std::optional<StreamAsk> parse_stream_ask(std::string_view value) noexcept;

std::string print_stream_place(const StreamPlace& place);
std::optional<StreamPlace> parse_stream_place(std::string_view value) noexcept;

}  // namespace lb
