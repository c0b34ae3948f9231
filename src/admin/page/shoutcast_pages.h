// SHOUTcast's pages about a stream, for players, widgets and collectors that request its addresses,
// and the printers of the titles played lately.
//
// Thread: plain values, pure functions.
// Text: fields may hold any bytes; printing makes them valid and escapes them.
// Source: the documented answers of SHOUTcast DNAS 1.9.8 (/7.html) and 2 (/stats, /played,
// /currentsong).  DNAS counts distinct listeners and their listening time; here the first number is
// all listeners and the second is 0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stream/source/title_history.h"

namespace lb {

struct ShoutcastStream {
  std::string mount;
  bool on_air = false;
  std::uint64_t listeners = 0, peak = 0, most = 0, hits = 0, uptime_seconds = 0;
  std::string title, name, genre, url, bitrate, samplerate, content_type, version;
  bool listed = false;  // in directories
};

// "…<body>listeners,on air,peak,most,unique,bitrate,title</body></html>"
std::string shoutcast_7_html(const ShoutcastStream& stream);
std::string shoutcast_stats_xml(const ShoutcastStream& stream);
// For SHOUTcast 1's admin.cgi?mode=viewxml, which panels poll: with listeners and played titles.
struct ShoutcastListener {
  std::string address, agent;
  std::uint64_t id = 0, seconds = 0;
};
std::string shoutcast_view_xml(const ShoutcastStream& stream,
                               const std::vector<ShoutcastListener>& listeners,
                               const std::vector<PlayedTitle>& played);
std::string shoutcast_stats_json(const ShoutcastStream& stream);
std::string shoutcast_played_xml(const std::vector<PlayedTitle>& played);
std::string shoutcast_played_json(const std::vector<PlayedTitle>& played);

struct MountHistory {
  std::string mount;
  std::string name;                 // of the stream; "": none
  std::vector<PlayedTitle> played;  // the newest first
};
// <history><source mount=…><server_name/><played><at/><clock/><title/></played>…: for played.xsl.
std::string history_xml(const std::vector<MountHistory>& mounts);
// {"history":[{"mount":"/live.mp3","played":[{"title":"…","at":"2026-11-20T06:52:24Z",
//  "unix":1790000000},…]},…]}
std::string history_json(const std::vector<MountHistory>& mounts);

}  // namespace lb
