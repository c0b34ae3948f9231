#include "app/stages/player_stage.h"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "admin/oembed.h"
#include "admin/player_page.h"
#include "app/cluster/cluster_service.h"
#include "app/services/worker.h"
#include "app/stages/listen_stage.h"
#include "app/stages/request_config.h"
#include "base/cat.h"
#include "base/strings.h"
#include "http/page_headers.h"
#include "http/playlist.h"

namespace lb {
namespace {

// The same stream in other formats: "/live.ogg" beside "/live.mp3".
constexpr auto kEndings =
    std::to_array<std::string_view>({".mp3", ".aac", ".ogg", ".opus", ".flac", ".webm"});
constexpr std::string_view kNoName = "Unspecified name", kNoAbout = "Unspecified description";

struct Shown {
  std::shared_ptr<Mount> mount;
  const MountSettings* section;
};

std::optional<Shown> find_shown(const Services& services, const Config& config,
                                const std::string& name) {
  const MountSettings& section = mount_section(config, name);
  if (section.hidden || section.no_mount) return std::nullopt;
  auto mount = playing_mount(services, config, name, true);
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

PlayerFacts facts_of(const Services& services, const Config& config, const std::string& name,
                     const Shown& shown) {
  const auto facts = shown.mount->facts();
  const MountSettings& section = *shown.section;
  PlayerFacts page;
  page.name = section.stream_name.value_or(fact(facts.get(), "server_name", kNoName));
  page.about =
      section.stream_description.value_or(fact(facts.get(), "server_description", kNoAbout));
  page.genre = section.genre.value_or(fact(facts.get(), "genre", "various"));
  page.title = shown.mount->metadata()->song();
  page.on_air = shown.mount->phase() == MountPhase::kIdle || shown.mount->is_fed();
  page.needs_login = !section.authenticator.type.empty();
  page.streams.push_back(stream_of(name, shown));
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || name.find('/', dot) != std::string::npos) return page;
  for (const std::string_view ending : kEndings) {
    const std::string other = name.substr(0, dot).append(ending);
    if (other == name || !services.mounts.find(other)) continue;
    if (const auto also = find_shown(services, config, other))
      page.streams.push_back(stream_of(other, *also));
  }
  return page;
}

void reply_player(Connection& connection, std::string_view type, std::string lines,
                  std::string body) {
  ResponseHead head;
  head.content_type = type;
  head.content_length = body.size();
  head.extra = std::move(lines);
  connection.reply(head, std::move(body));
}

std::string shown_name(const Shown& shown, const std::string& mount) {
  const auto facts = shown.mount->facts();
  std::string name = shown.section->stream_name.value_or(fact(facts.get(), "server_name", kNoName));
  return name.empty() ? mount : name;
}

// The host that the request came by: a proxy's own name has no port of ours.
std::string host_of(Connection& connection, const Config& config) {
  const std::string_view host = trim(connection.request().headers.get("host"));
  return is_plain_host(host)
             ? std::string(host)
             : playlist_host(host, config.hostname, config.port, connection.secure());
}

// Only of a page of this server: what is said of another one would be made up.
bool is_own_host(Connection& connection, const Config& config, std::string_view host) {
  return iequals(host, host_of(connection, config)) || iequals(host, config.hostname) ||
         iequals(host, playlist_host({}, config.hostname, config.port));
}

}  // namespace

Verdict PlayerStage::answer_oembed(Connection& connection) {
  const Request& request = connection.request();
  const Services& services = worker_.services;
  if (services.files.read()->has_file(request.path)) return Verdict::kNext;
  const auto config = config_of(services, connection);
  const auto page = parse_player_address(query_param(request.query, "url").value_or(""));
  if (!page || !is_own_host(connection, *config, page->host)) return Verdict::kNext;
  const auto shown = find_shown(services, *config, page->mount);
  if (!shown) return Verdict::kNext;
  const std::string format = query_param(request.query, "format").value_or("json");
  if (format != "json" && format != "xml") {
    connection.reply_text(501, "The formats are json and xml");
    return Verdict::kAnswered;
  }
  const auto pixels = [&request](std::string_view name) {
    return parse_u64(query_param(request.query, name).value_or("")).value_or(0);
  };
  const auto print = format == "json" ? oembed_json : oembed_xml;
  reply_player(
      connection, format == "json" ? "application/json; charset=utf-8" : "text/xml; charset=utf-8",
      nosniff_line(services.http.read()->http_headers),
      print(*page, shown_name(*shown, page->mount), {pixels("maxwidth"), pixels("maxheight")}));
  return Verdict::kAnswered;
}

Verdict PlayerStage::handle(Connection& connection) {
  const Request& request = connection.request();
  const Services& services = worker_.services;
  const auto configured = services.http.read();
  if (const auto file = player_file(request.path)) {
    reply_player(connection, file->content_type, nosniff_line(configured->http_headers),
                 std::string(file->bytes));
    return Verdict::kAnswered;
  }
  if (request.path == kOembedPath) return answer_oembed(connection);
  if (services.files.read()->has_file(request.path)) return Verdict::kNext;
  const std::string name = request.path.substr(kPlayerPath.size());
  const auto config = config_of(services, connection);
  const auto shown = find_shown(services, *config, name);
  if (!shown) return Verdict::kNext;
  PlayerFacts facts = facts_of(services, *config, name, *shown);
  facts.embedded = query_param(request.query, "embed") == "1";
  facts.address = to_text(
      PlayerAddress{connection.secure() ? "https" : "http", host_of(connection, *config), name});
  reply_player(
      connection, "text/html; charset=utf-8",
      player_header_lines(facts.embedded, services.cluster->redirects(), configured->http_headers),
      player_page(facts, player_texts_for(request.headers.get("accept-language"))));
  return Verdict::kAnswered;
}

}  // namespace lb
