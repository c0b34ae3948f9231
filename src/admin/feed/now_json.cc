#include "admin/feed/now_json.h"

#include "admin/command/recordings.h"
#include "admin/page/json_members.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "media/metadata.h"
#include "stream/source/picture_shelf.h"

namespace lb {
namespace {

// The members that describe a title.
void write_words(JsonWriter& json, const PlayedTitle& title) {
  const SongParts parts = title.parts();
  json.key("text").text(title.title);
  text_or_null(json, "artist", parts.artist);
  json.key("title").text(parts.title);
  text_or_null(json, "album", title.details.album);
  number_or_null(json, "duration_ms", title.details.duration_ms > 0, title.details.duration_ms);
  text_or_null(json, "isrc", title.details.isrc);
}

void write_title(JsonWriter& json, const NowMount& now, const PlayedTitle& title, bool has_time) {
  json.begin_object();
  text_or_null(json, "id", title.place ? print_address(*title.place) : std::string());
  number_or_null(json, "wall_ms", has_time, unix_ms(title.at));
  write_words(json, title);
  text_or_null(json, "art", art_path(now, title));
  text_or_null(json, "url", title.url);
  json.end_object();
}

void write_stream(JsonWriter& json, const NowStream& stream) {
  json.begin_object();
  json.key("mount").text(stream.mount);
  json.key("type").text(stream.content_type);
  number_or_null(json, "bitrate", parse_u64(stream.bitrate));
  text_or_null(
      json, "hls",
      stream.hls_url.empty() ? std::string() : percent_encode(stream.mount, true) + "/live.m3u8");
  json.end_object();
}

void write_next(JsonWriter& json, const NowMount& now) {
  if (!now.next) {
    json.null();
    return;
  }
  json.begin_object();
  write_words(json, *now.next);
  json.end_object();
}

void write_seam(JsonWriter& json, const WallSeam& seam) {
  json.begin_object();
  json.key("wall_ms").number(seam.wall_ms);
  json.key("after_wall_ms").number(seam.after_wall_ms);
  json.end_object();
}

void write_present(JsonWriter& json, const NowMount& now) {
  json.key("title");
  if (now.title)
    write_title(json, now, *now.title, now.title_has_time);
  else
    json.null();
}

// The members that the list and the single answer share.
void write_head(JsonWriter& json, const NowMount& now) {
  json.key("mount").text(now.stream.mount);
  json.key("station").text(now.station.id);
  json.key("on_air").boolean(now.stream.on_air);
  json.key("name").text(now.stream.name);
  json.key("genre").text(now.stream.genre);
  json.key("url").text(now.stream.url);
  json.key("type").text(now.stream.content_type);
  number_or_null(json, "bitrate", parse_u64(now.stream.bitrate));
  json.key("listeners").number(now.stream.listeners);
  write_present(json, now);
}

void write_listed_station(JsonWriter& json, const NowMount& now) {
  json.begin_object();
  json.key("id").text(now.station.id);
  json.key("name").text(now.stream.name);
  json.key("description").text(now.description);
  json.key("genre").text(now.stream.genre);
  json.key("url").text(now.stream.url);
  json.key("timezone").text(now.station.timezone);
  text_or_null(json, "logo", now.station.logo);
  text_or_null(json, "page", now.station.page);
  json.key("on_air").boolean(now.stream.on_air);
  json.key("listeners").number(now.stream.listeners);
  write_present(json, now);
  json.key("mounts").begin_array();
  for (const NowStream& stream : now.streams) json.text(stream.mount);
  json.end_array();
  json.end_object();
}

}  // namespace

std::string art_path(const NowMount& now, const PlayedTitle& title) {
  if (!title.art.empty()) return cat({kPicturePath, title.art});
  return now.station.art.empty() ? now.station.logo : now.station.art;
}

std::string station_id(std::string_view mount) {
  if (mount.starts_with('/')) mount.remove_prefix(1);
  const std::size_t slash = mount.rfind('/'), dot = mount.rfind('.');
  if (dot != std::string_view::npos && dot > 0 && (slash == std::string_view::npos || dot > slash))
    mount = mount.substr(0, dot);
  std::string id;
  for (const char c : mount) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');
    id += plain ? lower : '_';
  }
  return id.empty() ? "_" : id;
}

void write_titles(JsonWriter& json, const NowMount& now, const std::vector<PlayedTitle>& titles) {
  json.begin_array();
  for (const PlayedTitle& one : titles) write_title(json, now, one, true);
  json.end_array();
}

std::string title_json(const NowMount& now) {
  if (!now.title) return "null";
  JsonWriter json;
  write_title(json, now, *now.title, now.title_has_time);
  return json.take();
}

std::string next_json(const NowMount& now) {
  JsonWriter json;
  write_next(json, now);
  return json.take();
}

std::string seam_json(const WallSeam& seam) {
  JsonWriter json;
  write_seam(json, seam);
  return json.take();
}

std::string now_json(const NowMount& now, std::int64_t now_ms) {
  JsonWriter json;
  json.begin_object();
  json.key("now_ms").number(now_ms);
  write_head(json, now);
  json.key("history");
  write_titles(json, now, now.history);
  json.key("next");
  write_next(json, now);
  text_or_null(json, "logo", now.station.logo);
  json.key("live");
  if (now.live_at) {
    json.begin_object();
    json.key("at").text(print_address(*now.live_at));
    number_or_null(json, "wall_ms", now.live_ms);
    json.end_object();
  } else {
    json.null();
  }
  json.key("past");
  if (now.oldest_ms)
    json.begin_object().key("oldest_ms").number(*now.oldest_ms).end_object();
  else
    json.null();
  json.key("seams").begin_array();
  for (const WallSeam& seam : now.seams) write_seam(json, seam);
  json.end_array();
  json.key("streams").begin_array();
  for (const NowStream& stream : now.streams) write_stream(json, stream);
  json.end_array();
  json.key("events").text(cat({"/api/v1/now", percent_encode(now.stream.mount, true), "/events"}));
  json.end_object();
  return json.take();
}

std::string past_titles_json(std::string_view mount, std::int64_t from_ms, std::int64_t to_ms,
                             const ArchiveSight& sight) {
  JsonWriter json;
  json.begin_object();
  json.key("mount").text(mount);
  json.key("from_ms").number(from_ms);
  json.key("to_ms").number(to_ms);
  json.key("titles").begin_array();
  for (const ArchiveTitle& one : sight.titles) {
    const SongParts parts = song_parts(one.title, one.artist);
    json.begin_object();
    json.key("wall_ms").number(one.ms);
    json.key("text").text(one.title);
    text_or_null(json, "artist", parts.artist);
    json.key("title").text(parts.title);
    json.end_object();
  }
  json.end_array();
  json.key("seams").begin_array();
  for (const WallSeam& seam : sight.seams) write_seam(json, seam);
  json.end_array();
  json.end_object();
  return json.take();
}

std::string now_list_json(const std::vector<NowMount>& all, const std::vector<NowMount>& stations,
                          std::int64_t now_ms) {
  JsonWriter json;
  json.begin_object();
  json.key("now_ms").number(now_ms);
  json.key("mounts").begin_array();
  for (const NowMount& now : all) {
    json.begin_object();
    write_head(json, now);
    json.end_object();
  }
  json.end_array();
  json.key("stations").begin_array();
  for (const NowMount& now : stations) write_listed_station(json, now);
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace lb
