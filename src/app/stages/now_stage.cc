#include "app/stages/now_stage.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "app/stages/archive_replies.h"
#include "app/stages/past_access_stage.h"
#include "app/stages/request_config.h"
#include "app/stages/who_asks.h"
#include "app/station/now_pages.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/page_headers.h"
#include "stream/wall_place.h"

namespace lb {

namespace {

// What is recorded and is for every listener of the mount, the oldest first.  A login that decides
// that is asked for where it is played, not here.
std::vector<ArchiveRange> open_past(Worker& worker, Connection& connection,
                                    const std::string& mount) {
  const auto config = config_of(worker.services, connection);
  const MountSettings& section = mount_section(*config, mount);
  if (!section.authenticator.type.empty() || is_past_closed(worker, section, mount) ||
      !worker.services.archive->has(mount))
    return {};
  return ranges_for(worker, mount, earliest_past_ms(worker, connection, section, mount, false));
}

// The moment at which what is recorded goes on from there; nullopt: none.
std::optional<std::int64_t> recorded_at(const std::vector<ArchiveRange>& past,
                                        std::int64_t wall_ms) {
  if (past.empty() || wall_ms < past.front().from_ms) return std::nullopt;
  for (const ArchiveRange& range : past)
    if (wall_ms < range.to_ms) return std::max(wall_ms, range.from_ms);
  return std::nullopt;
}

}  // namespace

// Each moment is another answer, so none is kept.
Verdict NowStage::answer_place(Connection& connection, const std::string& name) const {
  const auto refuse = [&connection](int status, std::string_view why) {
    connection.reply_text(status, why);
    return Verdict::kAnswered;
  };
  const auto mount = worker_.services.mounts.find(name);
  const auto view = mount ? mount->channel().newest() : nullptr;
  const auto newest = view ? newest_place(*view) : std::nullopt;
  const auto oldest = view ? oldest_place(*view) : std::nullopt;
  if (!newest || !oldest)
    return refuse(404,
                  "the stream is off the air, or has no times: it began less than three "
                  "seconds ago, or its format has none");
  const auto past = open_past(worker_, connection, name);
  const std::int64_t oldest_ms =
      past.empty() ? oldest->wall_ms : std::min(oldest->wall_ms, past.front().from_ms);
  std::optional<WallPlace> place;
  std::optional<std::int64_t> recorded_ms;
  if (const auto asked = query_param(connection.request().query, "wall")) {
    const auto wall = parse_u64(*asked);
    if (!wall || *wall > std::numeric_limits<std::int64_t>::max())
      return refuse(400, "wall: a time in Unix milliseconds is wanted");
    const auto wall_ms = static_cast<std::int64_t>(*wall);
    if (wall_ms <= newest->wall_ms) place = place_at_wall(*view, wall_ms);
    if (!place && wall_ms <= newest->wall_ms) recorded_ms = recorded_at(past, wall_ms);
    if (!place && !recorded_ms)
      return refuse(416, cat({"wall: ", wall_ms, " is not here; there is ", oldest_ms, " to ",
                              newest->wall_ms}));
  } else {
    place = place_of_join(*view, mount->settings()->burst_bytes);
    // A burst reaches back to where there were no times yet.
    if (!place) place = oldest;
  }
  JsonWriter json;
  json.begin_object();
  if (recorded_ms) {
    const std::string ms = std::to_string(1000 + *recorded_ms % 1000);
    json.key("at").null();
    json.key("wall_ms").number(*recorded_ms);
    json.key("url").text(
        cat({percent_encode(name, true), "?from=", *recorded_ms / 1000, ".", ms.substr(1)}));
  } else {
    const std::string at = print_address(place->at);
    json.key("at").text(at);
    json.key("wall_ms").number(place->wall_ms);
    json.key("url").text(cat({percent_encode(name, true), "?at=", at, "&exact=1"}));
  }
  json.key("live_ms").number(newest->wall_ms);
  json.key("oldest_ms").number(oldest_ms);
  json.key("recorded").boolean(!past.empty());
  json.end_object();
  std::string body = json.take();
  ResponseHead head;
  head.content_type = "application/json; charset=UTF-8";
  head.content_length = body.size();
  head.extra = nosniff_line(worker_.services.http.read()->http_headers);
  connection.reply(head, std::move(body));
  return Verdict::kAnswered;
}

Verdict NowStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  if (!is_now_path(request.path) ||
      (request.method != Method::kGet && request.method != Method::kHead))
    return Verdict::kNext;
  if (!request.path.starts_with("/api/v1/") &&
      (services.mounts.find(request.path) || services.files.read()->has_file(request.path)))
    return Verdict::kNext;
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
  return get(connection, std::get<PageAsk>(std::move(ask)));
}

}  // namespace lb
