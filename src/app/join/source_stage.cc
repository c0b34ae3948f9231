// source_stage(): SOURCE, PUT and POST of audio become sources: login, limits, lease, "200 OK".
// Source: Icecast 2.4.4; doc/decisions.md B1.
// Thread: its worker; the lease comes from control.
#include <utility>

#include "admin/page/builtin.h"
#include "app/join/stages.h"
#include "app/request/asked_address.h"
#include "app/request/password_guesses.h"
#include "app/request/record_logins.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/source_ask.h"
#include "app/request/source_logins.h"
#include "app/services/worker.h"
#include "app/topology/mount_homes.h"
#include "auth/guard/refusal_log.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "hls/path.h"
#include "http/access_line.h"
#include "http/body.h"
#include "http/parser.h"
#include "http/static_files.h"
#include "http/stream_type.h"
#include "stream/mount/gate.h"
#include "stream/mount/mount.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_facts.h"
#include "stream/source/source_set.h"

namespace lb {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n";
constexpr std::uint64_t kMetaintLimit = 1 << 24;
constexpr std::size_t kShownType = 60;
constexpr std::string_view kSourceWelcome = "HTTP/1.0 200 OK\r\n\r\n";

bool is_source_request(const Request& request) {
  if (request.method == Method::kSource || request.method == Method::kPut) return true;
  if (request.method != Method::kPost || request.path.starts_with("/admin")) return false;
  // For liquidsoap's method="post"; a form posted to a mount is not a source.
  return is_stream_type(request.headers.get("content-type"));
}

// The row of the request's login; nullopt: it may not feed the mount.
std::optional<EncoderSettings> feeds_as(const Config& config, const MountSettings& mount,
                                        const Request& request) {
  if (request.protocol == Protocol::kIcy)
    return source_login_by_password(config, mount, request.password);
  if (auto row = source_login(config, mount, basic_credentials(request.headers))) return row;
  // <icelogin>: Icecast 1's header.
  const std::string* old = request.headers.find("ice-password");
  if (!config.icelogin || old == nullptr) return std::nullopt;
  return source_login_by_password(config, mount, *old);
}

// Why the path cannot be a mount; "": it can.  A mount may hide a static file only if that is audio
// (doc/decisions.md B5), never a page or the administration.
std::string_view refuse_name(const std::string& path, const Config& config,
                             const StaticFiles& files) {
  if (path.size() < 2 || path.size() > 255) return "mount name not allowed";
  if (path == "/admin" || path.starts_with("/admin/") || path == "/admin.cgi" ||
      is_own_path(path) || is_well_known(path))
    return "mount name is reserved";
  if (is_template_path(path)) return "mount name is reserved";
  // A configured mount of this name wins over a path of another mount's HLS or recordings.
  if ((parse_hls_path(path) || parse_recorded_path(path)) && named_section(config, path) == nullptr)
    return "mount name is reserved";
  for (const std::string_view ending : {".m3u", ".xspf", ".vclt", ".pls"})
    if (path.ends_with(ending)) return "mount name is reserved";
  if ((files.has_file(path) || builtin_file("web" + path) != nullptr) &&
      !is_stream_type(files.types().type_of(path)))
    return "mount name is that of a file";
  return {};
}

// libshout asks without credentials first, and retries over the same connection.
bool is_probe(const Request& request) {
  return request.headers.find("authorization") == nullptr &&
         request.headers.get("content-length") == "0" &&
         iequals(request.headers.get("connection"), "keep-alive");
}

// keep_open: the request was a probe, and not a failed login.
void refuse_login(Worker& worker, Connection& connection, bool keep_open, std::string_view why) {
  if (!keep_open) {
    worker.services.counters.refused(Refusal::kLogin);
    log_refused_source(worker, connection, why);
  }
  reply_unauthorised(connection, keep_open);
}

// why: for the log; told: for the source.
void refuse_for_now(Worker& worker, Connection& connection, std::string_view why,
                    std::string_view told) {
  log_refused_source(worker, connection, why);
  connection.reply_text(503, told);
}

// Refuses a source whose login is right.
Verdict refuse_source(Worker& worker, Connection& connection, std::string_view why) {
  log_refused_source(worker, connection, why);
  connection.reply_text(403, std::string(why));
  return Verdict::kAnswered;
}

bool refuse_if_guessed(Worker& worker, Connection& connection, bool answered) {
  if (answered) log_refused_source(worker, connection, "too many wrong passwords");
  return answered;
}

// The login that a source gives; nullopt: none.
std::optional<Credentials> source_credentials(const Config& config, const MountSettings& mount,
                                              const Request& request) {
  if (request.protocol == Protocol::kIcy) return Credentials{mount.username, request.password};
  if (auto given = basic_credentials(request.headers)) return given;
  const std::string* old = request.headers.find("ice-password");
  if (config.icelogin && old != nullptr) return Credentials{mount.username, *old};
  return std::nullopt;
}

bool gives_login(const Config& config, const Request& request) {
  return source_credentials(config, config.default_mount, request).has_value();
}

// Frees the mount of a source that ended before its first byte.
void give_back(Worker& worker, WriterLease lease) {
  auto end = std::make_shared<SourceEnd>();
  end->lease = std::move(lease);
  end->reason = EndReason::kClientGone;
  worker.services.loops.control().post(
      [&worker, end] { worker.services.admission->give_back(std::move(*end)); });
}

// Makes the source, on the worker, with its lease.
void begin(Worker& worker, Connection& connection, WriterLease lease,
           std::shared_ptr<const SourceFacts> facts, BodyReader body, GatePass place) {
  const Request& request = connection.request();
  std::string welcome;
  if (request.protocol != Protocol::kIcy) {
    if (iequals(request.headers.get("expect"), "100-continue")) welcome += kContinue;
    welcome += kSourceWelcome;
  }
  if (!welcome.empty() && !connection.send_now(welcome)) {
    give_back(worker, std::move(lease));
    connection.drop();
    return;
  }
  SourceOffer offer;
  offer.leftover = connection.take_leftover();
  offer.body = std::move(body);
  offer.source_pass = std::move(place);
  if (const auto metaint = parse_u64(request.headers.get("icy-metaint"));
      metaint && *metaint > 0 && *metaint < kMetaintLimit)
    offer.metaint = static_cast<std::size_t>(*metaint);
  offer.request = access_request(request);
  offer.user_agent = request.headers.get("user-agent");
  offer.bytes_sent = connection.bytes_sent();
  offer.referer = request.headers.get("referer");
  offer.user = connection.user;
  offer.shows_user = connection.shows_user;
  offer.client_pass = std::move(connection.context().client_pass);
  Traffic& traffic = worker.services;
  traffic.counters.source_client_connections.fetch_add(1, std::memory_order_relaxed);
  traffic.counters.source_total_connections.fetch_add(1, std::memory_order_relaxed);
  offer.transport = connection.take_transport();
  worker.sources->add(std::move(offer), std::move(lease), std::move(facts));
}

// Handles control's decision, on the worker.
void admitted(Worker& worker, std::uint64_t id, Result<WriterLease> lease,
              std::shared_ptr<const SourceFacts> facts, BodyReader body, GatePass place) {
  Connection* waiting = worker.find_connection(id);
  if (waiting == nullptr) {  // gone meanwhile
    if (lease) give_back(worker, std::move(*lease));
    return;
  }
  if (!lease && lease.error().code == Error::Code::kIo)  // the machine has no room for its log
    return refuse_for_now(worker, *waiting, lease.error().what,
                          "the server has no room for this stream at present");
  if (!lease) {
    worker.services.counters.refused(Refusal::kMountInUse);
    refuse_source(worker, *waiting, lease.error().what);
    return;
  }
  begin(worker, *waiting, std::move(*lease), std::move(facts), std::move(body), std::move(place));
}

// Enters the gate of sources; false: no more are allowed.  A source for a mount that another feeds
// gets that one's place or, as in Icecast, is told that the mount is in use.
bool enter_gate(Traffic& traffic, std::int64_t limit, const std::string& mount,
                const MountSettings& settings) {
  Gate& gate = traffic.counters.sources;
  if (gate.try_enter(limit)) return true;
  const auto fed = traffic.mounts.find(mount);
  if (!fed || fed->phase() != MountPhase::kRunning || settings.standby_places() > 0) return false;
  gate.enter();
  return true;
}

// By the kind of its stream, the bans and what the mount takes.
bool refuse_if_not_allowed(Worker& worker, Connection& connection, const Config& config,
                           const MountSettings& settings) {
  const Request& request = connection.request();
  Traffic& traffic = worker.services;
  const auto refuse = [&](std::string_view why) {
    refuse_source(worker, connection, why);
    return true;
  };
  if (request.method == Method::kPut && request.headers.get("content-type").empty())
    return refuse("No Content-type given");
  const std::string_view type = request.headers.get("content-type");
  if (!type.empty() && !is_source_type(type, settings.source_types)) {
    traffic.refusals->warn(
        "source/source", connection.ip(),
        cat({"mount ", request.path, ": a source from ", connection.ip(),
             " was refused, its content type ", clean_utf8(type.substr(0, kShownType)),
             " is neither audio nor video (<source-types> allows others)"}));
    connection.reply_text(403, "Content-type not supported");
    return true;
  }
  if (answer_if_banned(worker, connection, request.path)) {
    log_refused_source(worker, connection, "banned");
    return true;
  }
  if (settings.suspended) return refuse("suspended");
  if (const auto why = refuse_away_from_home(config, settings); !why.empty()) return refuse(why);
  if (const auto why = refuse_name(request.path, config, *traffic.files.read()); !why.empty())
    return refuse(why);
  return false;
}

// Checks everything besides the login, which is right.
Verdict admit(Worker& worker, Connection& connection, const Config& config,
              const MountSettings& settings, int priority) {
  const Request& request = connection.request();
  Traffic& traffic = worker.services;
  if (refuse_if_not_allowed(worker, connection, config, settings)) return Verdict::kAnswered;
  auto body = BodyReader::for_request(request, true);
  if (!body) {
    log_refused_source(worker, connection, body.error().what);
    connection.reply_page(400, body.error().what);
    return Verdict::kAnswered;
  }
  if (!enter_gate(traffic, config.limits.sources, request.path, settings)) {
    traffic.counters.refused(Refusal::kSources);
    return refuse_source(worker, connection, "too many sources connected");
  }
  auto place = std::make_shared<GatePass>(&traffic.counters.sources);
  auto facts = make_source_facts(
      request, settings,
      SourcePeer{
          connection.ip(), traffic.clock.wall(), traffic.clock.steady(), {}, connection.user});
  if (request.headers.get("content-type").empty())
    traffic.log.warn("source/source", cat({"mount ", request.path,
                                           ": no content type given, audio/mpeg is assumed"}));

  WriterAsk ask;
  ask.mount = request.path;
  ask.facts = facts;
  ask.home = worker.loop.id();
  ask.user = connection.user;
  ask.priority = priority;
  traffic.loops.control().post([&worker, id = connection.id(), ask = std::move(ask), place,
                                framing = *body]() mutable {
    auto facts_given = ask.facts;
    worker.services.admission->admit(
        std::move(ask), [&worker, id, facts_given, place, framing](Result<WriterLease> granted) {
          worker.loop.post([&worker, id, facts_given, place, framing,
                            lease = std::make_shared<Result<WriterLease>>(std::move(granted))] {
            admitted(worker, id, std::move(*lease), facts_given, framing, std::move(*place));
          });
        });
  });
  return Verdict::kPending;
}

void refuse_later(Worker& worker, Connection& connection) {
  constexpr std::string_view kWhy = "too many logins are being judged, please try again later";
  refuse_for_now(worker, connection, kWhy, kWhy);
}

// Why the logins of a record, or a backend, refuse the source.
std::string_view why_source_refused(Worker& worker, const MountSettings& settings,
                                    std::string_view user) {
  if (!settings.logins.empty())
    return why_no_login(settings, user, unix_seconds(worker.services.clock.wall()));
  return settings.origin == MountOrigin::kMaster ? "its stream comes from another server"
                                                 : "its backend says no";
}

void ask_backend(Worker& worker, Connection& connection, const MountSettings& settings,
                 Credentials given) {
  const auto config = config_of(worker.services, connection);
  SourceAsk ask{connection.request().path, connection.ip(), std::move(given), false};
  const std::string ask_user = ask.given.user;
  ask_about_source(
      worker, connection, section_of(worker.services, connection), std::move(ask), true,
      [&worker, config, settings, user = ask_user](Connection& waiting,
                                                   const AuthVerdict& verdict) {
        if (!verdict.user.empty()) waiting.user = verdict.user;
        if (verdict.kind == AuthVerdict::Kind::kAllow)
          admit(worker, waiting, *config, settings, 0);
        else if (verdict.kind == AuthVerdict::Kind::kBusy)
          refuse_source(worker, waiting, verdict.text);
        else if (verdict.kind == AuthVerdict::Kind::kLater)
          refuse_later(worker, waiting);
        else
          refuse_login(worker, waiting, false,
                       verdict.unanswered ? "its backend did not answer"
                                          : why_source_refused(worker, settings, user));
      });
}

}  // namespace

Verdict source_stage(Worker& worker, Connection& connection) {
  Request& request = connection.request();
  if (!is_source_request(request)) return Verdict::kNext;
  Traffic& traffic = worker.services;
  if (answer_if_draining(worker, connection)) {
    log_refused_source(worker, connection, "this server is being emptied");
    return Verdict::kAnswered;
  }
  const auto config = config_of(traffic, connection);
  if (request.protocol == Protocol::kIcy && request.target.empty()) {
    ShoutcastLogin login =
        read_shoutcast_login(*config, connection.socket().settings, request.password);
    request.target = request.path = std::move(login.mount);
    request.password = std::move(login.password);
  }
  if (connection.context().waited.take().outcome == WaitOutcome::kFull) {
    constexpr std::string_view kWhy = "too many unknown mounts are being looked up, try again";
    refuse_for_now(worker, connection, kWhy, kWhy);
    return Verdict::kAnswered;
  }
  if (gives_login(*config, request) && waits_for_external(worker, connection, request.path))
    return Verdict::kPending;
  const MountSettings settings = mount_settings(*config, request.path);
  const auto given = source_credentials(*config, settings, request);
  const bool asks_backend = decides_sources(section_of(traffic, connection)) && !is_probe(request);
  if (given) {
    connection.user = given->user;
    if (refuse_if_guessed(worker, connection, answer_if_shut_out(worker, connection, *given)))
      return Verdict::kAnswered;
  }
  const auto row = asks_backend ? std::nullopt : feeds_as(*config, settings, request);
  const bool right = row.has_value();
  if (right) connection.user = row->username;
  if (given && right) note_right_password(worker, connection, *given);
  if (given && !right && is_throttled(worker, connection, *given) &&
      refuse_if_guessed(worker, connection, answer_if_throttled(worker, connection, given->user)))
    return Verdict::kAnswered;
  if (asks_backend) {
    ask_backend(worker, connection, settings, given.value_or(Credentials{}));
    return Verdict::kPending;
  }
  if (!right) {
    if (given && !is_known_password(*config, *given))
      note_wrong_password(worker, connection, given->user);
    refuse_login(worker, connection, is_probe(request),
                 given ? "wrong password" : "no login given");
    return Verdict::kAnswered;
  }
  return admit(worker, connection, *config, settings, row->priority);
}

bool shoutcast_login(Worker& worker, Connection& connection) {
  if (worker.services.drain.draining()) return false;
  const auto config = config_of(worker.services, connection);
  const ShoutcastLogin login =
      read_shoutcast_login(*config, connection.socket().settings, connection.request().password);
  const MountSettings settings = mount_settings(*config, login.mount);
  const auto welcome = [&connection] {
    const bool has = connection.bytes_sent() > 0;  // from the previous process
    return has || connection.send_now("OK2\r\nicy-caps:11\r\n\r\n");
  };
  // Where a backend decides, it is asked when the head is complete.
  if (decides_sources(settings)) return welcome();
  const Credentials given{settings.username, login.password};
  const auto refuse = [&](std::string_view why) {
    connection.user = settings.username;
    connection.request().path = login.mount;  // for the log: its head has not come
    log_refused_source(worker, connection, why);
    return false;
  };
  if (is_shut_out(worker, connection, given)) return refuse("too many wrong passwords");
  if (!source_login_by_password(*config, settings, given.password)) {
    note_wrong_password(worker, connection, settings.username);
    return refuse("wrong password");
  }
  note_right_password(worker, connection, given);
  return welcome();
}

}  // namespace lb
