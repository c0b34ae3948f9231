#include "app/admin_stage.h"

#include <utility>

#include "admin/command.h"
#include "app/auth_stage.h"
#include "app/cluster_service.h"
#include "app/page_cache.h"
#include "app/station.h"
#include "app/worker.h"
#include "auth/passwords.h"
#include "http/page_headers.h"
#include "http/playlist.h"

namespace lb {
namespace {

constexpr std::string_view kCgi = "/admin.cgi";

// node: of the cluster, whose secret was given; the role is then that of a relay.
AdminRole role_of(const Config& config, const ClusterFacts& cluster, const Request& request,
                  const std::string& query, std::string& node) {
  const auto given = basic_credentials(request.headers);
  const PasswordSettings known = Services::passwords(config);
  if (is_admin(known, given)) return AdminRole::kAdmin;
  if (is_relay(known, given)) return AdminRole::kRelay;
  if (const KnownNode* found = cluster.known.login(given)) {
    node = found->id;
    return AdminRole::kRelay;
  }
  if (const auto mount = query_param(query, "mount")) {
    const MountSettings& settings = mount_section(config, *mount);
    if (!decides_sources(settings) &&
        is_source(known, SourceLogin{settings.username, settings.password}, given))
      return AdminRole::kSource;
  }
  return AdminRole::kNone;
}

AdminRole role_by_pass(const Config& config, const std::string& mount, const std::string& query) {
  const auto pass = query_param(query, "pass");
  if (!pass) return AdminRole::kNone;
  const MountSettings& settings = mount_section(config, mount);
  if (!decides_sources(settings) &&
      is_source_password(Services::passwords(config),
                         SourceLogin{settings.username, settings.password}, *pass))
    return AdminRole::kSource;
  const std::string& admin = config.authentication.admin_password;
  return !admin.empty() && secret_equal(*pass, admin) ? AdminRole::kAdmin : AdminRole::kNone;
}

void reply(Worker& worker, std::uint64_t id, const AdminAnswer& answer) {
  Connection* waiting = worker.connections.find(id);
  if (waiting == nullptr) return;  // butt closes without reading; the command has been carried out
  ResponseHead head;
  head.status = answer.status;
  head.content_type = answer.content_type;
  head.extra = answer.extra;
  if (answer.with_length && answer.status == 200) head.content_length = answer.body.size();
  waiting->reply(head, answer.body);
}

// On control: a finished answer goes to its worker, a document by way of the clerk.
void deliver(Worker& worker, std::uint64_t id, AdminAnswer answer) {
  if (answer.template_name.empty()) {
    const auto http = worker.services.http.read();
    const bool page = answer.content_type.starts_with("text/html");  // the rest is data
    answer.extra += page ? page_header_lines(PageKind::kPlain, http->http_headers)
                         : nosniff_line(http->http_headers);
    worker.loop.post([&worker, id, answer = std::move(answer)] { reply(worker, id, answer); });
    return;
  }
  std::string name = answer.template_name, document = std::move(answer.body);
  worker.services.pages->render_admin(
      std::move(name), std::move(document),
      [&worker, id, answer = std::move(answer)](PageCache::Page page) {
        AdminAnswer done = answer;
        PageKind kind = PageKind::kPlain;
        if (*page) {
          done.content_type = (*page)->content_type;
          done.body = (*page)->body;
          kind = (*page)->brings_its_own ? PageKind::kDesigned : PageKind::kPlain;
        } else {
          worker.services.log.error("admin/render", (*page).error().what);
          done = admin_error(404, "Could not parse XSLT file");
        }
        if (is_page_type(done.content_type))
          done.extra += page_header_lines(kind, worker.services.http.read()->http_headers);
        worker.loop.post([&worker, id, done = std::move(done)] { reply(worker, id, done); });
      });
}

// /admin.cgi has a password and no user: that of the mount, or of the administrator.
std::optional<Credentials> cgi_credentials(const Config& config, const std::string& mount,
                                           const std::string& query) {
  auto pass = query_param(query, "pass");
  if (!pass) return std::nullopt;
  return Credentials{mount_section(config, mount).username, std::move(*pass)};
}

bool would_change(const AdminRequest& asked) {
  const AdminLookup lookup = admin_lookup(asked.path);
  return asked.path == kCgi ||
         (lookup.command != nullptr && admin_changes_state(*lookup.command, asked.query));
}

void carry_out(Worker& worker, std::uint64_t id, bool cgi, AdminRequest asked, std::string mount) {
  worker.services.loops.control().post([&worker, id, cgi, asked = std::move(asked),
                                        mount = std::move(mount)]() mutable {
    const auto done = [&worker, id](AdminAnswer answer) { deliver(worker, id, std::move(answer)); };
    if (cgi)
      answer_admin_cgi(std::move(asked), std::move(mount), *worker.services.station, done);
    else
      answer_admin(std::move(asked), *worker.services.station, done);
  });
}

}  // namespace

std::size_t body_limit(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.path != "/admin/sourcelist.txt") return 0;
  const auto given = basic_credentials(request.headers);
  if (!given || is_throttled(worker, connection, given->user)) return 0;
  const bool known = is_relay(Services::passwords(*worker.services.config.read()), given) ||
                     worker.services.cluster->facts()->known.login(given) != nullptr;
  return known ? NodeReport::kMostBytes : 0;
}

Verdict AdminStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (!is_admin_path(request.path)) return Verdict::kNext;
  Services& services = worker_.services;
  const auto config = services.config.read();
  AdminRequest asked;
  asked.path = request.path;
  asked.query = request.query;
  asked.is_post = request.method == Method::kPost;
  if (!connection.form_is_urlencoded())
    asked.body = connection.form();
  else if (!connection.form().empty())
    asked.query += (asked.query.empty() ? "" : "&") + connection.form();
  asked.headers = request.headers;
  asked.peer_ip = connection.ip();
  asked.peer = connection.peer();
  asked.authority = Services::authority(*config);
  if (connection.secure()) {
    asked.scheme = "https";
    asked.authority =
        playlist_host(request.headers.get("host"), config->hostname, config->port, true);
  }
  const bool cgi = request.path == kCgi;
  // HEAD changes nothing (RFC 9110, 9.3.2); Icecast knows it nowhere.
  if (request.method == Method::kHead && would_change(asked)) {
    connection.reply_page(400, "unknown request");
    return Verdict::kAnswered;
  }
  const std::string& own = connection.socket().settings.shoutcast_mount;
  std::string mount = own.empty() ? config->shoutcast_mount : own;
  // What is refused whoever asks costs nobody a try.
  if (!cgi && admin_refusal_before_auth(asked.path, asked.query, asked.headers)) {
    carry_out(worker_, connection.id(), false, std::move(asked), std::move(mount));
    return Verdict::kPending;
  }
  const std::string about = cgi ? mount : query_param(asked.query, "mount").value_or("");
  const auto given =
      cgi ? cgi_credentials(*config, about, asked.query) : basic_credentials(request.headers);
  if (given) {
    connection.user = given->user;
    if (answer_if_throttled(worker_, connection, given->user)) return Verdict::kAnswered;
    asked.role =
        cgi ? role_by_pass(*config, mount, asked.query)
            : role_of(*config, *services.cluster->facts(), request, asked.query, asked.node);
  }
  const MountSettings& section = mount_section(*config, about);
  if (given && asked.role == AdminRole::kNone && !about.empty() && decides_sources(section)) {
    SourceAsk ask{about, connection.ip(), *given, true};
    ask_about_source(worker_, connection, section.name, std::move(ask),
                     [&worker = worker_, cgi, asked = std::move(asked), mount = std::move(mount)](
                         Connection& waiting, const AuthVerdict& verdict) mutable {
                       if (verdict.kind == AuthVerdict::Kind::kAllow)
                         asked.role = AdminRole::kSource;
                       carry_out(worker, waiting.id(), cgi, std::move(asked), std::move(mount));
                     });
    return Verdict::kPending;
  }
  const bool guess =
      given && asked.role == AdminRole::kNone && (cgi || !is_known_password(*config, *given));
  if (guess) note_wrong_password(worker_, connection, given->user);
  carry_out(worker_, connection.id(), cgi, std::move(asked), std::move(mount));
  return Verdict::kPending;
}

}  // namespace lb
