// listen_stage(): a GET or HEAD of a mount becomes a listener (or the head of one).  An idle mount
// is an on-demand relay: a GET starts it, and the request waits until its type is known.
// Source: Icecast 2.4.4; what players send as Range.
// Thread: its worker.
#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/cluster/relay_service.h"
#include "app/join/direct_calls.h"
#include "app/join/end_notices.h"
#include "app/join/listen_ask.h"
#include "app/join/listener_entry.h"
#include "app/join/stages.h"
#include "app/join/stream_reply.h"
#include "app/request/past_ask.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/mount_files.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "archive/read/shifted_streams.h"
#include "config/settings/config.h"
#include "stream/listener/direct_streams.h"
#include "stream/listener/loop_streams.h"
#include "stream/source/source_facts.h"

namespace lb {
namespace {

// Limits the bytes in the kernel, since the log is the queue.  Pages sent by sendfile are shared
// with the log and cost no kernel memory; blocks with metadata are copied.
constexpr std::size_t kUnsentShared = 128 * 1024;
constexpr std::size_t kUnsentCopied = 48 * 1024;

// Whether the upstream's bytes are exactly what this listener would get from a relay.
bool may_pass_through(const Connection& connection, const MountSettings& section, bool icy) {
  const bool same_metadata = !icy || (section.metaint < 0 && section.charset.empty());
  return !connection.secure() && same_metadata && section.intro.empty() &&
         section.dump_file.empty();
}

// Whether a master of ours may be asked for the mount instead.
bool may_go_back(const Network& network, const RequestContext& context) {
  return (context.arrival.redirected() || network.links->masters().any_linked() ||
          network.relays->publishes()) &&
         context.arrival.way == Arrival::Way::kFirst && !context.is_server();
}

// Resumes the mount's relay, which lingers without listeners.
void pull(Network& network, const Mount& mount) {
  network.loops.control().post(
      [&network, name = mount.name()] { network.relays->first_waits(name); });
}

bool is_unheard(const Mount& mount) {
  return mount.phase() == MountPhase::kLingering && mount.listeners() == 0;
}

// A relay that has just begun may lack a part of what it began with, which control knows.
bool may_be_filling(const Network& network, const Mount& mount) {
  const auto facts = mount.facts();
  return mount.phase() == MountPhase::kRunning && facts->relayed &&
         network.clock.steady() - facts->started < RelayService::kLongestFill;
}

// Two servers that relay one mount from each other must not keep an echo alive.
bool answer_if_echo(Network& network, Connection& connection, const Mount& mount) {
  const MountPhase phase = mount.phase();
  const bool echoes =
      phase == MountPhase::kLingering || (phase == MountPhase::kRunning && !mount.is_fed());
  if (!echoes || !connection.context().sender.claims_server) return false;
  // No listener waits here, so this request resumes the relay for the server's next try.
  if (is_unheard(mount)) pull(network, mount);
  connection.reply_page(404, "Mount unavailable");
  return true;
}

void reply_not_here(Worker& worker, Connection& connection) {
  answer_unserved(worker, connection, "not-here", [](Connection& none_has_it) {
    none_has_it.reply_page(404, "Mount unavailable");
  });
}

// A server may ask for what HLS gives to all, so that its own first list has as much.
std::size_t burst_of(const Mount& mount, const ListenAsk& ask, bool server) {
  const auto settings = mount.settings();
  const std::uint64_t usual = settings->burst_bytes;
  const auto kept_ms = static_cast<std::uint64_t>(settings->hls_kept.count());
  const std::uint64_t most =
      server ? std::max(usual, mount.usual_bytes_per_second() * kept_ms / 1000) : usual;
  return static_cast<std::size_t>(std::min(most, ask.burst.value_or(usual)));
}

// Begins at the place that the listener may ask for, behind the mount's intro, or with its burst.
void begin_stream(Worker& worker, std::unique_ptr<Listener> listener,
                  const std::shared_ptr<Mount>& mount, std::size_t burst,
                  std::optional<StreamAsk> place) {
  const Network& network = worker.services;
  if (!place) {
    if (const auto intro = network.mount_files->intro_for(*mount); intro.file) {
      worker.streams->join(std::move(listener), mount, intro);
      return;
    }
    if (is_recorded(network, *mount)) place = StreamAsk{{}, true};
  }
  worker.streams->join(std::move(listener), mount, burst, place);
}

// An unproved server gets its place only within the window, which any slow listener gets too, and
// only where it skips no intro.
std::optional<StreamAsk> claimed_place(const Network& network, const RequestContext& context,
                                       const Mount& mount, const ListenAsk& ask, bool server) {
  if (const StreamAddress* const resumed = context.resumes())
    return StreamAsk{*resumed, true, context.past->exact};
  const bool proven = context.let_in.is_relay() || context.sender.is_server();
  const bool skips_intro = proven || (server && !network.mount_files->intro_for(mount).file);
  return skips_intro ? ask.place : std::nullopt;
}

// Passes another server's bytes through where the cluster wants that; only at the first try.
Verdict start_relay(Worker& worker, Connection& connection, const ListenAsk& ask,
                    const Mount& mount, bool first_time) {
  Network& network = worker.services;
  const bool direct = first_time && connection.context().asked.direct &&
                      may_pass_through(connection, section_of(network, connection), ask.icy);
  // What HLS at another server wants, this one has to ask for.
  const bool window =
      connection.context().is_server() && ask.burst.value_or(0) > mount.settings()->burst_bytes;
  DirectAsk call{mount.name(),
                 {worker.loop.id(), connection.id(), may_go_back(network, connection.context())},
                 std::string(connection.request().headers.get("via")),
                 ask.icy,
                 window};
  network.loops.control().post([&network, direct, call = std::move(call)]() mutable {
    if (direct)
      network.direct->call(std::move(call));
    else
      network.relays->await(call.mount, call.request, std::move(call.via), call.window);
  });
  return Verdict::kPending;
}

// Redirects to a master of ours if that is allowed; otherwise the request goes on waiting.
Verdict ask_elsewhere(Worker& worker, Connection& connection) {
  ask_way_back(worker, connection, [](Connection& waiting, const RedirectAnswer& answer) {
    if (answer.kind == RedirectAnswer::Kind::kRedirect) {
      redirect_to(waiting, answer);
      return;
    }
    waiting.context().arrival.way = Arrival::Way::kStays;
    waiting.context().waited.outcome = WaitOutcome::kReady;
    waiting.ask_again();
  });
  return Verdict::kPending;
}

// Takes the connection's transport, which ends the connection.
std::unique_ptr<Listener> make_listener(Worker& worker, Connection& connection,
                                        const ListenAsk& ask, ListenerEntry entry,
                                        const SourceFacts& facts, bool server) {
  const Request& request = connection.request();
  Network& network = worker.services;
  RequestContext& context = connection.context();
  const std::shared_ptr<Mount>& mount = entry.mount;
  const unsigned metaint = ask.icy ? listener_metaint(facts, *mount->settings()) : 0;

  auto preamble = std::make_unique<Preamble>();
  preamble->head = stream_head(network, *config_of(network, connection), *mount, facts, ask,
                               metaint, context.resumes() || is_recorded(network, *mount));
  RequestFacts asked(request, connection.user);
  // Nearly always the mount's own name, which is shared, not copied.  A listener without a slot
  // of the mount that it asked for is not moved there later.
  auto home = request.path == mount->name() || entry.overflowed
                  ? mount->shared_name()
                  : std::make_shared<const std::string>(request.path);
  note_arrival(network, context.arrival);
  GatePass client = std::move(context.client_pass);
  auto notice =
      begin_listening(worker, connection, *home,
                      context.shifted() ? ListeningWay::kPast : ListeningWay::kStream, server);
  // The limit of the mount that was asked for, whichever mount is heard, as in Icecast.
  const std::chrono::seconds longest =
      context.let_in.time_limit.value_or(section_of(network, connection).max_listener_duration);

  // take_transport() ends the connection; the code below uses copies.
  const std::uint64_t id = connection.id();
  auto listener = std::make_unique<Listener>(id, connection.take_transport(), std::move(asked));
  listener->preamble = std::move(preamble);
  listener->home = std::move(home);
  listener->client_pass = std::move(client);
  listener->mount_pass = std::move(entry.at_mount);
  listener->total_pass = std::move(entry.at_server);
  listener->slot_pass = std::move(entry.slot);
  if (server) listener->relay_pass = GatePass::enter(mount->relay_gate());
  listener->joined = worker.loop.now();
  if (longest.count() > 0) listener->until = listener->joined + longest;
  listener->notice = std::move(notice);
  listener->icy.metaint = listener->icy.until_block = metaint;
  listener->transport->limit_unsent(metaint > 0 ? kUnsentCopied : kUnsentShared);
  return listener;
}

// Makes a listener of this mount if all limits allow it.  direct: an upstream's bytes, or null.
Verdict admit_listener(Worker& worker, Connection& connection, const ListenAsk& ask,
                       std::shared_ptr<Mount> mount, std::shared_ptr<DirectOffer> direct) {
  RequestContext& context = connection.context();
  const bool own_bytes = direct != nullptr || context.shifted() != nullptr;
  auto entered = enter_mount(worker, connection, std::move(mount),
                             own_bytes ? Overflow::kNever : Overflow::kMay);
  if (const auto* verdict = std::get_if<Verdict>(&entered)) {
    if (*verdict == Verdict::kPending) context.waited.offer = std::move(direct);
    return *verdict;
  }
  if (context.let_in.is_dropped()) {
    note_arrival(worker.services, context.arrival);
    return refuse_dropped(worker, connection);
  }
  ListenerEntry& entry = std::get<ListenerEntry>(entered);
  mount = entry.mount;
  const auto facts = direct != nullptr   ? direct->facts
                     : context.shifted() ? context.shifted()->facts
                                         : mount->facts();
  const bool server = context.is_server();
  const std::size_t burst = burst_of(*mount, ask, server);
  const auto place = claimed_place(worker.services, context, *mount, ask, server);
  const std::shared_ptr<PastAsk> past = context.past;  // the context ends with its connection
  auto listener = make_listener(worker, connection, ask, std::move(entry), *facts, server);
  if (auto* const start = past ? std::get_if<ShiftedStart>(&past->begins) : nullptr)
    worker.shifted->join(std::move(listener), std::move(*start));
  else if (direct != nullptr)
    worker.streams->join_direct(std::move(listener), mount, std::move(direct->source));
  else
    begin_stream(worker, std::move(listener), mount, burst, place);
  return Verdict::kAnswered;
}

}  // namespace

Verdict listen_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  Network& network = worker.services;
  RequestContext& context = connection.context();
  if (context.hls) return Verdict::kNext;  // neither the mount nor a fallback is here
  const auto [waited, offer] = context.waited.take();
  if (waited == WaitOutcome::kElsewhere) return ask_elsewhere(worker, connection);
  // A closed section closes a page or a file of its name too, as its authentication does.
  const MountSettings& section = section_of(network, connection);
  const auto closed = [&connection] {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  };
  if (section.no_mount && section.name == request.path) return closed();
  const auto config = config_of(network, connection);
  std::shared_ptr<Mount> mount = context.shifted() ? context.shifted()->mount
                                                   : playing_mount(network, *config, request.path,
                                                                   waited != WaitOutcome::kNever);
  if (!mount) {
    if (!waited) return Verdict::kNext;
    reply_not_here(worker, connection);
    return Verdict::kPending;
  }
  if (section.no_mount) return closed();
  if (answer_if_echo(network, connection, *mount)) return Verdict::kAnswered;
  // The mount appeared after auth_stage(), which asks about mounts only.
  if (!section.authenticator.type.empty() && !context.let_in.authorised()) {
    connection.go_on_from(*worker.of_mounts);
    return Verdict::kNext;
  }
  // drain_stage() cannot tell whether a request with a password is a server's, and the drain may
  // have begun while an authenticator or a relay was waited for.
  if (!context.is_server() && answer_if_draining(worker, connection)) return Verdict::kAnswered;
  const ListenAsk asked = listen_ask(request);
  if (request.method == Method::kHead) {
    reply_head(network, connection, *mount, asked.icy);
    return Verdict::kAnswered;
  }
  if (!waited && may_be_filling(network, *mount))
    return start_relay(worker, connection, asked, *mount, false);
  if (mount->phase() == MountPhase::kIdle) {
    if (offer && offer->mount == mount)
      return admit_listener(worker, connection, asked, std::move(mount), offer);
    return start_relay(worker, connection, asked, *mount, !offer);
  }
  if (asked.probes) {
    reply_probe(connection, *mount);
    return Verdict::kAnswered;
  }
  if (is_unheard(*mount)) pull(network, *mount);
  return admit_listener(worker, connection, asked, std::move(mount), nullptr);
}

}  // namespace lb
