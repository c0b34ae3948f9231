// GET /api/v1/live: hands the connection to the LiveFeed, with the rights of its login.
// Thread: the connection's worker.
#include <functional>
#include <string>
#include <utility>

#include "api/records/live_plans.h"
#include "api/request/rights.h"
#include "app/endpoints/api_reply.h"
#include "app/endpoints/feed_reader.h"
#include "app/operate/live_service.h"
#include "app/request/who_asks.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"

namespace lb {
namespace {

LiveScope live_scope(const LiveAsk& ask, const ApiCaller& who) {
  LiveScope scope;
  scope.numbers_of_nodes = sees_all(who);
  scope.node_events = ask.mount.empty() && ask.account.empty();
  scope.event_addresses = who.addresses;
  scope.key = cat({ask.mount, "\n", ask.account, "\n", who.addresses ? "addresses\n" : ""});
  if (ask.listeners) {
    scope.listeners_of = ask.mount;
    scope.addresses = who.addresses;
    scope.key += "listeners\n";
  }
  if (!scope.numbers_of_nodes) {
    scope.sharer = who.account.empty() ? cat({"user ", who.name}) : who.account;
    scope.key += cat({to_text(who.role), "\n", who.account});
    for (const std::string& mount : who.mounts) scope.key += "\n" + mount;
  } else if (ask.mount.empty() && ask.account.empty()) {
    return scope;
  }
  scope.shows = [ask, who](std::string_view mount, std::string_view account) {
    return (ask.mount.empty() || mount == ask.mount) &&
           (ask.account.empty() || account == ask.account) &&
           sees_mount(who, std::string(mount), account);
  };
  return scope;
}

// Whether the login, and its right to the mount that it asked for, are still there: the mount may
// go to another account.
std::function<bool()> ask_holds(Worker& worker, Connection& connection, const LiveAsk& ask,
                                const ApiCaller& who) {
  auto login = login_holds(worker, connection);
  if (ask.mount.empty()) return login;
  return [&services = worker.services, login = std::move(login), mount = ask.mount, who] {
    return (!login || login()) &&
           sees_mount(who, mount, mount_account(*services.config.read(), mount));
  };
}

}  // namespace

void begin_live(Worker& worker, Connection& connection, const ApiRequest& asked,
                const ApiCaller& who) {
  Services& services = worker.services;
  if (connection.request().method == Method::kHead) {
    connection.reply(feed_head(), {});
    return;
  }
  LiveService::Follow reader;
  reader.head = feed_head_text(services);
  reader.last_id = connection.request().headers.get("last-event-id");
  const LiveAsk ask = asked_live(asked);
  reader.holds = ask_holds(worker, connection, ask, who);
  reader.scope = live_scope(ask, who);
  reader.ended = feed_reader(worker, connection);
  reader.refused = [&services, path = asked.path](Transport& transport) {
    const Problem problem{ProblemName::kOverloaded, "too many programs follow what is live"};
    refuse_feed_reader(services, transport, "application/problem+json",
                       problem_json(problem, path));
  };
  reader.transport = connection.take_transport();
  services.live->follow(std::move(reader));
}

}  // namespace lb
