#include "app/hls/hls_stage.h"

#include <algorithm>
#include <utility>

#include "app/cluster/relay_service.h"
#include "app/hls/hls_replies.h"
#include "app/join/end_notices.h"
#include "app/join/listener_places.h"
#include "app/request/asked_address.h"
#include "app/request/hls_ask.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "app/topology/mount_load.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "hls/list_table.h"
#include "hls/media_playlist.h"
#include "hls/session_names.h"
#include "http/connections.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kSegmentPoll = 200ms;
constexpr std::size_t kMaxWaiting = 1024;
constexpr auto kShortestPatience = 20s;
constexpr std::string_view kJustBegun = "The stream has just begun, please try again\r\n";
constexpr std::string_view kJustEnded = "The stream has just ended, please try again\r\n";
constexpr std::string_view kManyPlayers =
    "Other players of this address begin to listen, please try again\r\n";

}  // namespace

HlsStage::HlsStage(Worker& worker) : worker_(worker), waits_(worker, kMaxWaiting, kSegmentPoll) {}

Verdict HlsStage::handle(Connection& connection) {
  RequestContext& context = connection.context();
  if (!context.hls) return Verdict::kNext;
  Network& network = worker_.services;
  const Request& request = connection.request();
  const Waited waited = context.waited.take();
  const HlsAsk& ask = *context.hls;
  if (ask.named.of_past()) return serve_past_list(connection);
  auto mount = network.mounts.find(request.path);
  const bool gone = !mount || mount->phase() == MountPhase::kEnded;
  // While the source is away, present players keep the list and its segments.
  if (gone) mount = ask.is_segment() || ask.known ? network.hls->resting(request.path) : nullptr;
  if (!mount) {
    if (ask.is_segment()) return serve_past_segment(connection);
    return waited ? refuse_hls(connection, 404, "There is no such stream\r\n") : Verdict::kNext;
  }
  const MountSettings& section = section_of(network, connection);
  if (section.no_mount) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  const bool idle = mount->phase() == MountPhase::kIdle;
  if (!idle && !has_hls_format(*mount))
    return refuse_hls(connection, 404,
                      cat({"HLS is made of MP3 and AAC (ADTS) here; this stream is ",
                           mount->facts()->content_type, "\r\n"}));
  // An authenticator may name another mount, but segments have this one's address.
  if (request.path != mount_of_address(ask.path))
    return refuse_hls(connection, 404, "This stream is not played by HLS\r\n");
  // The mount appeared after auth_stage(), which asks about mounts only.
  if (ask.joins() && !context.let_in.authorised() && !section.authenticator.type.empty())
    return refuse_hls(connection, 503, std::string(kJustBegun), "Retry-After: 2\r\n");
  if (ask.is_segment()) return serve_segment(connection, mount);
  if (ask.is_master() && gone) return refuse_hls(connection, 404, "There is no such stream\r\n");
  if (ask.is_master()) return serve_master(connection, *mount);
  if (!idle) return serve_list(connection, mount);
  if (waited) return refuse_hls(connection, 404, "The stream does not come\r\n");
  network.loops.control().post([&network, name = mount->name(),
                                parked = ParkedRequest{worker_.loop.id(), connection.id()},
                                via = std::string(request.headers.get("via"))]() mutable {
    network.relays->await(name, parked, std::move(via), true);
  });
  return Verdict::kPending;
}

std::optional<Verdict> HlsStage::admit(Connection& connection,
                                       const std::shared_ptr<Mount>& mount) {
  Network& network = worker_.services;
  RequestContext& context = connection.context();
  HlsAsk& ask = *context.hls;
  const Request& request = connection.request();
  // A client that left while it waited takes no place.
  const bool has_waited = ask.wait_until != SteadyTime{};
  if (has_waited && connection.half_closed())
    return refuse_hls(connection, 503, std::string(kManyPlayers), "Retry-After: 2\r\n");
  if (!ask.is_segment() && !context.let_in.is_relay() && !may_be_cached(network, connection) &&
      !network.hls->sessions().has_room(connection.ip(), mount->name()))
    return wait(connection, kManyPlayers);
  SlotTry slot = take_slot(worker_, connection);
  if (slot.entry == SlotEntry::kWaits) return Verdict::kPending;
  if (slot.entry == SlotEntry::kRefused) return Verdict::kAnswered;
  if (slot.entry == SlotEntry::kNone) {
    reply_no_slot(worker_, connection, slot.word);
    return Verdict::kAnswered;
  }
  if (!count_address(worker_, connection)) return Verdict::kAnswered;
  if (!mount->gate().try_enter(most_listeners(*mount))) {
    if (!context.is_node_or_relay()) {
      network.counters.refused(Refusal::kMountListeners);
      reply_full(worker_, connection);
      return Verdict::kAnswered;
    }
    mount->gate().enter();
  }
  auto session = std::make_unique<HlsSession>();
  session->mount = mount;
  session->place = GatePass(&mount->gate());
  if (const auto why = enter_server(worker_, connection, *mount, session->total); !why.empty()) {
    session.reset();
    reply_full(worker_, connection, why);
    return Verdict::kAnswered;
  }
  session->slot = std::move(slot.pass);
  note_arrival(network, context.arrival);
  session->id = ask.listener;
  session->name = ask.session;
  session->ip = connection.ip();
  session->crowd = crowd_of(connection, request, mount->name());
  session->facts = RequestFacts(request, connection.user);
  session->client = std::move(context.client_pass);
  session->notice =
      begin_listening(worker_, connection, mount->name(), ListeningWay::kHls, context.is_server());
  // A cache in front may hide its requests for segments.
  session->earned =
      ask.is_segment() || context.let_in.is_relay() || may_be_cached(network, connection);
  session->began = worker_.loop.now();
  const auto longest = context.let_in.time_limit.value_or(mount->settings()->max_listener_duration);
  if (longest.count() > 0) session->until = session->began + longest;
  session->segment = std::chrono::milliseconds(mount->settings()->segment_ms);
  session->patience = std::max(kShortestPatience, 3 * config_of(network, connection)->hls.segment);
  if (!network.hls->begin_session(std::move(session)))
    return refuse_hls(connection, 503, std::string(kJustEnded), "Retry-After: 2\r\n");
  // Dropped before it was added, it was not found to be ended.
  if (context.let_in.is_dropped() && network.hls->sessions().take(nullptr, ask.listener))
    return refuse_dropped(worker_, connection);
  ask.known = true;
  return std::nullopt;
}

// A player that changes to another variant of its master playlist stays one listener.  One that
// plays several variants at once has several, instead of new ones with each list.  With an
// authenticator each mount's segments have their session, so a late one would ask for another.
void HlsStage::end_other_variants(Connection& connection, const Mount& mount) {
  const HlsAsk& ask = *connection.context().hls;
  if (ask.by != HlsSessionKind::kToken ||
      !section_of(worker_.services, connection).authenticator.type.empty())
    return;
  const auto segment = std::chrono::milliseconds(mount.settings()->segment_ms);
  worker_.services.hls->end_others(ask.session, mount, worker_.loop.now() - segment);
}

Verdict HlsStage::serve_list(Connection& connection, const std::shared_ptr<Mount>& mount) {
  Network& network = worker_.services;
  HlsAsk& ask = *connection.context().hls;
  const Config& config = *config_of(network, connection);
  if (!ask.known && connection.request().method == Method::kGet) {
    end_other_variants(connection, *mount);
    if (const auto refused = admit(connection, mount)) return *refused;
  }
  network.hls->sessions().touch(ask.session, mount->name(), worker_.loop.now());
  std::vector<HlsSegment> held;
  const auto made = list_of(mount, config.hls, ask.past.get(), held);
  if (made == nullptr)
    return look_up_older(connection, held, hls_list_length(config.hls, hls_cut_of(*mount)));
  const HlsLiveList& list = *made;
  if (list.segments.empty()) {
    network.hls->sessions().wait_on(ask.session, mount->name(), worker_.loop.now());
    ask.past.reset();  // the archive will have more
    return wait(connection, kJustBegun);
  }
  const bool checked = !section_of(network, connection, mount->name()).authenticator.type.empty();
  std::string body =
      checked ? with_query(list.text, with_session({}, ask.session)) : list.text.text;
  ResponseHead head = hls_head(connection, 200, kHlsListType);
  head.cache = "max-age=1";
  network.hls->count(HlsRequest::kList);
  if (hls_unchanged(connection, head, list.tag)) return Verdict::kAnswered;
  head.content_length = body.size();
  if (connection.request().method == Method::kGet) {
    const std::uint64_t bytes = connection.head_bytes(head) + body.size();
    network.hls->sessions().touch(ask.session, mount->name(), worker_.loop.now(), bytes);
    count_hls_sent(worker_, *mount, connection, bytes, ask.path);
  }
  connection.reply(head, std::move(body));
  return Verdict::kAnswered;
}

Verdict HlsStage::wait(Connection& connection, std::string_view why) {
  HlsAsk& ask = *connection.context().hls;
  const auto longest = config_of(worker_.services, connection)->limits.header_timeout;
  if (waits_.wait(connection, ask.wait_until, longest)) return Verdict::kPending;
  return refuse_hls(connection, 503, std::string(why), "Retry-After: 2\r\n");
}

}  // namespace lb
