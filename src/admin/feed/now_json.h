// What plays now, as JSON for pages and apps of listeners: /api/v1/now.
//
// Thread: plain values, pure functions.
// Text: fields may hold any bytes; what is no UTF-8 becomes U+FFFD.
// Shapes: doc/titles.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/command/station.h"
#include "admin/page/shoutcast_pages.h"
#include "stream/log/wall_seams.h"
#include "stream/mount/presenter.h"
#include "stream/source/title_history.h"

namespace lb {

struct ArchiveSight;

// One stream of a programme: another quality of it.
struct NowStream {
  std::string mount, url;  // the whole address
  std::string content_type, bitrate;
  std::string hls_url;  // "": it has no HLS
  std::uint64_t listeners = 0;
  std::uint64_t number = 0;  // as SHOUTcast's sid, from 1
};

// What listeners know as one programme: a <station>, or a stream that is in none.
struct NowStation {
  std::uint64_t number = 0;  // of its first stream
  std::string id;            // letters, digits and '_'
  std::string timezone = "UTC";
  std::string page;  // the path on which it is listened to; "": there is none
  std::string logo;  // a path of this server; "": none
  std::string art;   // likewise: the picture of titles that have none; "": the logo
};

struct NowMount {
  NowStation station;
  ShoutcastStream stream;
  std::string description;
  std::string heard;                 // the fallback that its listeners hear; "": itself
  std::optional<PlayedTitle> title;  // nullopt: none; its text may be all that is known
  bool title_has_time = false;       // the title's `at` is known
  std::vector<PlayedTitle> history;  // before that one, the newest first
  // The newest byte at which a decoder may start; nullopt: the stream has no addresses or times.
  std::optional<StreamAddress> live_at;
  std::optional<std::int64_t> live_ms;
  std::optional<std::int64_t> oldest_ms;  // so far back it may be heard; nullopt: not at all
  std::vector<WallSeam> seams;            // the oldest first
  std::optional<PlayedTitle> next;        // as it was announced, at that time
  std::optional<Presenter> presenter;
  std::vector<NowStream> streams;  // this mount first
  std::int64_t burst_ms = 0;       // so far a player is behind `live` that begins with a burst
};

// The path of the title's picture, else of its station's; "": there is none.
std::string art_path(const NowMount& now, const PlayedTitle& title);
// Where time jumps: {"wall_ms":…,"after_wall_ms":…}
std::string seam_json(const WallSeam& seam);
// Of the recording: {"mount":…,"from_ms":…,"to_ms":…,"titles":[{"wall_ms":…,"text":…}],"seams":[…]}
std::string past_titles_json(std::string_view mount, std::int64_t from_ms, std::int64_t to_ms,
                             const ArchiveSight& sight);
// "live_mp3" is no name for people: "/live.mp3" is "live".
std::string station_id(std::string_view mount);

// The title alone, as it stands in now_json(); "null" without one.
std::string title_json(const NowMount& now);
// The same of what plays next: it has no time.
std::string next_json(const NowMount& now);
std::string now_json(const NowMount& now, std::int64_t now_ms);
// {"now_ms":…,"mounts":[…],"stations":[…]}, each without its history and its place.  stations: each
// with its streams.
std::string now_list_json(const std::vector<NowMount>& all, const std::vector<NowMount>& stations,
                          std::int64_t now_ms);

}  // namespace lb
