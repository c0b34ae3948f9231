// StatsDocument: the counters of the server as one plain value, and its printers: the icestats XML
// of Icecast, and the EVENT lines of the STATS method.  The JSON form is in status_json.h.
//
// Thread: plain values, pure functions.
// Text: fields may hold any bytes.  Printing makes them valid: bytes that are not UTF-8 are read as
// Latin-1, control characters are left out, the rest is escaped.
// All printers leave out keys that are no XML names (an encoder chooses the keys of ice-audio-info)
// and a server_url that is not http(s) (stock templates put it into href=).
// Source: Icecast 2.4.4's /admin/stats.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace lb {

using StatsFields = std::map<std::string, std::string>;

struct StatsSource {
  std::string mount;
  bool hidden = false;  // <hidden>: not on public pages
  bool running = true;  // false: it has no source and plays a fallback
  StatsFields fields;
};

struct StatsDocument {
  StatsFields globals;
  std::vector<StatsSource> sources;  // sorted by mount, byte order
  SteadyTime counted{};              // when the byte counters were read
};
const StatsSource* find_source(const StatsDocument& document, std::string_view mount) noexcept;
// Icecast sends followers the byte counters of a source every 5 s; so are Icecast-KH's numbers that
// change as often.
constexpr std::chrono::seconds kByteCountPause{5};
// Keeps the byte counters of `before` in `now` until they are that old.
void keep_byte_counters(const StatsDocument& before, StatsDocument& now);

// The part of a document that is shown.
struct StatsScope {
  bool hidden_too = false;           // true for admins only
  std::optional<std::string> mount;  // only this one; the globals stay
};
bool in_scope(const StatsSource& source, const StatsScope& scope);
bool field_is_shown(std::string_view name, std::string_view value);

// <?xml version="1.0"?>\n<icestats>…</icestats>\n
std::string stats_xml(const StatsDocument& document, const StatsScope& scope);

// "EVENT global NAME VALUE\n", "EVENT /mount NAME VALUE\n".  A line of 200 bytes or more is left
// out: clients read into buffers of that size.
std::string stats_event_lines(const StatsDocument& document);
// The changes only.  A removed field has the value "null"; a removed mount is "EVENT /mount null
// null".
std::string stats_event_lines(const StatsDocument& before, const StatsDocument& after);

}  // namespace lb
