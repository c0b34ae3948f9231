#include "app/join/stream_reply.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "app/cluster/cluster_service.h"
#include "app/join/listen_ask.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"
#include "http/stream_type.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"
#include "stream/source/source_facts.h"

namespace lb {
namespace {

// Flash players and MSIE want a length; Icecast sends one that no stream reaches.
constexpr std::uint64_t kEndlessLength = 221183499;

// The nodes that the stream has passed, with this one, for a server that relays it further.
std::string passed_line(const Network& network, const SourceFacts& facts) {
  const std::string own = network.cluster->facts()->mark;
  return path_line(facts.passed.empty() ? own : cat({facts.passed, " ", own}));
}

// What a relay of Icecast 2.4.4 reads of a head; without icy-metaint it takes titles for sound.
constexpr std::size_t kRelayLines = 32;
constexpr std::size_t kRelayBytes = 4095;

std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// The first whole lines of `lines` that fit beside `others`.
std::string fitting(std::string lines, std::string_view others) {
  const auto fits = [&] {
    return lines_of(lines) + lines_of(others) <= kRelayLines &&
           lines.size() + others.size() <= kRelayBytes;
  };
  while (!lines.empty() && !fits()) {
    lines.pop_back();
    lines.erase(lines.rfind('\n') + 1);
  }
  return lines;
}

std::string_view safari_bytes(const SourceFacts& facts) {
  if (facts.plugin->name == "ogg") return "Og";
  if (facts.plugin->name == "ebml") return "\x1a\x45";
  return facts.content_type == "audio/mpeg" ? std::string_view("\xff\xfb")
                                            : std::string_view("\xff\xf1");
}

// The address of a listener's start; nullopt: it is not sent.
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

}  // namespace

bool is_recorded(const Network& network, const Mount& mount) {
  return mount.settings()->archive.enabled ||
         network.archive->remote().archive().holds(mount.name());
}

std::string stream_head(const Network& network, const Config& config, const Mount& mount,
                        const SourceFacts& facts, const ListenAsk& ask, unsigned metaint,
                        bool has_place) {
  const auto settings = mount.settings();
  ResponseHead head = listener_head(facts, *settings);
  // X-LB-Stream itself is added when the place is known.
  if (has_place) head.exposes = "X-LB-Stream";
  if (ask.own_product) head.extra += passed_line(network, facts);
  const std::string last = metaint > 0 ? cat({"icy-metaint:", metaint, "\r\n"}) : std::string();
  head.extra += last;
  if (facts.plugin->icy_metadata && ask.length) head.content_length = kEndlessLength;
  ReplyFacts reply;
  reply.server_id = config.server_id;
  reply.now = network.clock.wall();
  reply.http_headers = config.http_headers;
  reply.cross_origin = !ask.stock_relay;
  if (!ask.stock_relay) return render_head(head, reply);
  head.extra = last;
  head.extra = fitting(listener_lines(facts, *settings), render_head(head, reply)) + last;
  return render_head(head, reply);
}

void reply_head(const Network& network, Connection& connection, const Mount& mount, bool icy) {
  const RequestContext& context = connection.context();
  const auto facts = context.shifted() ? context.shifted()->facts : mount.facts();
  const auto settings = mount.settings();
  const auto at = address_told(network, mount, context);
  const unsigned metaint = icy ? listener_metaint(*facts, *settings) : 0;
  ResponseHead head = listener_head(*facts, *settings);
  if (metaint > 0) head.extra += cat({"icy-metaint:", metaint, "\r\n"});
  if (at) {
    head.extra += cat({"X-LB-Stream: ", print_address(*at), "\r\n"});
    head.exposes = "X-LB-Stream";
  }
  connection.reply(head, {});
}

void reply_probe(Connection& connection, const Mount& mount) {
  const auto settings = mount.settings();
  const auto facts = mount.facts();
  ResponseHead head;
  head.status = 206;
  head.content_type = facts->content_type;
  head.mount_http_headers = settings->http_headers;
  head.content_length = 2;
  head.extra = "Accept-Ranges: bytes\r\nContent-Range: bytes 0-1/1073741823\r\n" +
               stream_header_lines(facts->content_type);
  connection.reply(head, std::string(safari_bytes(*facts)));
}

}  // namespace lb
