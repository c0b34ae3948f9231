// stats_stage(): STATS /, the administrator's live feed of all counters (admin/feed/stats_feed.h).
// Thread: its worker; the socket then moves to control.
#include <utility>

#include "admin/feed/stats_feed.h"
#include "app/endpoints/feed_reader.h"
#include "app/endpoints/stages.h"
#include "app/request/refusals.h"
#include "app/request/who_asks.h"
#include "app/services/worker.h"

namespace lb {
namespace {

constexpr std::string_view kStatsWelcome = "HTTP/1.0 200 OK\r\n\r\n";
constexpr std::string_view kWhyNotOwn =
    "STATS has the numbers of the whole server; those of single mounts are in "
    "/admin/stats?mount= and /admin/events\r\n";

}  // namespace

Verdict stats_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kStats) return Verdict::kNext;
  Services& services = worker.services;
  const Asker asker = who_asks(worker, connection);
  if (asker.verdict != Verdict::kNext) return asker.verdict;
  if (asker.identity->has_own_mounts()) {
    services.counters.refused(Refusal::kLogin);
    connection.reply_text(403, std::string(kWhyNotOwn));
    return Verdict::kAnswered;
  }
  if (const Verdict verdict = let_in_role(worker, connection, "STATS"); verdict != Verdict::kNext)
    return verdict;
  Followers::Scope scope;
  scope.addresses = asker.identity->addresses;
  scope.holds = login_holds(worker, connection);
  services.counters.stats_connections.fetch_add(1, std::memory_order_relaxed);
  Followers::Ended ended = feed_reader(worker, connection);
  services.loops.control().post([&services, transport = connection.take_transport(),
                                 scope = std::move(scope), ended = std::move(ended)]() mutable {
    services.stats_feed->add(std::move(transport), std::string(kStatsWelcome), std::move(ended),
                             std::move(scope));
  });
  return Verdict::kAnswered;
}

}  // namespace lb
