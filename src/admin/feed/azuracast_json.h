// What plays now, in the form of AzuraCast's API, for the widgets, apps and bots that read it:
// /api/nowplaying, /api/station.
//
// Those programs show a title as soon as they have it.  So it is told when a player that began with
// a burst hears it, not before.
//
// Thread: plain values, pure functions.
// Source: the types of AzuraCast's published Api_NowPlaying.  What this server does not know is
// empty, 0 or null there.
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

// As a player hears it that began with a burst: without a title that is still to come, if there is
// one before it.
NowMount as_heard(NowMount now, std::int64_t now_ms);
// So long until its newest title is heard; 0: it is.
std::int64_t heard_in_ms(const NowMount& now, std::int64_t now_ms) noexcept;

// Frames of the live feed: one for a newcomer, of all channels that it asked for, and one for each
// change of a channel.
// Source: the frames of Centrifugo's uni_sse, as AzuraCast's programs read them.
struct LiveChannel {
  std::string name;               // "station:rock"
  const NowMount* now = nullptr;  // null: the time alone
};
std::string live_connect_json(const std::vector<LiveChannel>& channels, std::int64_t now_ms,
                              const std::string& url);
std::string live_change_json(const LiveChannel& channel, std::int64_t now_ms,
                             const std::string& url);

// By which its programs know a song: the MD5 of the first 150 characters of its text in lower case,
// without space, '-', quotes and ends of lines.
std::string song_id(std::string_view text);

}  // namespace lb
