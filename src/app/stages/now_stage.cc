#include "app/stages/now_stage.h"

#include <limits>
#include <utility>

#include "app/services/worker.h"
#include "app/station/now_pages.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/strings.h"
#include "http/page_headers.h"
#include "stream/wall_place.h"

namespace lb {

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
  std::optional<WallPlace> place;
  if (const auto asked = query_param(connection.request().query, "wall")) {
    const auto wall = parse_u64(*asked);
    if (!wall || *wall > std::numeric_limits<std::int64_t>::max())
      return refuse(400, "wall: a time in Unix milliseconds is wanted");
    const auto wall_ms = static_cast<std::int64_t>(*wall);
    if (wall_ms <= newest->wall_ms) place = place_at_wall(*view, wall_ms);
    if (!place)
      return refuse(416, cat({"wall: ", wall_ms, " is not here; there is ", oldest->wall_ms, " to ",
                              newest->wall_ms}));
  } else {
    place = place_of_join(*view, mount->settings()->burst_bytes);
    // A burst reaches back to where there were no times yet.
    if (!place) place = oldest;
  }
  JsonWriter json;
  const std::string at = print_address(place->at);
  json.begin_object();
  json.key("at").text(at);
  json.key("wall_ms").number(place->wall_ms);
  json.key("url").text(cat({percent_encode(name, true), "?at=", at, "&exact=1"}));
  json.key("live_ms").number(newest->wall_ms);
  json.key("oldest_ms").number(oldest->wall_ms);
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
  auto ask = now_page_ask(services, request.path, request.query);
  if (const auto* fault = std::get_if<NowFault>(&ask)) {
    connection.reply_text(fault->status, fault->text);
    return Verdict::kAnswered;
  }
  return get(connection, std::get<PageAsk>(std::move(ask)));
}

}  // namespace lb
