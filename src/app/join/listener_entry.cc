#include "app/join/listener_entry.h"

#include <string>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/slot_service.h"
#include "app/join/listener_places.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "app/services/mount_files.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "stream/listener/fallback_chain.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"

namespace lb {
namespace {

// The first mount down the chain of overflows that enters(mount) accepts.
template <class Enters>
std::shared_ptr<Mount> find_overflow(const Network& network, std::shared_ptr<Mount> mount,
                                     Enters enters) {
  const auto overflow_of = [](const Mount& one) {
    const auto settings = one.settings();
    return settings->fallback_when_full ? settings->fallback_mount : std::string();
  };
  return find_in_fallbacks(
      overflow_of(*mount),
      [&](const std::string& name) {
        mount = network.mounts.find(name);
        if (!mount) mount = network.mount_files->fallback(name);
        if (mount && mount->phase() == MountPhase::kIdle) mount = nullptr;
        return mount && enters(*mount) ? mount : nullptr;
      },
      [&](const std::string&) { return mount ? overflow_of(*mount) : std::string(); });
}

bool enter_one(Mount& mount) { return mount.gate().try_enter(most_listeners(mount)); }

// For a listener without a slot: enters the first mount with room that it overflows to, and takes a
// slot of that mount where its slots are limited.
std::shared_ptr<Mount> enter_overflow(const Network& network, std::shared_ptr<Mount> mount,
                                      SlotPass& slot) {
  const SlotService& slots = network.links->slots();
  return find_overflow(network, std::move(mount), [&](Mount& one) {
    if (!enter_one(one)) return false;
    const auto settings = one.settings();
    if (!slots.limits(*settings, one.name())) return true;
    if (const auto gate = slots.gate_of(one.name());
        gate && gate->try_enter(network.clock.steady())) {
      slot = SlotPass(gate);
      return true;
    }
    one.gate().leave();
    return false;
  });
}

// Enters the mount, or the first one with room in its chain; null: all are full.  The place of a
// relay or a node counts, but no limit applies to it: it may serve listeners that are refused here.
std::shared_ptr<Mount> enter_asked(Worker& worker, Connection& connection,
                                   std::shared_ptr<Mount> mount, Overflow overflow) {
  if (enter_one(*mount)) return mount;
  if (connection.context().is_node_or_relay()) {
    mount->gate().enter();
    return mount;
  }
  return overflow == Overflow::kMay ? find_overflow(worker.services, std::move(mount), enter_one)
                                    : nullptr;
}

// The listener may have got another mount, or waited until its byte left the log.
bool still_has_its_byte(const RequestContext& context, const Mount& mount) {
  return !context.resumes() || !context.past->exact ||
         plan_resume(*mount.channel().newest(), *context.resumes(), bytes_ahead(mount), true);
}

}  // namespace

std::variant<ListenerEntry, Verdict> enter_mount(Worker& worker, Connection& connection,
                                                 std::shared_ptr<Mount> mount, Overflow overflow) {
  Network& network = worker.services;
  const RequestContext& context = connection.context();
  SlotTry slot = take_slot(worker, connection);
  if (slot.entry == SlotEntry::kWaits) return Verdict::kPending;
  if (slot.entry == SlotEntry::kRefused || !count_address(worker, connection))
    return Verdict::kAnswered;

  ListenerEntry entry{nullptr, std::move(slot.pass), {}, {}, slot.entry == SlotEntry::kNone};
  if (!entry.overflowed) {
    entry.mount = enter_asked(worker, connection, std::move(mount), overflow);
    if (!entry.mount) {
      network.counters.refused(Refusal::kMountListeners);
      reply_full(worker, connection);
      return Verdict::kAnswered;
    }
  } else {
    if (overflow == Overflow::kMay)
      entry.mount = enter_overflow(network, std::move(mount), entry.slot);
    if (!entry.mount) {
      reply_no_slot(worker, connection, slot.word);
      return Verdict::kAnswered;
    }
  }
  entry.at_mount = GatePass(&entry.mount->gate());
  if (!still_has_its_byte(context, *entry.mount)) {
    connection.reply_text(404, "The stream does not have this byte any more\r\n");
    return Verdict::kAnswered;
  }
  if (const auto why = enter_server(worker, connection, *entry.mount, entry.at_server);
      !why.empty()) {
    // Frees the place at the mount for the listeners that a redirect makes room for.
    entry.at_mount = GatePass();
    reply_full(worker, connection, why);
    return Verdict::kAnswered;
  }
  return entry;
}

}  // namespace lb
