// player_stage(): /listen/STATION and /listen/MOUNT, the page that plays a station or a mount in a
// browser, with its files; and /oembed, by which other sites embed it.
//
// It runs after listen_stage(), so a mount or a file of the web root with the full name wins.  A
// hidden mount, or one that does not play here, gets the same 404 as an unknown one.  The page of a
// <station> exists also while none of its streams plays.
// Thread: its worker.
// Bounds: a page looks up twelve mounts, or those of one <station>, however many mounts there are.
#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/feed/now_json.h"
#include "admin/page/player_page.h"
#include "app/cluster/cluster_service.h"
#include "app/endpoints/stages.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/shown_stations.h"
#include "app/request/request_config.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/page_headers.h"
#include "http/playlist.h"
#include "http/static_files.h"
#include "stream/source/source_facts.h"

namespace lb {
namespace {

// Endings of one stream in several formats: "/live.ogg" beside "/live.mp3".
constexpr auto kEndings =
    std::to_array<std::string_view>({".mp3", ".aac", ".ogg", ".opus", ".flac", ".webm"});
constexpr std::string_view kSheets = "/_lb/player/", kSheetEnding = ".css";

struct Shown {
  std::shared_ptr<Mount> mount;
  const MountSettings* section;
};

std::optional<Shown> find_shown(const Network& network, const Config& config,
                                const std::string& name) {
  const MountSettings& section = mount_section(config, name);
  if (section.hidden || section.no_mount) return std::nullopt;
  auto mount = playing_mount(network, config, name, true);
  if (!mount) return std::nullopt;
  return Shown{std::move(mount), &section};
}

std::string fact(const SourceFacts* facts, const char* key, std::string_view none = {}) {
  if (facts == nullptr) return {};
  const auto at = facts->stats.find(key);
  return at == facts->stats.end() || at->second == none ? std::string() : at->second;
}

PlayerStream stream_of(const std::string& name, const Shown& shown) {
  const auto facts = shown.mount->facts();
  PlayerStream stream{name, facts ? facts->content_type : std::string(),
                      shown.section->bitrate.value_or(fact(facts.get(), "bitrate"))};
  if (const unsigned kbps = shown.mount->shown_kbps(); stream.kbps.empty() && kbps > 0)
    stream.kbps = std::to_string(kbps);
  return stream;
}

std::string shown_name(const Shown& shown, const std::string& mount) {
  const auto facts = shown.mount->facts();
  std::string name =
      shown.section->stream_name.value_or(fact(facts.get(), "server_name", kUnspecifiedName));
  return name.empty() ? mount : name;
}

// The streams of a station; those that play here come first.
std::vector<std::string> streams_of_station(const Network& network, const Config& config,
                                            const StationSettings& station) {
  std::vector<std::string> names;
  for (const std::string& name : station.mounts)
    if (station_of(config, name) == &station && is_shown_stream(network, config, name))
      names.push_back(name);
  // Not of std::ranges: clang 14 cannot compile the subrange that libstdc++'s returns.
  std::stable_partition(names.begin(), names.end(), [&](const std::string& name) {
    const auto mount = network.mounts.find(name);
    return mount && mount->is_fed();
  });
  return names;
}

// The formats of a stream, this one first.  A mount of another account is another stream.
std::vector<std::string> streams_of_mount(const Network& network, const Config& config,
                                          const std::string& name) {
  std::vector<std::string> names{name};
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || name.find('/', dot) != std::string::npos) return names;
  for (const std::string_view ending : kEndings) {
    std::string other = name.substr(0, dot).append(ending);
    if (other != name && network.mounts.find(other) && find_shown(network, config, other) &&
        mount_account(config, other) == mount_account(config, name))
      names.push_back(std::move(other));
  }
  return names;
}

void show_links(PlayerFacts& page, const std::vector<PlayerLink>& links) {
  page.links.clear();
  for (const PlayerLink& link : links)
    if (is_offered(link) && page.links.size() < kMaxPlayerLinks)
      page.links.push_back({link.name, link.url});
}

// names: not empty.  Without a station the page shows the facts of the first.
PlayerFacts facts_of(const Network& network, const Config& config,
                     const std::vector<std::string>& names) {
  PlayerFacts page;
  page.on_air = false;
  for (const std::string& name : names) {
    const auto shown = find_shown(network, config, name);
    page.streams.push_back(shown ? stream_of(name, *shown) : PlayerStream{name, {}, {}});
    if (&name != &names.front()) continue;
    const auto facts = shown ? shown->mount->facts() : nullptr;
    const MountSettings& section = mount_section(config, name);
    page.name = section.stream_name.value_or(fact(facts.get(), "server_name", kUnspecifiedName));
    page.about = section.stream_description.value_or(
        fact(facts.get(), "server_description", kUnspecifiedDescription));
    page.genre = section.genre.value_or(fact(facts.get(), "genre", kUnspecifiedGenre));
    page.needs_login = !section.authenticator.type.empty();
    if (!shown) continue;
    page.title = shown->mount->metadata()->song();
    page.on_air = shown->mount->phase() == MountPhase::kIdle || shown->mount->is_fed();
  }
  page.now = cat({"/api/v1/now", percent_encode(names.front(), true)});
  page.past = config.player.past;
  show_links(page, config.player.links);
  return page;
}

void show_station(PlayerFacts& page, const StationSettings& station) {
  if (!station.name.empty()) page.name = station.name;
  if (!station.description.empty()) page.about = station.description;
  if (!station.genre.empty()) page.genre = station.genre;
  if (station.logo.starts_with('/')) page.logo = station.logo;
  if (!station.links.empty()) show_links(page, station.links);
  if (is_colour(station.colour)) page.sheet = cat({kSheets, station.id, kSheetEnding});
}

// The stream that is a station of its own by this id: "/live.mp3" by "live".
std::optional<std::string> stream_of_id(const Network& network, const Config& config,
                                        std::string_view id) {
  std::vector<std::string> streams;
  for (const std::string_view ending : kEndings) {
    std::string stream = cat({"/", id, ending});
    if (station_id(stream) == id && is_shown_stream(network, config, stream) &&
        station_of(config, stream) == nullptr)
      streams.push_back(std::move(stream));
  }
  if (streams.empty()) return std::nullopt;
  const auto stations = shown_stations(config, streams);
  const auto at = std::ranges::find(stations, id, &ShownStation::id);
  return at == stations.end() ? std::nullopt : std::optional(at->mounts.front());
}

// The subject of a page: a station, one of its mounts, or another mount.
struct Subject {
  const StationSettings* station;  // null: a mount without a station
  std::vector<std::string> streams;
};

// name: "/rock", "/live.mp3" or "/live"; nullopt: no page.
std::optional<Subject> find_subject(const Network& network, const Config& config,
                                    const std::string& name) {
  const StationSettings* station = find_station(config, std::string_view(name).substr(1));
  // A station's record must not take over the page of a mount with that full name.
  if (station != nullptr && is_of_record(config, *station) && station_of(config, name) != station &&
      is_shown_stream(network, config, name))
    station = nullptr;
  if (station != nullptr) {
    Subject subject{station, streams_of_station(network, config, *station)};
    if (!subject.streams.empty()) return subject;
  }
  // A configured mount keeps its page while it does not play, as links to it exist.
  if (!find_shown(network, config, name) && !is_shown_stream(network, config, name)) {
    const auto stream = stream_of_id(network, config, std::string_view(name).substr(1));
    return stream ? find_subject(network, config, *stream) : std::nullopt;
  }
  Subject subject{station_of(config, name), streams_of_mount(network, config, name)};
  if (subject.station == nullptr) return subject;
  // The requested mount, then the other ones of its station.
  subject.streams = {name};
  for (std::string& other : streams_of_station(network, config, *subject.station))
    if (other != name) subject.streams.push_back(std::move(other));
  return subject;
}

std::string subject_name(const Network& network, const Config& config, const Subject& subject) {
  if (subject.station != nullptr && !subject.station->name.empty()) return subject.station->name;
  const std::string& mount = subject.streams.front();
  const auto shown = find_shown(network, config, mount);
  if (!shown && subject.station != nullptr) return subject.station->id;
  if (!shown) return mount_section(config, mount).stream_name.value_or(mount);
  return shown_name(*shown, mount);
}

// The sites that may embed a page, as frame-ancestors lists them.
std::string frames_of(const PlayerSettings& player, bool embedded) {
  std::string sites;
  if (!embedded || std::ranges::find(player.embed, "off") != player.embed.end()) return "'none'";
  if (player.embed.empty() || std::ranges::find(player.embed, "*") != player.embed.end())
    return "*";
  for (const std::string& site : player.embed)
    if (is_framing_site(site)) sites += cat({sites.empty() ? "" : " ", site});
  return sites.empty() ? "'none'" : sites;
}

// The origins of the page's streams.
std::string nodes_of(const Network& network) {
  constexpr std::size_t kMaxNamed = 64;
  if (!network.cluster->redirects()) return {};
  const auto origins = network.cluster->node_origins();
  if (origins.size() > kMaxNamed) return " http: https:";
  std::string nodes;
  for (const std::string& origin : origins) nodes.append(" ").append(origin);
  return nodes;
}

void reply_player(Connection& connection, std::string_view type, std::string lines,
                  std::string body) {
  ResponseHead head;
  head.content_type = type;
  head.extra = std::move(lines);
  connection.reply_whole(std::move(head), std::move(body));
}

// The host of the request: where a proxy has its own name, our port does not apply.
std::string host_of(Connection& connection, const Config& config) {
  const std::string_view host = trim(connection.request().headers.get("host"));
  return is_plain_host(host)
             ? std::string(host)
             : playlist_host(host, config.hostname, config.port, connection.secure());
}

// lang= comes from the embedding site, which knows its own language.
std::string wanted_languages(const Request& request) {
  const auto named = query_param(request.query, "lang");
  const std::string_view header = request.headers.get("accept-language");
  return named ? cat({*named, ",", header}) : std::string(header);
}

// Only pages of this server can be described.
bool is_own_host(Connection& connection, const Config& config, std::string_view host) {
  return iequals(host, host_of(connection, config)) || iequals(host, config.hostname) ||
         iequals(host, playlist_host({}, config.hostname, config.port));
}

Verdict answer_oembed(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  const Network& network = worker.services;
  const auto config = config_of(network, connection);
  const auto page = parse_player_address(query_param(request.query, "url").value_or(""));
  if (!page || !is_own_host(connection, *config, page->host)) return Verdict::kNext;
  const auto subject = find_subject(network, *config, page->mount);
  if (!subject || frames_of(config->player, true) == "'none'") return Verdict::kNext;
  const std::string format = query_param(request.query, "format").value_or("json");
  if (format != "json" && format != "xml") {
    connection.reply_text(501, "The formats are json and xml");
    return Verdict::kAnswered;
  }
  std::uint64_t most[2] = {};  // 0: any
  for (std::size_t side = 0; side < 2; ++side) {
    const std::string_view name = side == 0 ? "maxwidth" : "maxheight";
    const auto given = query_param(request.query, name);
    if (given ? given->empty() : !has_query_param(request.query, name)) continue;
    const auto pixels = given ? parse_u64(*given) : std::nullopt;
    if (!pixels || *pixels == 0) {
      connection.reply_text(400, cat({name, " is not a number of pixels\r\n"}));
      return Verdict::kAnswered;
    }
    most[side] = *pixels;
  }
  const auto print = format == "json" ? oembed_json : oembed_xml;
  reply_player(connection,
               format == "json" ? "application/json; charset=utf-8" : "text/xml; charset=utf-8",
               nosniff_line(network.http.read()->http_headers),
               print(*page, subject_name(network, *config, *subject), {most[0], most[1]}));
  return Verdict::kAnswered;
}

// The style sheet with a station's colour.
Verdict answer_sheet(Worker& worker, Connection& connection, const Config& config) {
  std::string_view id = std::string_view(connection.request().path).substr(kSheets.size());
  if (!id.ends_with(kSheetEnding)) return Verdict::kNext;
  id.remove_suffix(kSheetEnding.size());
  const StationSettings* station = find_station(config, id);
  if (station == nullptr || !is_colour(station->colour)) return Verdict::kNext;
  reply_player(connection, "text/css; charset=utf-8",
               nosniff_line(worker.services.http.read()->http_headers),
               colour_sheet(station->colour));
  return Verdict::kAnswered;
}

}  // namespace

Verdict player_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  const Network& network = worker.services;
  const auto configured = network.http.read();
  const auto config = config_of(network, connection);
  if (!config->player.enabled || network.files.read()->has_file(request.path))
    return Verdict::kNext;
  if (const auto file = player_file(request.path)) {
    reply_player(connection, file->content_type, nosniff_line(configured->http_headers),
                 std::string(file->bytes));
    return Verdict::kAnswered;
  }
  if (request.path == kOembedPath) return answer_oembed(worker, connection);
  if (request.path.starts_with(kSheets)) return answer_sheet(worker, connection, *config);
  const std::string name = request.path.substr(kPlayerPath.size());
  const auto subject = find_subject(network, *config, name);
  if (!subject) return Verdict::kNext;
  PlayerFacts facts = facts_of(network, *config, subject->streams);
  if (subject->station != nullptr) {
    show_station(facts, *subject->station);
    // Titles go on when the station's first stream ends.
    const std::string& id = subject->station->id;
    if (name == cat({"/", id})) facts.now = cat({"/api/v1/now/station:", id});
  }
  facts.embedded = query_param(request.query, "embed") == "1";
  facts.offers_frame = frames_of(config->player, true) != "'none'";
  facts.address = to_text(
      PlayerAddress{connection.secure() ? "https" : "http", host_of(connection, *config), name});
  const bool own_languages = subject->station != nullptr && !subject->station->languages.empty();
  reply_player(connection, "text/html; charset=utf-8",
               player_header_lines(frames_of(config->player, facts.embedded), nodes_of(network),
                                   configured->http_headers),
               player_page(facts, player_texts_for(wanted_languages(request),
                                                   own_languages ? subject->station->languages
                                                                 : config->player.languages)));
  return Verdict::kAnswered;
}

}  // namespace lb
