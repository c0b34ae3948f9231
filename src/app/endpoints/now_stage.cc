#include "app/endpoints/now_stage.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "admin/command/recordings.h"
#include "admin/feed/now_json.h"
#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/operate/usage_watch.h"
#include "app/pages/archive_sight.h"
#include "app/pages/now_pages.h"
#include "app/pages/open_past.h"
#include "app/request/past_ask.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "archive/read/download_places.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/page_headers.h"
#include "http/static_files.h"
#include "stream/log/wall_place.h"

namespace lb {

namespace {

constexpr std::int64_t kMaxSlackMs = 1000;

// The first recorded moment from there on; nullopt: none.
std::optional<std::int64_t> recorded_at(const std::vector<ArchiveRange>& past,
                                        std::int64_t wall_ms) {
  if (past.empty() || wall_ms < past.front().from_ms) return std::nullopt;
  for (const ArchiveRange& range : past)
    if (wall_ms < range.to_ms) return std::max(wall_ms, range.from_ms);
  return std::nullopt;
}

std::string exact_url(const std::string& name, const std::string& at) {
  return cat({percent_encode(name, true), "?at=", at, "&exact=1"});
}

// The start for a player that gets the time of its first byte later.
std::string young_place_json(const std::string& name, const Mount& mount) {
  const auto view = mount.channel().newest();
  const auto young = view ? young_place_of_join(*view, mount.settings()->burst_bytes)
                          : std::optional<YoungPlace>();
  JsonWriter json;
  json.begin_object();
  if (young) {
    const std::string at = print_address(young->at);
    json.key("at").text(at);
    json.key("media_ms").number(young->media_ms);
    json.key("url").text(exact_url(name, at));
  } else {
    for (const auto key : {"at", "media_ms", "url"}) json.key(key).null();
  }
  for (const auto key : {"wall_ms", "live_ms", "oldest_ms"}) json.key(key).null();
  json.key("recorded").boolean(false);
  json.end_object();
  return json.take();
}

// The burst, or a later place if the burst would be dropped before it is requested.
WallPlace joining_place(const StreamView& view, std::size_t burst, const WallPlace& oldest,
                        std::int64_t newest_ms) {
  // The burst may begin before the first byte with a time.
  const WallPlace place = place_of_join(view, burst).value_or(oldest);
  const std::int64_t kept_ms =
      oldest.wall_ms + std::min(kMaxSlackMs, (newest_ms - oldest.wall_ms) / 4);
  if (place.wall_ms >= kept_ms) return place;
  return place_at_wall(view, kept_ms).value_or(oldest);
}

void put_place(JsonWriter& json, const std::string& name, const WallPlace& place) {
  const std::string at = print_address(place.at);
  json.key("at").text(at);
  json.key("wall_ms").number(place.wall_ms);
  json.key("media_ms").number(place.media_ms);
  json.key("url").text(exact_url(name, at));
}

void put_recorded(JsonWriter& json, const std::string& name, std::int64_t wall_ms) {
  const std::string ms = std::to_string(1000 + wall_ms % 1000);
  json.key("at").null();
  json.key("media_ms").null();
  json.key("wall_ms").number(wall_ms);
  json.key("url").text(
      cat({percent_encode(name, true), "?from=", wall_ms / 1000, ".", ms.substr(1)}));
}

void reply_now(Connection& connection, const Services& services, std::string body) {
  ResponseHead head;
  head.content_type = "application/json; charset=UTF-8";
  head.extra = nosniff_line(services.http.read()->http_headers);
  connection.reply_whole(std::move(head), std::move(body));
}

}  // namespace

// Refuses as the stream itself would.  Whether there is room for one more listener is checked only
// with enter=1, since a present listener asks too.
bool NowStage::refused_as_the_stream(Connection& connection, const std::string& name) const {
  Services& services = worker_.services;
  const auto config = config_of(services, connection);
  const MountSettings& section = mount_section(*config, name);
  const auto refuse = [&connection](int status, std::string_view reason, std::string_view text) {
    reply_refusal(connection, status, text, cat({"X-Reason: ", reason, "\r\n"}));
    return true;
  };
  if (section.no_mount) return refuse(403, "closed", kClosedName);
  if (answer_if_banned(worker_, connection, name)) return true;
  if (const std::string_view why = services.usage->why_closed(name); !why.empty())
    return refuse(403, why,
                  "The listening hours or the transfer of this station are used up for this month");
  if (query_param(connection.request().query, "enter") != "1") return false;
  if (!section.authenticator.type.empty()) return refuse(401, "login", "The stream needs a login");
  // Another node may have a place.
  if (services.cluster->redirects()) return false;
  if (services.drain.draining())
    return refuse(503, "drain", "The server takes no new listeners just now");
  const auto mount = services.mounts.find(name);
  const auto is_full = [](const Gate& gate, std::int64_t most) {
    return most >= 0 && gate.inside() >= most;
  };
  const std::int64_t of_server = config->limits.max_listeners;
  if ((mount && !mount->settings()->fallback_when_full &&
       is_full(mount->gate(), most_listeners(*mount))) ||
      (of_server > 0 && is_full(services.counters.listeners, of_server)))
    return refuse(403, "full", "All places are taken");
  return false;
}

// Every moment has another answer, so no answer may be cached.
Verdict NowStage::answer_place(Connection& connection, const std::string& name) const {
  const auto refuse = [&connection](int status, std::string_view why) {
    connection.reply_text(status, why);
    return Verdict::kAnswered;
  };
  if (refused_as_the_stream(connection, name)) return Verdict::kAnswered;
  std::optional<std::int64_t> wall_ms;
  if (const auto asked = query_param(connection.request().query, "wall")) {
    const auto wall = parse_u64(*asked);
    if (!wall || *wall > std::numeric_limits<std::int64_t>::max())
      return refuse(400, "wall: a time in Unix milliseconds is wanted");
    wall_ms = static_cast<std::int64_t>(*wall);
  }
  const auto mount = worker_.services.mounts.find(name);
  const auto view = mount ? mount->channel().newest() : nullptr;
  const auto newest = view ? newest_place(*view) : std::nullopt;
  const auto oldest = view ? oldest_place(*view) : std::nullopt;
  const bool is_live = newest && oldest;
  const std::int64_t newest_ms = newest.value_or(WallPlace{}).wall_ms;
  const auto past = wall_ms || is_live ? open_past(worker_.services,
                                                   *config_of(worker_.services, connection), name)
                                       : std::vector<ArchiveRange>();
  std::optional<std::int64_t> recorded_ms;
  // The recording is there while its stream is away.
  if (wall_ms && (!is_live || *wall_ms <= newest_ms)) recorded_ms = recorded_at(past, *wall_ms);
  if (!is_live && !recorded_ms) {
    if (!mount || !mount->is_fed()) return refuse(404, "the stream is off the air");
    if (query_param(connection.request().query, "young") == "1")
      reply_now(connection, worker_.services, young_place_json(name, *mount));
    else
      reply_refusal(connection, 404,
                    "the stream has no times: it began less than three seconds ago, or its format "
                    "has none",
                    "X-Reason: no-times\r\n");
    return Verdict::kAnswered;
  }
  if (mount) mount->note_place(worker_.services.clock.steady());
  const std::int64_t live_ms = is_live ? newest_ms : past.back().to_ms;
  const std::int64_t oldest_ms =
      std::min(is_live ? oldest->wall_ms : live_ms, past.empty() ? live_ms : past.front().from_ms);
  std::optional<WallPlace> place;
  if (is_live && !wall_ms)
    place = joining_place(*view, mount->settings()->burst_bytes, *oldest, live_ms);
  else if (is_live && *wall_ms <= live_ms)
    place = place_at_wall(*view, *wall_ms);
  if (!place && !recorded_ms)
    return refuse(416,
                  cat({"wall: ", *wall_ms, " is not here; there is ", oldest_ms, " to ", live_ms}));
  JsonWriter json;
  json.begin_object();
  if (place)
    put_place(json, name, *place);
  else
    put_recorded(json, name, *recorded_ms);
  json.key("live_ms").number(live_ms);
  json.key("oldest_ms").number(oldest_ms);
  json.key("recorded").boolean(!past.empty());
  json.end_object();
  reply_now(connection, worker_.services, json.take());
  return Verdict::kAnswered;
}

// The titles of a recording, read from its files by a reader of the archive.
Verdict NowStage::answer_titles(Connection& connection, const std::string& name) const {
  const Request& request = connection.request();
  const auto refuse = [&connection](int status, std::string_view why) {
    connection.reply_text(status, why);
    return Verdict::kAnswered;
  };
  Services& services = worker_.services;
  const std::int64_t now_ms = unix_ms(services.clock.wall());
  const auto moment = [&request](std::string_view which, std::int64_t otherwise) {
    const auto text = query_param(request.query, which);
    if (!text) return std::optional(otherwise);
    const auto ms = parse_u64(*text);
    return ms && *ms < std::numeric_limits<std::int64_t>::max()
               ? std::optional(static_cast<std::int64_t>(*ms))
               : std::nullopt;
  };
  // Sources send ahead of the clock, so titles may lie in the future.
  const std::int64_t end_ms = now_ms + std::chrono::milliseconds(TitleHistory::kFurthest).count();
  const auto from = moment("from", 0), to = moment("to", end_ms);
  if (!from || !to)
    return refuse(400, cat({from ? "to" : "from", ": a time in Unix milliseconds is wanted"}));
  if (*from > *to)
    return refuse(400, cat({query_param(request.query, "from") ? "from" : "to", ": ", *from,
                            " is later than the end, ", *to}));
  const auto begins = open_past_begins(services, *config_of(services, connection), name);
  if (!begins) return refuse(404, "nothing of this stream is recorded for everybody that listens");
  const std::int64_t from_ms = std::max(*from, *begins);
  auto place = services.archive->title_searches().try_enter(
      connection.peer(), ArchiveService::kTitleSearches, asks_for_many(worker_, connection));
  if (!place) {
    reply_refusal(connection, 503, "Too many lists of titles are being made\r\n",
                  "Retry-After: 1\r\n");
    return Verdict::kAnswered;
  }
  connection.context().past = std::make_shared<PastAsk>();  // expires when the client leaves
  gather_archive(*services.archive,
                 {name, true, from_ms, *to + 1, now_ms, connection.context().past},
                 [this, place = std::make_shared<DownloadPlaces::Place>(std::move(*place)), name,
                  from_ms, to_ms = *to, id = connection.id()](ArchiveSight sight) {
                   std::string body = past_titles_json(name, from_ms, to_ms, sight);
                   worker_.answer(id, [this, body = std::move(body)](Connection& waiting) mutable {
                     reply_now(waiting, worker_.services, std::move(body));
                   });
                 });
  return Verdict::kPending;
}

Verdict NowStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  if (!is_now_path(request.path)) return Verdict::kNext;
  if (request.method != Method::kGet && request.method != Method::kHead) {
    // Other addresses may be names of mounts.
    if (!request.path.starts_with("/api/v1/")) return Verdict::kNext;
    reply_refusal(connection, 405, "This address takes GET, HEAD\r\n", "Allow: GET, HEAD\r\n");
    return Verdict::kAnswered;
  }
  if (!request.path.starts_with("/api/v1/") &&
      (services.mounts.find(request.path) || services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  for (const std::string_view name : {"history", "wall", "from", "to"})
    if (has_query_param(request.query, name) && !query_param(request.query, name)) {
      connection.reply_text(400, cat({name, ": a number is wanted"}));
      return Verdict::kAnswered;
    }
  if (const auto mount = place_path_mount(services, request.path))
    return answer_place(connection, *mount);
  if (const auto mount = art_path_mount(services, request.path)) {
    const std::string art = present_art(services, *mount);
    if (art.empty()) {
      connection.reply_text(404, "nothing that plays there has a picture");
      return Verdict::kAnswered;
    }
    ResponseHead head;
    head.status = 302;
    head.content_length = 0;
    head.extra = cat({"Location: ", percent_encode(art, true), "\r\n"});
    connection.reply(head, {});
    return Verdict::kAnswered;
  }
  auto ask = now_page_ask(services, request.path, request.query);
  if (const auto* fault = std::get_if<NowFault>(&ask)) {
    connection.reply_text(fault->status, fault->text);
    return Verdict::kAnswered;
  }
  auto& page = std::get<PageAsk>(ask);
  if (page.mount && (query_param(request.query, "from") || query_param(request.query, "to")))
    return answer_titles(connection, *page.mount);
  return get(connection, std::move(page));
}

}  // namespace lb
