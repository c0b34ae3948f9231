// playlist_stage(): NAME.m3u, NAME.pls and NAME.xspf of a mount whose listeners are redirected: the
// best nodes first, this server last.  The list redirects players that cannot follow a 302, and
// gives every player another address when its node ends.
//
// Each address has the list's query, and a token of one minute for a node that checks tokens.  A
// player that reuses the address later counts as one without a token.
//
// Without redirecting, and for names of files, the request passes to the next stages.
// Source: doc/redirects.md.
#include <array>

#include "app/cluster/cluster_service.h"
#include "app/join/stages.h"
#include "app/request/redirecting.h"
#include "app/request/request_config.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "cluster/balance/redirect_reply.h"
#include "config/settings/config.h"
#include "http/playlist.h"
#include "http/static_files.h"

namespace lb {
namespace {

constexpr std::size_t kMaxNodes = 3;

struct Kind {
  std::string_view ending;
  std::string_view type;
  std::string (*print)(std::span<const std::string> addresses);
};
constexpr auto kKinds = std::to_array<Kind>({
    {".m3u", kM3uType, m3u_of},
    {".pls", kPlsType, pls_of},
    {".xspf", kXspfType, xspf_of},
});

const Kind* kind_of(std::string_view path) {
  for (const Kind& kind : kKinds)
    if (path.size() > kind.ending.size() + 1 && path.ends_with(kind.ending)) return &kind;
  return nullptr;
}

}  // namespace

Verdict playlist_stage(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  if (!network.cluster->redirects()) return Verdict::kNext;
  const Request& request = connection.request();
  const Kind* kind = kind_of(request.path);
  if (kind == nullptr || network.files.read()->has_file(request.path)) return Verdict::kNext;
  std::string mount = request.path.substr(0, request.path.size() - kind->ending.size());
  if (!network.mounts.find(mount)) return Verdict::kNext;
  const auto config = config_of(network, connection);
  const std::string host = playlist_host(request.headers.get("host"), config->hostname,
                                         config->port, connection.secure());
  std::string own = (connection.secure() ? "https://" : "http://") + host;
  RedirectAsk ask = make_redirect_ask(network, connection, mount, *network.cluster->facts());
  ask.direct = false;  // a player that reads a list follows it
  network.loops.control().post([&worker, id = connection.id(), kind, ask = std::move(ask),
                                own = std::move(own), query = request.query] {
    std::vector<std::string> addresses;
    for (const auto& place : worker.services.cluster->best_places(ask, kMaxNodes))
      addresses.push_back(redirect_location(place.origin, ask.mount, query, place.token));
    // A draining server would answer 503, so it is left out.
    if (addresses.empty() || !worker.services.drain.draining())
      addresses.push_back(redirect_location(own, ask.mount, query, {}));
    worker.answer(id, [kind, body = kind->print(addresses)](Connection& waiting) {
      ResponseHead head;
      head.content_type = kind->type;
      head.extra =
          cat({"Content-Disposition: attachment; filename=\"listen", kind->ending, "\"\r\n"});
      waiting.reply_whole(std::move(head), body);
    });
  });
  return Verdict::kPending;
}

}  // namespace lb
