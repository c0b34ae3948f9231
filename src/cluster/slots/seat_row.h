// SeatRow: what two nodes say to each other of a user that listens to a mount, where
// <sessions-per-user> limits that over the whole cluster (doc/link.md, SEAT).
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
  kHave,  // one listens already
  kOff,   // … and has left
  // -- down
  kYes,
  kNo,
  kDrop,  // another session takes its place: it ends
};
std::string_view to_text(SeatAct act) noexcept;
std::optional<SeatAct> parse_seat_act(std::string_view text) noexcept;

struct SeatRow {
  std::string mount;
  std::string user;          // not the name itself: seat_user()
  std::string who;           // address and player, seat_user() of them; "": not known
  std::uint64_t number = 0;  // of the seat, by the lower node
  SeatAct act = SeatAct::kAsk;
  unsigned most = 1;  // sessions of this user at once
  bool drop = false;  // the oldest one gives way

  bool operator==(const SeatRow&) const = default;
};
constexpr unsigned kMaxSeatsOfUser = 1000;

}  // namespace lb
