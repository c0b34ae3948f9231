// Documents that the tests of this floor share.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "admin/page/stats_tree.h"

namespace lb {

// Texts of hostile or careless encoders, players and administrators.
inline const std::vector<std::string>& hostile_texts() {
  static const std::vector<std::string> texts = {
      "\"\\</script>]]>&\xC3\xA9",
      "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>",
      "a\x01"
      "b\x1B[31m\x7F",
      std::string("a\0b", 3),
      "a\tb\r\nc",
      "Caf\xE9 \xFC"
      "ber",               // Latin-1
      "\xC3",              // cut off
      "\xED\xA0\x80",      // a surrogate
      "\xC0\x80",          // overlong
      "\xF4\x90\x80\x80",  // beyond U+10FFFF
      "\xE2\x80\xA8",      // U+2028
      "\xF0\x9F\x8E\xB5",
      "\xEF\xBB\xBF",
      "\xEF\xBF\xBE\xEF\xBF\xBF",
      "\xC2\x85",
      "&lt;",
      "<!--",
      "\\u0000",
      "-",
      " - ",
      "1.",
      ".5",
      "007",
      "-0",
      "1e999",
      "+1",
      "0x10",
      "NaN",
      "true",
      "null",
      "",
      " ",
      "{}",
      "[]",
  };
  return texts;
}

inline StatsSource sample_source(std::string mount) {
  StatsSource source;
  source.fields = {
      {"bitrate", "128"},
      {"genre", "Rock & Roll"},
      {"listener_peak", "2"},
      {"listeners", "1"},
      {"listenurl", "http://127.0.0.1:8000" + mount},
      {"max_listeners", "unlimited"},
      {"public", "1"},
      {"server_description", "All of it"},
      {"server_name", "Station of " + mount},
      {"server_type", "audio/mpeg"},
      {"server_url", "http://station.example/"},
      {"slow_listeners", "0"},
      {"source_ip", "192.0.2.9"},
      {"stream_start", "Fri, 20 Nov 2026 06:52:17 +0000"},
      {"stream_start_iso8601", "2026-11-20T06:52:17+0000"},
      {"title", "Artist - Song"},
      {"total_bytes_read", "1000"},
      {"total_bytes_sent", "2000"},
      {"user_agent", "libshout/2.4.6"},
  };
  source.mount = std::move(mount);
  return source;
}

inline StatsDocument sample_stats(int sources) {
  static const char* const kMounts[] = {"/a.mp3", "/b & c.mp3", "/d\"<e>.mp3"};
  StatsDocument document;
  document.globals = {
      {"admin", "admin@example.org"},
      {"client_connections", "7"},
      {"clients", "3"},
      {"connections", "9"},
      {"host", "127.0.0.1"},
      {"listeners", "1"},
      {"location", "Testland"},
      {"server_id", "Icecast 2.4.4 (icecast-lb)"},
      {"server_start", "Fri, 20 Nov 2026 06:52:17 +0000"},
      {"server_start_iso8601", "2026-11-20T06:52:17+0000"},
      {"sources", std::to_string(sources)},
      {"stats", "0"},
      {"stats_connections", "0"},
  };
  for (int i = 0; i < sources; ++i) document.sources.push_back(sample_source(kMounts[i]));
  return document;
}

}  // namespace lb
