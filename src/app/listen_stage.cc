#include "app/listen_stage.h"

#include <algorithm>
#include <utility>

#include "app/auth_replies.h"
#include "app/cluster_service.h"
#include "app/direct_calls.h"
#include "app/health_stage.h"
#include "app/mount_files.h"
#include "app/redirect_stage.h"
#include "app/relay_service.h"
#include "app/worker.h"
#include "base/strings.h"
#include "cluster/relay_marks.h"
#include "cluster/stream_list.h"
#include "http/access_line.h"

namespace lb {
namespace {

constexpr int kLongestChain = 10;
// Flash players and MSIE wait for a length; Icecast gives them one that no stream reaches.
constexpr std::uint64_t kEndlessLength = 221183499;

// The log is the queue, not the kernel.  Pages sent by sendfile are shared with the log and cost
// the kernel nothing; blocks with metadata are copied.
constexpr std::size_t kUnsentShared = 128 * 1024;
constexpr std::size_t kUnsentCopied = 48 * 1024;

bool wants_length(const Request& request) {
  return request.headers.find("x-flash-version") != nullptr ||
         request.headers.get("user-agent").find("MSIE") != std::string_view::npos;
}

// Whether another server's bytes are what this listener of ours would get.
bool may_pass_through(const Connection& connection, const MountSettings& section, bool icy) {
  const bool same_metadata = !icy || (section.metaint < 0 && section.charset.empty());
  return !connection.secure() && same_metadata && section.intro.empty() &&
         section.dump_file.empty();
}

bool wants_icy(const Request& request) {
  const auto value = parse_u64(trim(request.headers.get("icy-metadata")));
  return value && *value > 0;
}

// The nodes so far and this one, for a server that relays the stream further.
std::string passed_line(const Services& services, const SourceFacts& facts) {
  const std::string own = services.cluster->facts()->mark;
  return path_line(facts.passed.empty() ? own : facts.passed + " " + own);
}

std::string_view safari_bytes(const SourceFacts& facts) {
  if (facts.plugin->name == "ogg") return "Og";
  if (facts.plugin->name == "ebml") return "\x1a\x45";
  return facts.content_type == "audio/mpeg" ? std::string_view("\xff\xfb")
                                            : std::string_view("\xff\xf1");
}

// Who was sent here by a master shall ask it again, and not all at the same time.
void reply_full(Connection& connection, const ClientPass& pass) {
  if (!pass.redirected) {
    connection.reply_text(403, "max listeners reached");
    return;
  }
  ResponseHead head;
  head.status = 503;
  head.content_type = "text/plain; charset=utf-8";
  head.extra =
      "Retry-After: " + std::to_string(1 + connection.id() % 3) + "\r\nX-Reason: node-full\r\n";
  connection.reply(head, "max listeners reached");
}

std::string stream_head(const Services& services, const Config& config, const Mount& mount,
                        const SourceFacts& facts, const Request& request, bool icy) {
  const auto settings = mount.settings();
  ResponseHead head;
  head.content_type = facts.content_type;
  head.extra = facts.listener_headers;
  if (is_own_product(request.headers)) head.extra += passed_line(services, facts);
  if (icy) head.extra += "icy-metaint:" + std::to_string(facts.metaint) + "\r\n";
  if (facts.plugin->icy_metadata && wants_length(request)) head.content_length = kEndlessLength;
  ReplyFacts reply;
  reply.server_id = config.server_id;
  reply.now = services.clock.wall();
  reply.http_headers = config.http_headers;
  reply.mount_http_headers = settings->http_headers;
  return render_head(head, reply);
}

}  // namespace

bool is_safari_probe(const Request& request) {
  if (trim(request.headers.get("range")) != "bytes=0-1") return false;
  const std::string_view agent = request.headers.get("user-agent");
  const auto has = [agent](std::string_view word) {
    return agent.find(word) != std::string_view::npos;
  };
  return has("Safari/") && !has("Chrome") && !has("AppleCoreMedia");
}

std::shared_ptr<Mount> playing_mount(const Services& services, const std::string& path,
                                     bool idle_too) {
  // A page of the server is never a mount, whatever the default mount's fallback says.
  if (is_template_path(path)) return nullptr;
  std::string name = path;
  for (int depth = 0; depth <= kLongestChain && !name.empty(); ++depth) {
    auto mount = services.mounts.find(name);
    if (mount && (idle_too || mount->phase() != MountPhase::kIdle)) return mount;
    if (depth > 0)
      if (auto file = services.mount_files->fallback(name)) return file;
    name = mount_section(*services.config.read(), name).fallback_mount;
  }
  return nullptr;
}

std::shared_ptr<Mount> ListenStage::enter_with_room(std::shared_ptr<Mount> mount) const {
  for (int depth = 0; mount && depth <= kLongestChain; ++depth) {
    const auto settings = mount->settings();
    if (mount->gate().try_enter(settings->max_listeners)) return mount;
    if (!settings->fallback_when_full || settings->fallback_mount.empty()) return nullptr;
    mount = worker_.services.mounts.find(settings->fallback_mount);
    if (!mount) mount = worker_.services.mount_files->fallback(settings->fallback_mount);
    if (mount && mount->phase() == MountPhase::kIdle) return nullptr;
  }
  return nullptr;
}

void listen_again(Worker& worker, std::uint64_t id, bool give_up) {
  Connection* connection = worker.connections.find(id);
  if (connection == nullptr) return;
  const Verdict verdict = ListenStage(worker).handle(*connection, !give_up);
  if (verdict == Verdict::kNext) connection->reply_page(404, "Mount unavailable");
}

void listen_direct(Worker& worker, std::uint64_t id, DirectOffer offer) {
  Connection* connection = worker.connections.find(id);
  if (connection == nullptr) return;
  // Somebody else may have started the relay meanwhile, or a source have come.
  if (playing_mount(worker.services, connection->request().path) != offer.mount ||
      offer.mount->phase() != MountPhase::kIdle) {
    static_cast<ClientPass&>(*connection->held).direct = false;
    listen_again(worker, id, false);
    return;
  }
  if (answer_if_draining(worker, *connection)) return;
  ListenStage(worker).admit(*connection, offer.mount, &offer);
}

Verdict LearnStage::handle(Connection& connection) {
  Services& services = worker_.services;
  const Request& request = connection.request();
  if (request.method != Method::kGet || !services.relays->publishes()) return Verdict::kNext;
  if (!may_be_relayed_as(request.path) || services.mounts.find(request.path)) return Verdict::kNext;
  const auto files = services.files.read();
  const std::string_view type = files->types().type_of(request.path);
  const bool sounds =
      type.starts_with("audio/") || type.starts_with("video/") || type.starts_with("application/o");
  // Whoever has a token was sent here for this mount; of others, only what may be one.
  const bool sent = static_cast<ClientPass&>(*connection.held).redirected;
  if (files->has_file(request.path) || (!sent && !sounds) || lacks_token(services, connection))
    return Verdict::kNext;
  services.loops.control().post(
      [&services, path = request.path, worker = worker_.loop.id(), id = connection.id()] {
        services.relays->learn(path, worker, id);
      });
  return Verdict::kPending;
}

namespace {

// One that relays: behind it are listeners of its own.
bool is_server(const Request& request, const ClientPass& pass, const Config& config) {
  return pass.is_relay || pass.is_server || says_relay(request.headers, config.server_id);
}

}  // namespace

Verdict ListenStage::handle(Connection& connection, bool may_wait) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  std::shared_ptr<Mount> mount = playing_mount(services, request.path, may_wait);
  if (!mount) return Verdict::kNext;
  const auto config = services.config.read();
  const MountSettings& section = mount_section(*config, request.path);
  if (section.no_mount) {
    connection.reply_text(403, "mountpoint unavailable");
    return Verdict::kAnswered;
  }
  // Two servers that relay one mount from each other must not keep its echo alive.
  if (mount->phase() == MountPhase::kLingering && says_relay(request.headers, config->server_id)) {
    connection.reply_page(404, "Mount unavailable");
    return Verdict::kAnswered;
  }
  auto* held = static_cast<ClientPass*>(connection.held.get());
  // AuthStage has asked; this is what remains when the mount began to play only now.
  if (!section.authenticator.type.empty() && !held->authorised) {
    services.counters.refused(Refusal::kLogin);
    reply_unauthorised(connection);
    return Verdict::kAnswered;
  }
  // Again: it may have waited for an authenticator or a relay since DrainStage.
  if (!is_server(request, *held, *config) && answer_if_draining(worker_, connection))
    return Verdict::kAnswered;
  const bool icy_asked = wants_icy(request);
  if (mount->phase() == MountPhase::kIdle && request.method != Method::kHead) {
    const bool direct = held->direct && may_pass_through(connection, section, icy_asked);
    DirectAsk ask{mount->name(), worker_.loop.id(), connection.id(),
                  std::string(request.headers.get("via")), icy_asked};
    services.loops.control().post([&services, direct, ask = std::move(ask)]() mutable {
      if (direct)
        services.direct->call(std::move(ask));
      else
        services.relays->await(ask.mount, ask.worker, ask.connection, std::move(ask.via));
    });
    return Verdict::kPending;
  }
  if (request.method == Method::kHead) {
    const auto facts = mount->facts();
    ResponseHead head;
    head.content_type = facts->content_type;
    head.extra = facts->listener_headers;
    if (icy_asked && facts->metaint > 0)
      head.extra += "icy-metaint:" + std::to_string(facts->metaint) + "\r\n";
    connection.reply(head, {});
    return Verdict::kAnswered;
  }
  if (is_safari_probe(request)) {
    const auto facts = mount->facts();
    ResponseHead head;
    head.status = 206;
    head.content_type = facts->content_type;
    head.content_length = 2;
    head.extra = "Accept-Ranges: bytes\r\nContent-Range: bytes 0-1/1073741823\r\n";
    connection.reply(head, std::string(safari_bytes(*facts)));
    return Verdict::kAnswered;
  }
  admit(connection, std::move(mount), nullptr);
  return Verdict::kAnswered;
}

void ListenStage::admit(Connection& connection, std::shared_ptr<Mount> mount, DirectOffer* direct) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  const auto config = services.config.read();
  auto* held = static_cast<ClientPass*>(connection.held.get());
  if (held->is_relay)
    mount->gate().enter();
  else if (direct != nullptr)
    mount = mount->gate().try_enter(mount->settings()->max_listeners) ? mount : nullptr;
  else
    mount = enter_with_room(std::move(mount));
  if (!mount) {
    services.counters.refused(Refusal::kMountListeners);
    reply_full(connection, *held);
    return;
  }
  GatePass place(&mount->gate());
  const bool limited = config->limits.max_listeners > 0 && !held->is_relay;
  const std::int64_t most = limited ? config->limits.max_listeners : Gate::kNoLimit;
  if (!services.counters.listeners.try_enter(most)) {
    services.counters.refused(Refusal::kListeners);
    reply_full(connection, *held);
    return;
  }
  const auto facts = direct != nullptr ? direct->facts : mount->facts();
  const auto settings = mount->settings();
  const bool icy = wants_icy(request) && facts->metaint > 0;

  auto preamble = std::make_unique<Preamble>();
  preamble->head = stream_head(services, *config, *mount, *facts, request, icy);
  RequestFacts asked(access_request(request), request.headers.get("referer"),
                     request.headers.get("user-agent"), connection.user);
  // Nearly always the mount itself: then its name is shared, not copied.
  auto home = request.path == mount->name()
                  ? std::shared_ptr<const std::string>(mount, &mount->name())
                  : std::make_shared<const std::string>(request.path);
  const bool server = is_server(request, *held, *config);
  GatePass client = std::move(held->pass);
  std::unique_ptr<EndNotice> notice = std::move(held->notice);
  const std::chrono::seconds longest = held->time_limit.value_or(settings->max_listener_duration);
  const std::uint64_t id = connection.id();
  const std::size_t burst = static_cast<std::size_t>(std::min<std::uint64_t>(
      settings->burst_bytes, burst_wanted(request.headers).value_or(settings->burst_bytes)));

  // The connection ends with this call; what follows has its own copies.
  auto listener = std::make_unique<Listener>(id, connection.take_transport(), std::move(asked));
  listener->preamble = std::move(preamble);
  listener->home = std::move(home);
  listener->client_pass = std::move(client);
  listener->mount_pass = std::move(place);
  listener->total_pass = GatePass(&services.counters.listeners);
  if (server) {
    mount->relay_gate().enter();
    listener->relay_pass = GatePass(&mount->relay_gate());
  }
  listener->joined = worker_.loop.now();
  if (longest.count() > 0) listener->until = listener->joined + longest;
  listener->notice = std::move(notice);
  if (icy) {
    listener->icy.metaint = facts->metaint;
    listener->icy.until_block = facts->metaint;
  }
  listener->transport->limit_unsent(icy ? kUnsentCopied : kUnsentShared);
  if (direct != nullptr)
    worker_.streams.join_direct(std::move(listener), mount, std::move(direct->source));
  else if (const auto intro = services.mount_files->intro_for(*mount); intro.file)
    worker_.streams.join(std::move(listener), mount, intro);
  else
    worker_.streams.join(std::move(listener), mount, burst);
}

}  // namespace lb
