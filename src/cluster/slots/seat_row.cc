#include "cluster/slots/seat_row.h"

namespace lb {
namespace {

struct ActName {
  SeatAct act;
  std::string_view text;
};
constexpr ActName kActNames[] = {{SeatAct::kAsk, "ask"}, {SeatAct::kHave, "have"},
                                 {SeatAct::kOff, "off"}, {SeatAct::kYes, "yes"},
                                 {SeatAct::kNo, "no"},   {SeatAct::kDrop, "drop"}};

}  // namespace

std::string_view to_text(SeatAct act) noexcept {
  for (const ActName& row : kActNames)
    if (row.act == act) return row.text;
  return "";
}

std::optional<SeatAct> parse_seat_act(std::string_view text) noexcept {
  for (const ActName& row : kActNames)
    if (row.text == text) return row.act;
  return std::nullopt;
}

}  // namespace lb
