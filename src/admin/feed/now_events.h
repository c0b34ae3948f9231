// Changes of a stream, as events of /api/v1/now/MOUNT/events: title, air, next, seam, listeners.
// now_json() has the whole state.
//
// Thread: pure functions.
// Shapes: doc/titles.md.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/feed/now_json.h"

namespace lb {

struct NowEvent {
  std::string_view type;
  std::string data;  // JSON
};
std::vector<NowEvent> now_events(const NowMount& before, const NowMount& after);

}  // namespace lb
