// What plays now, as JSON for pages and apps of listeners: /api/v1/now.
//
// Thread: plain values, pure functions.
// Text: fields may have any bytes; invalid UTF-8 becomes U+FFFD.
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

class JsonWriter;
struct ArchiveSight;

// One stream of a programme: another quality of it.
struct NowStream {
  std::string mount, url;  // the whole address
  std::string content_type, bitrate;
  std::string hls_url;  // "": no HLS
  std::uint64_t listeners = 0;
  std::uint64_t hls_listeners = 0;  // of these
  std::uint64_t number = 0;         // as SHOUTcast's sid, from 1
};

// What listeners know as one programme: a <station>, or a single stream.
struct NowStation {
  std::uint64_t number = 0;  // of its first stream
  std::string id;            // letters, digits and '_'
  std::string timezone = "UTC";
  std::string page;  // the path of its player; "": none
  std::string logo;  // a path of this server; "": none
  std::string art;   // a picture for titles without one; "": the logo
};

struct NowMount {
  NowStation station;
  ShoutcastStream stream;
  std::string description;
  std::string heard;                 // the fallback that its listeners hear; "": none
  std::optional<PlayedTitle> title;  // nullopt: none; perhaps only its text is known
  bool title_has_time = false;       // the title's `at` is known
  std::vector<PlayedTitle> history;  // before that one, newest first
  // The newest byte at which a decoder may start; nullopt: the stream has no addresses or times.
  std::optional<StreamAddress> live_at;
  std::optional<std::int64_t> live_ms;
  std::optional<std::int64_t> oldest_ms;  // how far back listeners may go; nullopt: not at all
  std::vector<WallSeam> seams;            // oldest first
  std::optional<PlayedTitle> next;        // as announced, at that time
  std::optional<Presenter> presenter;
  std::vector<NowStream> streams;  // this mount first
  std::int64_t burst_ms = 0;       // how far a player that began with a burst is behind `live`
};

// A list of titles, as the history of now_json().
void write_titles(JsonWriter& json, const NowMount& now, const std::vector<PlayedTitle>& titles);
// The path of the title's picture, otherwise of its station's; "": none.
std::string art_path(const NowMount& now, const PlayedTitle& title);
// A jump of time: {"wall_ms":…,"after_wall_ms":…}
std::string seam_json(const WallSeam& seam);
// Of the recording: {"mount":…,"from_ms":…,"to_ms":…,"titles":[{"wall_ms":…,"text":…}],"seams":[…]}
std::string past_titles_json(std::string_view mount, std::int64_t from_ms, std::int64_t to_ms,
                             const ArchiveSight& sight);
// A readable id: "/live.mp3" is "live".
std::string station_id(std::string_view mount);

// Only the title, as in now_json(); "null" without one.
std::string title_json(const NowMount& now);
// The same for the next title, which has no time.
std::string next_json(const NowMount& now);
std::string now_json(const NowMount& now, std::int64_t now_ms);
// {"now_ms":…,"mounts":[…],"stations":[…]}, each without history and place. stations: each with its
// streams.
std::string now_list_json(const std::vector<NowMount>& all, const std::vector<NowMount>& stations,
                          std::int64_t now_ms);

}  // namespace lb
