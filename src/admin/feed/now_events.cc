#include "admin/feed/now_events.h"

#include <algorithm>

#include "base/json.h"

namespace lb {
namespace {

bool same_title(const NowMount& a, const NowMount& b) {
  if (a.title.has_value() != b.title.has_value()) return false;
  return !a.title || (a.title->title == b.title->title && a.title->at == b.title->at &&
                      a.title->place == b.title->place && a.title->art == b.title->art &&
                      a.title->details == b.title->details);
}

}  // namespace

std::vector<NowEvent> now_events(const NowMount& before, const NowMount& after) {
  std::vector<NowEvent> events;
  if (before.stream.on_air != after.stream.on_air) {
    JsonWriter json;
    json.begin_object();
    json.key("on_air").boolean(after.stream.on_air);
    json.end_object();
    events.push_back({"air", json.take()});
  }
  if (!same_title(before, after)) events.push_back({"title", title_json(after)});
  if (before.next.has_value() != after.next.has_value() ||
      (after.next &&
       (after.next->title != before.next->title || after.next->details != before.next->details)))
    events.push_back({"next", next_json(after)});
  for (const WallSeam& seam : after.seams)
    if (std::ranges::find(before.seams, seam) == before.seams.end())
      events.push_back({"seam", seam_json(seam)});
  if (before.stream.listeners != after.stream.listeners) {
    JsonWriter json;
    json.begin_object();
    json.key("listeners").number(after.stream.listeners);
    json.end_object();
    events.push_back({"listeners", json.take()});
  }
  return events;
}

}  // namespace lb
