#include "admin/page/status_json.h"

#include <algorithm>
#include <array>

#include "admin/page/text.h"

namespace lb {
namespace {

// The keys with number values, sorted; all other values are strings.
constexpr auto kNumberKeys = std::to_array<std::string_view>({
    "audio_bitrate",   "audio_channels", "audio_samplerate",   "bitrate",
    "channels",        "connected",      "frame_rate",         "ice-bitrate",
    "ice-channels",    "ice-quality",    "ice-samplerate",     "incoming_bitrate",
    "listener_peak",   "listeners",      "listeners_local",    "mpeg_channels",
    "mpeg_samplerate", "on_demand",      "outgoing_kbitrate",  "quality",
    "queue_size",      "samplerate",     "stream_kbytes_read", "stream_kbytes_sent",
    "video_bitrate",   "video_quality",
});
static_assert(std::is_sorted(kNumberKeys.begin(), kNumberKeys.end()));

constexpr auto kHiddenOfServer = std::to_array<std::string_view>(
    {"clients", "listeners", "listeners_local", "outgoing_kbitrate", "sources", "stats",
     "stream_kbytes_read", "stream_kbytes_sent"});
constexpr auto kHiddenOfSource = std::to_array<std::string_view>(
    {"connected", "incoming_bitrate", "max_listeners", "metadata_updated", "outgoing_kbitrate",
     "player_url", "public", "queue_size", "slow_listeners", "source_ip", "user_agent"});

template <class List>
bool is_among(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool hidden_of_server(std::string_view name) {
  return is_among(kHiddenOfServer, name) || name.find("connections") != name.npos;
}
bool hidden_of_source(std::string_view name) {
  return is_among(kHiddenOfSource, name) || name.find("connections") != name.npos ||
         name.find("total_bytes") != name.npos || name.find("total_mbytes") != name.npos;
}

// Whether the text is a JSON number as it stands, and short enough for every reader: "007", "1.",
// ".5", "+1" and "1e9" are not.
bool is_plain_number(std::string_view text) {
  if (text.empty() || text.size() > 15) return false;
  if (text[0] == '-') text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.find_first_not_of("0123456789") == part.npos;
  };
  if (!digits(whole) || (whole.size() > 1 && whole[0] == '0')) return false;
  return dot == text.npos || digits(text.substr(dot + 1));
}

void append_value(std::string& out, std::string_view name, std::string_view value) {
  if (std::binary_search(kNumberKeys.begin(), kNumberKeys.end(), name)) {
    if (value.empty() || is_plain_number(value)) {
      out += value.empty() ? "null" : value;
      return;
    }
  }
  out += '"';
  append_text(out, value, Escape::kJson);
  out += '"';
}

// Appends the members of one object, each followed by a comma.  last_hidden: whether the last one
// was hidden.
void append_members(std::string& out, const StatsFields& fields, bool (*hidden)(std::string_view),
                    bool& last_hidden) {
  for (const auto& [name, value] : fields) {
    if (!field_is_shown(name, value)) continue;
    last_hidden = hidden(name);
    if (last_hidden) continue;
    out += '"';
    out += name;
    out += "\":";
    append_value(out, name, value);
    out += ',';
  }
}

void end_object(std::string& out, bool last_hidden) {
  if (last_hidden) {
    out += "\"dummy\":null";
  } else if (out.back() == ',') {
    out.pop_back();
  }
  out += '}';
}

}  // namespace

std::string status_json(const StatsDocument& document, const StatusJsonOptions& options) {
  const StatsScope scope{.hidden_too = false, .mount = options.mount};
  std::string sources;
  std::size_t count = 0;
  for (const StatsSource& source : document.sources) {
    if (!in_scope(source, scope)) continue;
    if (count++ > 0) sources += ',';
    bool last_hidden = false;
    sources += '{';
    append_members(sources, source.fields, hidden_of_source, last_hidden);
    end_object(sources, last_hidden);
  }

  std::string out = "{\"icestats\":{";
  bool last_hidden = false;
  append_members(out, document.globals, hidden_of_server, last_hidden);
  const bool array = options.always_array || count > 1;
  if (array || count == 1) {
    out += "\"source\":";
    if (array) out += '[';
    out += sources;
    if (array) out += ']';
    last_hidden = false;
  }
  end_object(out, last_hidden);
  out += '}';
  return out;
}

}  // namespace lb
