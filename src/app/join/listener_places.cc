#include "app/join/listener_places.h"

#include <utility>
#include <vector>

#include "app/cluster/cluster_links.h"
#include "app/cluster/slot_service.h"
#include "app/join/end_notices.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "stream/mount/mount.h"

namespace lb {

bool count_address(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  const auto config = config_of(network, connection);
  RequestContext& context = connection.context();
  const std::string& path = connection.request().path;
  const unsigned of_server = config->limits.max_per_address;
  const unsigned of_mount = section_of(network, connection).max_per_address;
  if ((of_server == 0 && of_mount == 0) || context.let_in.is_relay() || context.sender.is_server())
    return true;
  const Address& address = connection.peer();
  // A proxy that names no client stands for all of its clients, so no limit applies.
  if (network.http.read()->trusted_proxies.contains(address)) return true;
  std::vector<AddressTally::Pass> places;
  const auto enter = [&](const std::string& name, unsigned limit, std::string_view what) {
    if (limit == 0) return true;
    if (auto entered = network.counters.addresses.try_enter(address, name, limit)) {
      places.push_back(std::move(*entered));
      return true;
    }
    note_arrival(network, context.arrival);
    network.counters.refused(Refusal::kSameAddress);
    network.log.info("listener/limit",
                     cat({"mount ", path, ": ", connection.ip(), " was refused: ", limit,
                          " listeners have its address (", what, "/max-listeners-per-address)"}));
    connection.reply_text(403, "too many listeners from this address");
    return false;
  };
  if (!enter("", of_server, "limits") || !enter(path, of_mount, "mount")) return false;
  context.let_in.notice =
      std::make_unique<CountedNotice>(std::move(context.let_in.notice), std::move(places));
  return true;
}

std::string_view enter_server(Worker& worker, Connection& connection, const Mount& mount,
                              GatePass& total) {
  Network& network = worker.services;
  const auto config = config_of(network, connection);
  if (const std::uint64_t most = config->limits.max_bandwidth;
      most > 0 &&
      static_cast<std::uint64_t>(network.counters.promised.sum.load(std::memory_order_relaxed)) >
          most &&
      !connection.context().is_node_or_relay()) {
    network.counters.refused(Refusal::kBandwidth);
    network.log.info("listener/limit",
                     cat({"mount ", mount.name(), ": ", connection.ip(),
                          " was refused: all listeners together would get more than ", most,
                          " bit/s (limits/max-bandwidth)"}));
    return "server bandwidth reached";
  }
  const std::int64_t most =
      config->limits.max_listeners > 0 ? config->limits.max_listeners : Gate::kNoLimit;
  if (!network.counters.listeners.try_enter(most)) {
    if (!connection.context().is_node_or_relay()) {
      network.counters.refused(Refusal::kListeners);
      return "max listeners reached";
    }
    network.counters.listeners.enter();
  }
  total = GatePass(&network.counters.listeners);
  return {};
}

SlotTry take_slot(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  SlotService& slots = network.links->slots();
  RequestContext& context = connection.context();
  const std::string& mount = connection.request().path;
  auto answer = std::exchange(context.slot, std::nullopt);
  if (answer && answer->pass) return {SlotEntry::kIn, std::move(answer->pass), SlotWord::kNone};
  if (!slots.limits(section_of(network, connection), mount) || context.is_node_or_relay())
    return {};
  if (context.sender.mark != Sender::Mark::kNone) {
    refuse_mark(worker, connection);
    return {SlotEntry::kRefused, {}, SlotWord::kNone};
  }
  if (answer) return {SlotEntry::kNone, {}, answer->word};
  // Reads the clock itself: the loop's time is stale if the process was stopped.
  if (const auto gate = slots.gate_of(mount); gate && gate->try_enter(network.clock.steady()))
    return {SlotEntry::kIn, SlotPass(gate), SlotWord::kNone};
  network.loops.control().post([&slots, mount, index = worker.loop.id(), id = connection.id()] {
    slots.wait(mount, index, id);
  });
  return {SlotEntry::kWaits, {}, SlotWord::kNone};
}

namespace {

// As Icecast: a refused listener of a mount with an authenticator gets 401, even if it was let in.
void refuse(Worker& worker, Connection& connection, std::string_view why) {
  if (section_of(worker.services, connection).authenticator.type.empty())
    connection.reply_text(403, std::string(why));
  else
    reply_unauthorised(connection);
}

}  // namespace

void reply_no_slot(Worker& worker, Connection& connection, SlotWord word) {
  worker.services.counters.refused(Refusal::kMountListeners);
  if (word == SlotWord::kUsed) {
    // No node could let it in: the redirect has done its part.
    note_arrival(worker.services, connection.context().arrival);
    refuse(worker, connection, "max listeners reached");
    return;
  }
  const auto later = [word](Connection& refused) {
    reply_refusal(
        refused, 503, "All listeners' places are taken at the moment, please try again\r\n",
        cat({"Retry-After: ", word == SlotWord::kLate ? "2" : "1", "\r\nX-Reason: no-slot\r\n"}));
  };
  // Another node may have free slots.
  if (word == SlotWord::kCut)
    answer_unserved(worker, connection, "no-slot", later);
  else
    later(connection);
}

void reply_full(Worker& worker, Connection& connection, std::string_view why) {
  answer_unserved(worker, connection, "node-full",
                  [&worker, why = std::string(why)](Connection& none_has_it) {
                    refuse(worker, none_has_it, why);
                  });
}

}  // namespace lb
