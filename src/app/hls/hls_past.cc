// Lists and segments of recordings, here or at other nodes: HlsStage's answers to archive-…,
// rewind-… and timeshift_…, and to a segment that has left the log.
#include <algorithm>
#include <chrono>
#include <utility>

#include "app/cluster/cluster_service.h"
#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/past/archive_replies.h"
#include "app/past/stages.h"
#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "archive/files/catalog.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "hls/media_playlist.h"
#include "hls/past_lookups.h"
#include "hls/session_names.h"

namespace lb {
namespace {

// A segment that a live list has shown within this time does not count as past.
constexpr std::int64_t kRecentMs = 60'000;

// Answers with the recorded ranges, for clients that may hear them.
Verdict refuse_past(Worker& worker, Connection& connection, std::int64_t earliest_ms) {
  const RequestContext& context = connection.context();
  const std::string& mount = connection.request().path;
  const bool may_listen = section_of(worker.services, connection).authenticator.type.empty() ||
                          context.let_in.authorised() || context.hls->known;
  return refuse_hls(
      connection, 404, "Nothing of this time is recorded\r\n",
      may_listen
          ? cat({"X-LB-Archive: ", ranges_text(ranges_for(worker, mount, earliest_ms)), "\r\n"})
          : std::string());
}

Verdict ask_later(Connection& connection) {
  return refuse_hls(connection, 503, "What is recorded cannot be had now, please try again\r\n",
                    "Retry-After: 1\r\n");
}

PastMount past_of(Network& network, const std::string& mount) {
  ArchiveService& archive = *network.archive;
  return {archive.readers(), archive.catalog(), network.clock, archive.dir(), mount};
}

// Gives the result to the waiting connection, and asks its stage again.  Null: too many lookups.
HlsPastThen give_to(Worker& worker, std::uint64_t id) {
  return [&worker, id](std::shared_ptr<const HlsPast> past) {
    if (!past) {
      auto refused = std::make_shared<HlsPast>();
      refused->unanswered = true;
      past = std::move(refused);
    }
    worker.answer(id, [past = std::move(past)](Connection& waiting) {
      waiting.context().hls->past = past;
      waiting.ask_again();
    });
  };
}

// The nodes that have recorded this moment.
std::shared_ptr<const NodeNames> holding_nodes(const HolderView& holders, const std::string& mount,
                                               std::int64_t wall_ms) {
  auto out = std::make_shared<NodeNames>();
  for (const HolderRow& row : holders.of(mount))
    for (const HeldRange& range : row.ranges)
      if (range.from_ms <= wall_ms && range.ends_after(wall_ms)) out->insert(row.node);
  return out;
}

std::string list_tag(const std::vector<HlsSegment>& segments) {
  return cat({"\"", segment_name(segments.back()), "-", segments.front().sequence, "-",
              segments.size(), "\""});
}

}  // namespace

std::optional<std::int64_t> HlsStage::earliest_ms(Connection& connection, Verdict& verdict,
                                                  bool& administrator) {
  const std::string& mount = connection.request().path;
  const MountSettings& section = section_of(worker_.services, connection);
  verdict = judge_past_administrator(worker_, connection, section, mount, administrator);
  if (verdict != Verdict::kNext) return std::nullopt;
  return earliest_past_ms(worker_, connection, section, mount, administrator);
}

std::shared_ptr<Mount> HlsStage::mount_of_past(const std::string& name, const std::string& type,
                                               std::uint64_t bytes_per_second) {
  Network& network = worker_.services;
  auto playing = network.mounts.find(name);
  if (playing && playing->phase() != MountPhase::kEnded) return playing;
  return network.archive->off_air(name, facts_of_past(network.clock, type), bytes_per_second);
}

Verdict HlsStage::serve_past_list(Connection& connection) {
  Network& network = worker_.services;
  HlsAsk& ask = *connection.context().hls;
  const std::string name = connection.request().path;
  const MountSettings& section = section_of(network, connection);
  if (section.no_mount) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  Verdict verdict = Verdict::kNext;
  bool administrator = false;
  const auto earliest = earliest_ms(connection, verdict, administrator);
  if (!earliest) return verdict;
  if (!ask.past) return look_up_list(connection, *earliest);
  if (ask.past->unanswered) return ask_later(connection);
  const PastList& list = ask.past->list;
  if (list.segments.empty()) return refuse_past(worker_, connection, *earliest);
  if (ask.is_master()) return serve_past_master(connection, list);
  const auto mount = mount_of_past(name, list.content_type, list.bandwidth / 8);
  const bool is_get = connection.request().method == Method::kGet;
  if (ask.joins() && is_get)
    if (const auto refused = admit(connection, mount)) return *refused;
  network.hls->count(HlsRequest::kList);
  ResponseHead head = hls_head(connection, 200, kHlsListType);
  head.cache = administrator ? "private, max-age=1" : "max-age=1";
  network.hls->sessions().touch(ask.session, name, worker_.loop.now());
  if (hls_unchanged(connection, head, list_tag(list.segments))) return Verdict::kAnswered;
  const PastAskRange range = past_range(ask.named, 0, 1, 0);
  // The client fetches such a list once, so only its segments show that the listener is there.
  const bool named = !section.authenticator.type.empty() ||
                     (range.kind == HlsListKind::kWhole && ask.by == HlsSessionKind::kToken);
  std::string query = named ? with_session(connection.request().query, ask.session) : std::string();
  if (is_get) {
    head.content_length = PlaylistPieces(list.text, query).size();
    const std::uint64_t bytes = connection.head_bytes(head) + *head.content_length;
    network.hls->sessions().touch(ask.session, name, worker_.loop.now(), bytes);
    count_hls_sent(worker_, *mount, connection, bytes, ask.path);
  }
  reply_past_list(connection, head, ask.past, std::move(query));
  return Verdict::kAnswered;
}

Verdict HlsStage::serve_past_master(Connection& connection, const PastList& list) {
  Network& network = worker_.services;
  const HlsAsk& ask = *connection.context().hls;
  const std::string name = hls_list_name(ask.named);
  HlsVariant variant;
  variant.bandwidth = list.bandwidth * 11 / 10;
  variant.codecs = list.codecs;
  variant.addresses.push_back(
      relative_list(name, with_session(connection.request().query, new_session(ask))));
  if (network.cluster->redirects() && connection.request().method == Method::kGet &&
      !connection.context().arrival.redirected()) {
    auto recorded = holding_nodes(*network.archive->remote().archive().holders(),
                                  connection.request().path, list.segments.front().wall_ms);
    if (!recorded->empty())
      return serve_redirecting_master(connection, {connection.request().path}, {variant}, name,
                                      std::move(recorded));
  }
  reply_hls_master(worker_, connection, std::span(&variant, 1), ask.by);
  return Verdict::kAnswered;
}

Verdict HlsStage::look_up_list(Connection& connection, std::int64_t earliest) {
  Network& network = worker_.services;
  const auto& config = config_of(network, connection);
  HlsPath& named = connection.context().hls->named;
  const std::int64_t now_ms = unix_ms(network.clock.wall());
  const auto now = static_cast<std::uint64_t>(std::max<std::int64_t>(0, now_ms / 1000));
  const auto cut_ms =
      static_cast<std::uint32_t>(std::chrono::milliseconds(config->hls.segment).count());
  // Limits this to the oldest recording, however far back.
  if (named.kind == HlsPath::Kind::kShifted || named.kind == HlsPath::Kind::kRewind)
    named.seconds = std::min(named.seconds, now - 1);
  // The clock of the node that gave this time may be ahead of this one's.
  const std::uint64_t latest = now + kAheadMs / 1000;
  if (named.from + named.seconds > latest || named.from >= latest)
    return refuse_hls(connection, 400, "This time is in the future\r\n");
  if (named.kind == HlsPath::Kind::kArchive && std::chrono::seconds(named.seconds) > kMaxPastTime)
    return refuse_hls(connection, 400,
                      cat({"A list has at most ", kMaxPastTime.count(), " hours\r\n"}));
  if (named.kind == HlsPath::Kind::kShiftedTo) {
    if (!connection.context().hls->is_master())
      return refuse_hls(connection, 404, "Ask for this list without s=, please\r\n");
    named.kind = HlsPath::Kind::kShifted;
    named.seconds = now - std::min(now, named.from);
  }
  PastAskRange range = past_range(named, now_ms, hls_list_length(config->hls, cut_ms), cut_ms);
  if (earliest > range.from_ms) {
    range.from_ms = earliest;
    // The begin leaves the window, and an EVENT list must not lose segments (RFC 8216, 6.2.1).
    if (range.kind == HlsListKind::kEvent) range.kind = HlsListKind::kSliding;
  }
  const std::string& mount = connection.request().path;
  const bool by_window =
      earliest > past_begins_ms(worker_, connection, section_of(network, connection), mount);
  // How far back it goes.
  const std::string who = by_window ? "" : earliest > 0 ? "own " : "any ";
  network.hls->lookups().list(past_of(network, mount), who + hls_list_name(named), range,
                              give_to(worker_, connection.id()));
  return Verdict::kPending;
}

Verdict HlsStage::look_up_older(Connection& connection, const std::vector<HlsSegment>& held,
                                std::size_t length) {
  PastMount own = past_of(worker_.services, connection.request().path);
  // The list of a live mount waits for no other node.
  own.own_only = true;
  worker_.services.hls->lookups().list(
      std::move(own), "before " + segment_name(held.front()),
      range_before(held, unix_ms(worker_.services.clock.wall()), length),
      give_to(worker_, connection.id()));
  return Verdict::kPending;
}

Verdict HlsStage::serve_past_segment(Connection& connection) {
  Network& network = worker_.services;
  HlsAsk& ask = *connection.context().hls;
  const auto& config = config_of(network, connection);
  const std::string name = connection.request().path;
  const MountSettings& section = section_of(network, connection);
  const auto none = [&] { return refuse_hls(connection, 404, "This segment is not here\r\n"); };
  if (section.no_mount || !has_past(network, section, name)) return none();
  if (!section.authenticator.type.empty() && !ask.known &&
      (!ask.joins() || !connection.context().let_in.authorised()))
    return refuse_hls(connection, 403, "This segment is for listeners of the list\r\n");
  if (!ask.past) return look_up_segment(connection);
  if (ask.past->unanswered) return ask_later(connection);
  const auto& past = ask.past->segment;
  if (!past || past->segment.adts != ask.named.adts) return none();
  HlsSegmentBody body;
  const std::int64_t kept = std::chrono::milliseconds(kept_for_hls(config->hls)).count();
  if (past->segment.wall_ms < unix_ms(network.clock.wall()) - kept - kRecentMs) {
    Verdict verdict = Verdict::kNext;
    const auto earliest = earliest_ms(connection, verdict, body.reserved);
    if (!earliest) return verdict;
    if (past->segment.wall_ms < *earliest - kRecentMs) return none();
    // After a pause only segments show that the player is there again.
    if (ask.by == HlsSessionKind::kAddress && ask.session.empty()) {
      ask.session = crowd_of(connection, connection.request(), name);
      ask.listener = network.next_client_id.fetch_add(1, std::memory_order_relaxed);
    }
  }
  body.segment = past->segment;
  body.title = past->title;
  for (const PastPart& part : past->parts)
    body.sound.push_back(
        ReplyRun::of_file(part.file, part.file->fd(), part.begin, part.end - part.begin));
  return send_segment(connection,
                      mount_of_past(name, past->parts.front().file->index.head.content_type, 0),
                      std::move(body));
}

// The file is read in advance, so that the worker finds it in memory.
Verdict HlsStage::look_up_segment(Connection& connection) {
  Network& network = worker_.services;
  const HlsPath& named = connection.context().hls->named;
  network.hls->lookups().segment(past_of(network, connection.request().path), named.stream,
                                 named.sequence, give_to(worker_, connection.id()));
  return Verdict::kPending;
}

}  // namespace lb
