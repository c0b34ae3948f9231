#include "admin/feed/azuracast_json.h"

#include <algorithm>
#include <utility>

#include "admin/page/json_members.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "media/metadata.h"
#include "net/crypto/digest.h"

namespace lb {
namespace {

constexpr std::string_view kNoSong = "5a6a865199cf5df73b1417326d2ff24f";
constexpr std::size_t kSongCharacters = 150;
constexpr std::size_t kSongsBefore = 5;
constexpr int kPingSeconds = 25;  // a comment keeps quiet connections open

void write_count(JsonWriter& json, std::uint64_t listeners) {
  json.begin_object();
  for (const char* key : {"total", "unique", "current"}) json.key(key).number(listeners);
  json.end_object();
}

std::string_view short_format(std::string_view content_type) {
  if (content_type == "audio/mpeg") return "mp3";
  if (content_type.starts_with("audio/aac")) return "aac";
  if (content_type.ends_with("/ogg")) return "ogg";
  const std::size_t slash = content_type.find('/');
  return slash == std::string_view::npos ? content_type : content_type.substr(slash + 1);
}

void write_mount(JsonWriter& json, const NowStream& stream, bool first) {
  json.begin_object();
  json.key("id").number(stream.number);
  json.key("name").text(stream.mount);
  json.key("url").text(stream.url);
  json.key("bitrate").number(parse_u64(stream.bitrate).value_or(0));
  json.key("format").text(short_format(stream.content_type));
  json.key("listeners");
  write_count(json, stream.listeners);
  json.key("path").text(stream.mount);
  json.key("is_default").boolean(first);
  json.end_object();
}

void write_station(JsonWriter& json, const NowMount& now, const std::string& url) {
  const std::string own = url + percent_encode(now.stream.mount, true);
  const std::string listen = now.streams.empty() ? own : now.streams[0].url;
  const std::string hls = now.streams.empty() ? std::string() : now.streams[0].hls_url;
  json.begin_object();
  json.key("id").number(now.station.number);
  json.key("name").text(now.stream.name.empty() ? now.stream.mount : now.stream.name);
  json.key("shortcode").text(now.station.id);
  json.key("description").text(now.description);
  json.key("frontend").text("icecast");
  json.key("backend").text("none");
  json.key("timezone").text(now.station.timezone);
  json.key("listen_url").text(listen);
  json.key("url").text(now.stream.url);
  json.key("public_player_url");
  // Client programs expect a value.
  json.text(url + (now.station.page.empty() ? "/" : now.station.page));
  json.key("playlist_pls_url").text(own + ".pls");
  json.key("playlist_m3u_url").text(own + ".m3u");
  json.key("is_public").boolean(true);
  json.key("requests_enabled").boolean(false);
  json.key("mounts").begin_array();
  for (const NowStream& stream : now.streams)
    write_mount(json, stream, &stream == now.streams.data());
  json.end_array();
  json.key("remotes").begin_array().end_array();
  json.key("hls_enabled").boolean(!hls.empty());
  json.key("hls_is_default").boolean(false);
  text_or_null(json, "hls_url", hls);
  std::uint64_t by_hls = 0;
  for (const NowStream& stream : now.streams) by_hls += stream.hls_listeners;
  json.key("hls_listeners").number(by_hls);
  json.end_object();
}

void write_song(JsonWriter& json, const PlayedTitle* title, std::string_view art) {
  const std::string_view text = title != nullptr ? std::string_view(title->title) : "";
  const SongParts parts = title != nullptr ? title->parts() : SongParts();
  json.begin_object();
  json.key("id").text(song_id(text));
  json.key("art").text(art);
  json.key("text").text(text);
  json.key("artist").text(parts.artist);
  json.key("title").text(parts.title);
  json.key("album").text(title != nullptr ? title->details.album : "");
  json.key("genre").text("");
  json.key("isrc").text(title != nullptr ? title->details.isrc : "");
  json.key("lyrics").text("");
  json.key("custom_fields").begin_array().end_array();
  json.end_object();
}

std::int64_t end_ms(const PlayedTitle& title) {
  return unix_ms(title.at) + title.details.duration_ms;
}

// duration_ms 0: not known.
void write_played(JsonWriter& json, const PlayedTitle* title, std::int64_t duration_ms,
                  std::string_view art, std::string_view streamer = {}) {
  const std::int64_t at_ms = title != nullptr ? unix_ms(title->at) : 0;
  json.key("sh_id").number((at_ms / 100) & 0x7fffffff);
  json.key("played_at").number(at_ms / 1000);
  json.key("duration").number(duration_ms / 1000);
  json.key("playlist").text("");
  json.key("streamer").text(streamer);
  json.key("is_request").boolean(false);
  json.key("song");
  write_song(json, title, art);
}

// An announced title.  present: the title before it; the announced one is cued for its end if its
// length is known.
void write_cued(JsonWriter& json, const NowMount& now, const PlayedTitle* present,
                std::string_view art) {
  if (!now.next) {
    json.null();
    return;
  }
  json.begin_object();
  json.key("cued_at").number(unix_ms(now.next->at) / 1000);
  const bool ends = present != nullptr && present->details.duration_ms > 0;
  json.key("played_at").number(ends ? end_ms(*present) / 1000 : 0);
  json.key("duration").number(now.next->details.duration_ms / 1000);
  json.key("playlist").text("");
  json.key("is_request").boolean(false);
  json.key("song");
  write_song(json, &*now.next, art);
  json.end_object();
}

void write_nowplaying(JsonWriter& json, const NowMount& told, std::int64_t now_ms,
                      const std::string& url) {
  const NowMount now = as_heard(told, now_ms);
  std::vector<PlayedTitle> heard = now.history;
  if (now.title) heard.insert(heard.begin(), *now.title);
  const auto art_of = [&](const PlayedTitle& title) {
    const std::string path = art_path(now, title);
    return path.empty() ? path : url + path;
  };
  const PlayedTitle* present = now.stream.on_air && now.title ? heard.data() : nullptr;
  json.begin_object();
  json.key("station");
  write_station(json, now, url);
  json.key("listeners");
  write_count(json, now.stream.listeners);
  json.key("live").begin_object();
  json.key("is_live").boolean(now.presenter.has_value());
  json.key("streamer_name").text(now.presenter ? now.presenter->name : "");
  number_or_null(json, "broadcast_start", now.presenter.has_value(),
                 now.presenter ? now.presenter->since_ms / 1000 : 0);
  json.key("art").null();
  json.end_object();
  json.key("now_playing").begin_object();
  write_played(json, present, present != nullptr ? present->details.duration_ms : 0,
               art_of(present != nullptr ? *present : PlayedTitle()),
               now.presenter ? std::string_view(now.presenter->name) : "");
  std::int64_t elapsed =
      present == nullptr ? 0 : std::max<std::int64_t>(0, now_ms - unix_ms(present->at)) / 1000;
  // Players draw a bar whose length is the sum of these two numbers.
  const std::int64_t length = present != nullptr ? present->details.duration_ms / 1000 : 0;
  if (length > 0) elapsed = std::min(elapsed, length);
  json.key("elapsed").number(elapsed);
  json.key("remaining").number(length > 0 ? length - elapsed : 0);
  json.end_object();
  json.key("playing_next");
  write_cued(json, now, present, art_of(now.next.value_or(PlayedTitle())));
  json.key("song_history").begin_array();
  for (std::size_t i = present != nullptr ? 1 : 0; i < heard.size() && i <= kSongsBefore; ++i) {
    json.begin_object();
    const std::int64_t lasts = i == 0 ? 0 : unix_ms(heard[i - 1].at) - unix_ms(heard[i].at);
    write_played(json, &heard[i], std::max<std::int64_t>(0, lasts), art_of(heard[i]));
    json.end_object();
  }
  json.end_array();
  json.key("is_online").boolean(now.stream.on_air);
  json.key("cache").text("station");
  json.end_object();
}

void write_publication(JsonWriter& json, const LiveChannel& channel, std::int64_t now_ms,
                       const std::string& url) {
  json.begin_object();
  json.key("data").begin_object();
  if (channel.now == nullptr) {
    json.key("time").number(now_ms / 1000);
  } else {
    json.key("np");
    write_nowplaying(json, *channel.now, now_ms, url);
    json.key("current_time").number(now_ms / 1000);
    json.key("triggers").begin_array().end_array();
  }
  json.end_object();
  json.end_object();
}

}  // namespace

std::int64_t heard_in_ms(const NowMount& now, std::int64_t now_ms) noexcept {
  if (!now.title) return 0;
  return std::max<std::int64_t>(0, unix_ms(now.title->at) + now.burst_ms - now_ms);
}

NowMount as_heard(NowMount now, std::int64_t now_ms) {
  while (heard_in_ms(now, now_ms) > 0 && !now.history.empty()) {
    now.title = std::move(now.history.front());
    now.title_has_time = true;
    now.history.erase(now.history.begin());
  }
  return now;
}

std::string live_connect_json(const std::vector<LiveChannel>& channels, std::int64_t now_ms,
                              const std::string& url) {
  JsonWriter json;
  json.begin_object();
  json.key("connect").begin_object();
  json.key("client").text("lb");
  json.key("version").text("icecast-lb");
  json.key("subs").begin_object();
  for (const LiveChannel& channel : channels) {
    json.key(channel.name).begin_object();
    json.key("publications").begin_array();
    write_publication(json, channel, now_ms, url);
    json.end_array();
    json.end_object();
  }
  json.end_object();
  json.key("ping").number(kPingSeconds);
  json.end_object();
  json.end_object();
  return json.take();
}

std::string live_change_json(const LiveChannel& channel, std::int64_t now_ms,
                             const std::string& url) {
  JsonWriter json;
  json.begin_object();
  json.key("channel").text(channel.name);
  json.key("pub");
  write_publication(json, channel, now_ms, url);
  json.end_object();
  return json.take();
}

std::string song_id(std::string_view text) {
  std::string plain;
  std::size_t characters = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins && ++characters > kSongCharacters) break;
    if (std::string_view(" -\"'\r\n").find(c) == std::string_view::npos) plain += c;
  }
  const std::string id = plain.empty() ? std::string() : md5_hex(to_lower(plain));
  return id.empty() ? std::string(kNoSong) : id;
}

std::string nowplaying_json(const NowMount& now, std::int64_t now_ms, const std::string& url) {
  JsonWriter json;
  write_nowplaying(json, now, now_ms, url);
  return json.take();
}

std::string nowplaying_list_json(const std::vector<NowMount>& all, std::int64_t now_ms,
                                 const std::string& url) {
  JsonWriter json;
  json.begin_array();
  for (const NowMount& now : all) write_nowplaying(json, now, now_ms, url);
  json.end_array();
  return json.take();
}

std::string station_json(const NowMount& now, const std::string& url) {
  JsonWriter json;
  write_station(json, now, url);
  return json.take();
}

std::string station_list_json(const std::vector<NowMount>& all, const std::string& url) {
  JsonWriter json;
  json.begin_array();
  for (const NowMount& now : all) write_station(json, now, url);
  json.end_array();
  return json.take();
}

}  // namespace lb
