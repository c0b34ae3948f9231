// What plays now, in the form of AzuraCast's API (/api/nowplaying, /api/station), for its widgets,
// apps and bots.
//
// Those programs show a title at once.  So it is published when a player that began with a burst
// hears it.
//
// Thread: plain values, pure functions.
// Source: AzuraCast's published type Api_NowPlaying.  Unknown values are empty, 0 or null.
#pragma once

#include <string>
#include <vector>

#include "admin/feed/now_json.h"

namespace lb {

// url: of this server, "http://radio.example.org:8000".
std::string nowplaying_json(const NowMount& now, std::int64_t now_ms, const std::string& url);
std::string nowplaying_list_json(const std::vector<NowMount>& all, std::int64_t now_ms,
                                 const std::string& url);
std::string station_json(const NowMount& now, const std::string& url);
std::string station_list_json(const std::vector<NowMount>& all, const std::string& url);

// As heard by a player that began with a burst: without a title that is still to come, if there is
// an earlier one.
NowMount as_heard(NowMount now, std::int64_t now_ms);
// The time until its newest title is heard; 0: it is.
std::int64_t heard_in_ms(const NowMount& now, std::int64_t now_ms) noexcept;

// Frames of the live feed: one for a new reader with all its channels, and one for each change of a
// channel.
// Source: the frames of Centrifugo's uni_sse, as AzuraCast's programs read them.
struct LiveChannel {
  std::string name;               // "station:rock"
  const NowMount* now = nullptr;  // null: the time alone
};
std::string live_connect_json(const std::vector<LiveChannel>& channels, std::int64_t now_ms,
                              const std::string& url);
std::string live_change_json(const LiveChannel& channel, std::int64_t now_ms,
                             const std::string& url);

// The id of a song in those programs: the MD5 of the first 150 characters of its lower-case text,
// without spaces, '-', quotes and line ends.
std::string song_id(std::string_view text);

}  // namespace lb
