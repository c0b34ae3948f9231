// SeatRow: a user that listens to a mount with <sessions-per-user>, as one node reports it to
// another (doc/link.md, SEAT).
//
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lb {

enum class SeatAct : std::uint8_t {
  // -- up
  kAsk,   // a user wants to listen
  kHave,  // a user listens already
  kOff,   // the listener has left
  // -- down
  kYes,
  kNo,
  kDrop,  // another session takes its place, so this one ends
};
std::string_view to_text(SeatAct act) noexcept;
std::optional<SeatAct> parse_seat_act(std::string_view text) noexcept;

struct SeatRow {
  std::string mount;
  std::string user;          // seat_user() of the name, not the name itself
  std::string who;           // seat_user() of address and player; "": not known
  std::uint64_t number = 0;  // of the seat, given by the lower node
  SeatAct act = SeatAct::kAsk;
  unsigned most = 1;  // sessions of this user at once
  bool drop = false;  // the oldest session gives way

  bool operator==(const SeatRow&) const = default;
};
constexpr unsigned kMaxSeatsOfUser = 1000;

}  // namespace lb
