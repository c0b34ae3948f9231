#include "stream/source/title_line.h"

#include <cstddef>

#include "base/cat.h"
#include "base/json.h"
#include "http/access_line.h"

namespace lb {
namespace {

std::string json_line(const TitleFacts& facts, WallTime now, std::size_t most) {
  JsonWriter out;
  out.begin_object();
  out.key("time").text(rfc3339_time(now));
  out.key("mount").text(facts.mount.substr(0, most));
  out.key("listeners").number(facts.listeners);
  out.key("title").text(facts.title.substr(0, most));
  out.end_object();
  return out.take();
}

}  // namespace

std::string title_line(LogFormat format, const TitleFacts& facts, WallTime now) {
  if (format == LogFormat::kText) {
    return cat({clf_time(now), "|", facts.mount, "|", facts.listeners, "|", facts.title});
  }
  // The texts are halved until the line fits with all escapes.
  for (std::size_t most = Log::kMaxBytes;; most /= 2) {
    std::string line = json_line(facts, now, most);
    if (line.size() <= Log::kMaxBytes) return line;
  }
}

}  // namespace lb
