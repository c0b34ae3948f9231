// now_feed_stage(): titles as server-sent events, without a login: GET /api/v1/now/MOUNT/events,
// and AzuraCast's /api/live/nowplaying/sse, unless a mount or a file of the web root has that name.
// Source: doc/titles.md.
// Thread: its worker, where the socket becomes a reader of NowFeeds.
#include <string>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/endpoints/feed_reader.h"
#include "app/endpoints/stages.h"
#include "app/pages/now_feed_ask.h"
#include "app/pages/now_feeds.h"
#include "app/pages/now_pages.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/playlist.h"
#include "http/static_files.h"
#include "stream/listener/listener.h"

namespace lb {
namespace {

// Unread text waits in the log, not in the kernel.
constexpr std::size_t kUnsentBytes = 16 * 1024;

// Marks a reader that another node has redirected, so that it is not redirected again.
constexpr std::string_view kSentHere = "lb-sent";

void refuse_reader(Connection& connection) {
  reply_refusal(connection, 503, "There is no place for one more reader of events\r\n",
                "Retry-After: 5\r\n");
}

// Redirects to the node that a listener would get, or from an edge to its master.
Verdict send_reader_elsewhere(Worker& worker, Connection& connection) {
  Services& services = worker.services;
  const Request& request = connection.request();
  if (query_param(request.query, kSentHere)) {
    refuse_reader(connection);
    return Verdict::kAnswered;
  }
  const std::string mount = feed_path_mount(services, request.path).value_or("");
  services.loops.control().post([&worker, &services, id = connection.id(), target = request.target,
                                 asked = make_redirect_ask(services, connection, mount,
                                                           *services.cluster->facts())] {
    std::optional<std::string> origin;
    if (auto places = services.cluster->best_places(asked, 1); !places.empty())
      origin = std::move(places.front().origin);
    if (!origin) origin = services.links->masters().origin(asked.scheme);
    if (!origin) origin = services.relays->master_origin(asked.scheme);
    worker.answer(id, [target, origin = std::move(origin)](Connection& waiting) {
      if (!origin) return refuse_reader(waiting);
      ResponseHead head;
      head.status = 307;
      head.content_length = 0;
      head.extra = cat({"Location: ", *origin, target,
                        target.find('?') == std::string::npos ? "?" : "&", kSentHere, "=1\r\n"});
      waiting.reply(head, {});
    });
  });
  return Verdict::kPending;
}

// REQUIRES: its place is in its context.
Verdict join_feed(Worker& worker, Connection& connection, NowFeeds::Seat seat) {
  Services& services = worker.services;
  const Request& request = connection.request();
  auto preamble = std::make_unique<Preamble>();
  preamble->head = feed_head_text(services, true);
  RequestFacts asked(request, connection.user);
  const std::string last_id(request.headers.get("last-event-id"));
  const std::uint64_t id = connection.id();
  // A reader does not count in <clients>.
  connection.context().client_pass.leave();
  auto notice = std::move(connection.context().let_in.notice);
  auto reader = std::make_unique<Listener>(id, connection.take_transport(), std::move(asked));
  reader->preamble = std::move(preamble);
  reader->joined = worker.loop.now();
  reader->notice = std::move(notice);
  reader->transport->limit_unsent(kUnsentBytes);
  services.now_feeds->join(worker.loop.id(), std::move(reader), std::move(seat), last_id);
  return Verdict::kAnswered;
}

}  // namespace

Verdict now_feed_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  Services& services = worker.services;
  const bool live = request.path == kLiveFeedPath;
  if (live && (services.mounts.find(request.path) || services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  const auto config = config_of(services, connection);
  auto asked = now_feed_ask(services, request.path, request.query,
                            cat({connection.secure() ? "https://" : "http://",
                                 playlist_host(request.headers.get("host"), config->hostname,
                                               config->port, connection.secure())}));
  if (!asked) return Verdict::kNext;
  if (const auto* fault = std::get_if<NowFault>(&*asked)) {
    connection.reply_text(fault->status, fault->text);
    return Verdict::kAnswered;
  }
  auto& ask = std::get<NowFeedAsk>(*asked);
  if (request.method == Method::kHead) {
    connection.reply(feed_head(), {});
    return Verdict::kAnswered;
  }
  if (services.drain.draining()) return send_reader_elsewhere(worker, connection);
  auto place = services.now_feeds->enter(connection.peer());
  if (!place) return send_reader_elsewhere(worker, connection);
  connection.context().let_in.notice = std::move(place->notice);
  if (auto seat = services.now_feeds->find(ask.key()); seat.feed != nullptr)
    return join_feed(worker, connection, std::move(seat));
  services.loops.control().post([&worker, &services, ask = std::move(ask),
                                 address = std::move(place->address),
                                 id = connection.id()]() mutable {
    services.now_feeds->make(std::move(ask), address, [&worker, id](NowFeeds::Seat made) {
      worker.answer(id, [&worker, seat = std::move(made)](Connection& waiting) mutable {
        if (seat.feed == nullptr) {
          waiting.context().let_in.notice.reset();
          send_reader_elsewhere(worker, waiting);
        } else {
          join_feed(worker, waiting, std::move(seat));
        }
      });
    });
  });
  return Verdict::kPending;
}

}  // namespace lb
