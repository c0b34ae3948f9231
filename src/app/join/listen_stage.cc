#include "app/join/listen_stage.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/relay_service.h"
#include "app/join/audience_notice.h"
#include "app/join/direct_calls.h"
#include "app/join/listen_ask.h"
#include "app/join/listener_places.h"
#include "app/request/arrival.h"
#include "app/request/past_ask.h"
#include "app/request/playing_mount.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/sender.h"
#include "app/services/archive_service.h"
#include "app/services/mount_files.h"
#include "app/services/remote_recordings.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "base/cat.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"
#include "http/access_line.h"
#include "http/stream_type.h"
#include "stream/listener/fallback_chain.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"

namespace lb {
namespace {

// Flash players and MSIE wait for a length; Icecast gives them one that no stream reaches.
constexpr std::uint64_t kEndlessLength = 221183499;

// The log is the queue, not the kernel.  Pages sent by sendfile are shared with the log and cost
// the kernel nothing; blocks with metadata are copied.
constexpr std::size_t kUnsentShared = 128 * 1024;
constexpr std::size_t kUnsentCopied = 48 * 1024;

// Whether another server's bytes are what this listener of ours would get.
bool may_pass_through(const Connection& connection, const MountSettings& section, bool icy) {
  const bool same_metadata = !icy || (section.metaint < 0 && section.charset.empty());
  return !connection.secure() && same_metadata && section.intro.empty() &&
         section.dump_file.empty();
}

// The nodes so far and this one, for a server that relays the stream further.
std::string passed_line(const Network& network, const SourceFacts& facts) {
  const std::string own = network.cluster->facts()->mark;
  return path_line(facts.passed.empty() ? own : cat({facts.passed, " ", own}));
}

std::string_view safari_bytes(const SourceFacts& facts) {
  if (facts.plugin->name == "ogg") return "Og";
  if (facts.plugin->name == "ebml") return "\x1a\x45";
  return facts.content_type == "audio/mpeg" ? std::string_view("\xff\xfb")
                                            : std::string_view("\xff\xf1");
}

// It may ask a master of ours instead.
bool may_go_back(const Network& network, Connection& connection) {
  const RequestContext& context = connection.context();
  return (context.arrival.redirected() || network.links->masters().any_linked() ||
          network.relays->publishes()) &&
         context.arrival.way == Arrival::Way::kFirst && !is_server(network, connection);
}

void reply_not_here(Worker& worker, Connection& connection) {
  answer_unserved(worker, connection, "not-here", [](Connection& none_has_it) {
    none_has_it.reply_page(404, "Mount unavailable");
  });
}

// It is recorded, here or at other nodes: its listeners are told where they begin.
bool is_recorded(const Network& network, const Mount& mount) {
  return mount.settings()->archive.enabled ||
         network.archive->remote().archive().holds(mount.name());
}

// Where a listener would begin; nullopt: it is not told.
std::optional<StreamAddress> address_told(const Network& network, const Mount& mount,
                                          const RequestContext& context) {
  if (const ShiftedStart* const start = context.shifted())
    return StreamAddress{start->file->index.head.span.id, start->file->row.origin + start->offset};
  if (!is_recorded(network, mount) && !context.resumes()) return std::nullopt;
  const auto view = mount.channel().newest();
  const auto resumed = context.resumes() ? plan_resume(*view, *context.resumes(),
                                                       bytes_ahead(mount), context.past->exact)
                                         : std::optional<JoinPlan>();
  return address_of(*view, resumed ? *resumed : plan_join(*view, mount.settings()->burst_bytes));
}

// The first of those that the listeners of a full mount go to which enters(mount) lets one into.
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

std::string stream_head(const Network& network, const Config& config, const Mount& mount,
                        const SourceFacts& facts, const ListenAsk& ask, bool icy, bool has_place) {
  const auto settings = mount.settings();
  ResponseHead head;
  head.content_type = facts.content_type;
  head.extra = facts.listener_headers + stream_header_lines(facts.content_type);
  // X-LB-Stream comes when the place is known.
  if (has_place) head.exposes = "X-LB-Stream";
  if (ask.own_product) head.extra += passed_line(network, facts);
  if (icy) head.extra += cat({"icy-metaint:", facts.metaint, "\r\n"});
  if (facts.plugin->icy_metadata && ask.length) head.content_length = kEndlessLength;
  ReplyFacts reply;
  reply.server_id = config.server_id;
  reply.now = network.clock.wall();
  reply.http_headers = config.http_headers;
  reply.mount_http_headers = settings->http_headers;
  reply.cross_origin = true;
  return render_head(head, reply);
}

// A HEAD: the same without bytes.
void reply_head(const Network& network, Connection& connection, const Mount& mount, bool icy) {
  const RequestContext& context = connection.context();
  const auto facts = context.shifted() ? context.shifted()->facts : mount.facts();
  ResponseHead head;
  head.content_type = facts->content_type;
  head.extra = facts->listener_headers + stream_header_lines(facts->content_type);
  if (icy && facts->metaint > 0) head.extra += cat({"icy-metaint:", facts->metaint, "\r\n"});
  if (const auto at = address_told(network, mount, context)) {
    head.extra += cat({"X-LB-Stream: ", print_address(*at), "\r\n"});
    head.exposes = "X-LB-Stream";
  }
  connection.reply(head, {});
}

void reply_probe(Connection& connection, const SourceFacts& facts) {
  ResponseHead head;
  head.status = 206;
  head.content_type = facts.content_type;
  head.content_length = 2;
  head.extra = "Accept-Ranges: bytes\r\nContent-Range: bytes 0-1/1073741823\r\n" +
               stream_header_lines(facts.content_type);
  connection.reply(head, std::string(safari_bytes(facts)));
}

}  // namespace

std::shared_ptr<Mount> ListenStage::enter_with_room(std::shared_ptr<Mount> mount) const {
  const auto enters = [](Mount& one) { return one.gate().try_enter(most_listeners(one)); };
  if (enters(*mount)) return mount;
  return find_overflow(worker_.services, std::move(mount), enters);
}

std::shared_ptr<Mount> ListenStage::enter_overflow(std::shared_ptr<Mount> mount,
                                                   SlotPass& slot) const {
  const Network& network = worker_.services;
  const SlotService& slots = network.links->slots();
  return find_overflow(network, std::move(mount), [&](Mount& one) {
    if (!one.gate().try_enter(most_listeners(one))) return false;
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

Verdict ListenStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Network& network = worker_.services;
  RequestContext& context = connection.context();
  if (context.hls) return Verdict::kNext;  // its mount is none of ours, nor is its fallback
  const auto [waited, offer] = context.waited.take();
  if (waited == WaitOutcome::kElsewhere) return ask_elsewhere(connection);
  // A section closes a page or a file of its name too, as its authentication does.
  const MountSettings& section = section_of(network, connection);
  if (section.no_mount && section.name == request.path) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  std::shared_ptr<Mount> mount = context.shifted()
                                     ? context.shifted()->mount
                                     : playing_mount(network, *config_of(network, connection),
                                                     request.path, waited != WaitOutcome::kNever);
  if (!mount) {
    if (!waited) return Verdict::kNext;
    reply_not_here(worker_, connection);
    return Verdict::kPending;
  }
  const auto config = config_of(network, connection);
  if (section.no_mount) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  // Two servers that relay one mount from each other must not keep its echo alive.
  const MountPhase phase = mount->phase();
  const bool lingers =
      phase == MountPhase::kLingering || (phase == MountPhase::kRunning && !mount->is_fed());
  const auto pull = [&network, name = mount->name()] {
    network.loops.control().post([&network, name] { network.relays->first_waits(name); });
  };
  if (lingers && is_relay_request(request.headers, config->server_id)) {
    // No listener waits here, so nothing pulls it: it flows when the server asks again.
    if (phase == MountPhase::kLingering && mount->listeners() == 0) pull();
    connection.reply_page(404, "Mount unavailable");
    return Verdict::kAnswered;
  }
  // It has begun since AuthStage looked, which asks about mounts only.
  if (!section.authenticator.type.empty() && !context.let_in.authorised()) {
    connection.go_on_from(of_mounts_);
    return Verdict::kNext;
  }
  // Of a request with a password DrainStage does not know whether a server asks; and an
  // authenticator, or a relay, takes its time.
  if (!is_server(network, connection) && answer_if_draining(worker_, connection))
    return Verdict::kAnswered;
  const ListenAsk asked = listen_ask(request);
  if (mount->phase() == MountPhase::kIdle && request.method != Method::kHead) {
    if (offer && offer->mount == mount) return admit(connection, asked, std::move(mount), offer);
    const bool direct =
        context.asked.direct && !offer && may_pass_through(connection, section, asked.icy);
    DirectAsk ask{mount->name(),
                  {worker_.loop.id(), connection.id(), may_go_back(network, connection)},
                  std::string(request.headers.get("via")),
                  asked.icy};
    network.loops.control().post([&network, direct, ask = std::move(ask)]() mutable {
      if (direct)
        network.direct->call(std::move(ask));
      else
        network.relays->await(ask.mount, ask.request, std::move(ask.via));
    });
    return Verdict::kPending;
  }
  if (request.method == Method::kHead) {
    reply_head(network, connection, *mount, asked.icy);
    return Verdict::kAnswered;
  }
  if (asked.probes) {
    reply_probe(connection, *mount->facts());
    return Verdict::kAnswered;
  }
  if (phase == MountPhase::kLingering && mount->listeners() == 0) pull();
  return admit(connection, asked, std::move(mount), nullptr);
}

// To a master of ours, if it may; or it goes on waiting.
Verdict ListenStage::ask_elsewhere(Connection& connection) {
  ask_way_back(worker_, connection, [this](Connection& waiting, const RedirectAnswer& answer) {
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

Verdict ListenStage::admit(Connection& connection, const ListenAsk& ask,
                           std::shared_ptr<Mount> mount, std::shared_ptr<DirectOffer> direct) {
  const Request& request = connection.request();
  Network& network = worker_.services;
  const auto config = config_of(network, connection);
  RequestContext& context = connection.context();
  SlotTry slot = take_slot(worker_, connection);
  if (slot.entry == SlotEntry::kWaits) {
    context.waited.offer = std::move(direct);
    return Verdict::kPending;
  }
  if (slot.entry == SlotEntry::kRefused) return Verdict::kAnswered;
  if (!count_address(worker_, connection)) return Verdict::kAnswered;
  const bool overflows = slot.entry == SlotEntry::kNone;
  if (overflows) {
    if (direct != nullptr || context.shifted())
      mount = nullptr;
    else
      mount = enter_overflow(std::move(mount), slot.pass);
    if (!mount) {
      reply_no_slot(worker_, connection, slot.word);
      return Verdict::kAnswered;
    }
  } else if (context.let_in.is_relay())
    mount->gate().enter();
  else if (direct != nullptr || context.shifted())
    mount = mount->gate().try_enter(most_listeners(*mount)) ? mount : nullptr;
  else
    mount = enter_with_room(std::move(mount));
  if (!mount) {
    network.counters.refused(Refusal::kMountListeners);
    reply_full(worker_, connection);
    return Verdict::kAnswered;
  }
  GatePass entry(&mount->gate());
  GatePass total;
  // It may have taken the place of another mount, or waited.
  if (context.resumes() && context.past->exact &&
      !plan_resume(*mount->channel().newest(), *context.resumes(), bytes_ahead(*mount), true)) {
    entry = GatePass();
    connection.reply_text(404, "The stream does not have this byte any more\r\n");
    return Verdict::kAnswered;
  }
  if (const auto why = enter_server(network, connection, *mount, total); !why.empty()) {
    entry = GatePass();
    reply_full(worker_, connection, why);
    return Verdict::kAnswered;
  }
  const auto facts = direct != nullptr   ? direct->facts
                     : context.shifted() ? context.shifted()->facts
                                         : mount->facts();
  const auto settings = mount->settings();
  const bool icy = ask.icy && facts->metaint > 0;

  auto preamble = std::make_unique<Preamble>();
  preamble->head = stream_head(network, *config, *mount, *facts, ask, icy,
                               context.resumes() || is_recorded(network, *mount));
  RequestFacts asked(access_request(request), request.headers.get("referer"),
                     request.headers.get("user-agent"), connection.user);
  // Nearly always the mount itself: then its name is shared, not copied.  One that has no slot of
  // the mount that it asked for is not brought there later.
  auto home = request.path == mount->name() || overflows
                  ? std::shared_ptr<const std::string>(mount, &mount->name())
                  : std::make_shared<const std::string>(request.path);
  note_arrival(network, context.arrival);
  const bool server = is_server(network, connection);
  GatePass client = std::move(context.client_pass);
  std::unique_ptr<EndNotice> notice = begin_listening(
      worker_, connection, *home, context.shifted() ? ListeningWay::kPast : ListeningWay::kStream);
  const std::shared_ptr<PastAsk> past = context.past;
  const std::chrono::seconds longest =
      context.let_in.time_limit.value_or(settings->max_listener_duration);
  const std::uint64_t id = connection.id();
  // What a server claims to be gives it no more than the window, which a slow listener gets too.
  // One that only claims it hears the intro, as every listener.
  const bool proven = context.let_in.is_relay() || context.sender.is_server();
  const auto place = context.resumes() ? StreamAsk{*context.resumes(), true, past->exact}
                     : proven || (server && !network.mount_files->intro_for(*mount).file)
                         ? ask.place
                         : std::optional<StreamAsk>();
  const std::size_t burst = static_cast<std::size_t>(
      std::min<std::uint64_t>(settings->burst_bytes, ask.burst.value_or(settings->burst_bytes)));

  // The connection ends with this call; what follows has its own copies.
  auto listener = std::make_unique<Listener>(id, connection.take_transport(), std::move(asked));
  listener->preamble = std::move(preamble);
  listener->home = std::move(home);
  listener->client_pass = std::move(client);
  listener->mount_pass = std::move(entry);
  listener->total_pass = std::move(total);
  listener->slot_pass = std::move(slot.pass);
  if (server) listener->relay_pass = GatePass::enter(mount->relay_gate());
  listener->joined = worker_.loop.now();
  if (longest.count() > 0) listener->until = listener->joined + longest;
  listener->notice = std::move(notice);
  if (icy) {
    listener->icy.metaint = facts->metaint;
    listener->icy.until_block = facts->metaint;
  }
  listener->transport->limit_unsent(icy ? kUnsentCopied : kUnsentShared);
  if (auto* const start = past ? std::get_if<ShiftedStart>(&past->begins) : nullptr)
    worker_.shifted.join(std::move(listener), std::move(*start));
  else if (direct != nullptr)
    worker_.streams.join_direct(std::move(listener), mount, std::move(direct->source));
  else if (place)
    worker_.streams.join(std::move(listener), mount, burst, place);
  else if (const auto intro = network.mount_files->intro_for(*mount); intro.file)
    worker_.streams.join(std::move(listener), mount, intro);
  else
    worker_.streams.join(
        std::move(listener), mount, burst,
        is_recorded(network, *mount) ? std::optional(StreamAsk{{}, true}) : std::nullopt);
  return Verdict::kAnswered;
}

}  // namespace lb
