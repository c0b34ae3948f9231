// admin_stage(): /admin/… and /admin.cgi: checks the login, has the admin floor answer on control,
// renders on the clerk, replies.
#include <algorithm>
#include <utility>

#include "admin/command/command.h"
#include "admin/page/builtin.h"
#include "admin/page/navigation.h"
#include "admin/page/session_marks.h"
#include "admin/page/template_file.h"
#include "app/cluster/cluster_service.h"
#include "app/endpoints/stages.h"
#include "app/operate/cluster_station.h"
#include "app/pages/page_cache.h"
#include "app/pages/stats_renderer.h"
#include "app/request/login_replies.h"
#include "app/request/password_guesses.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/source_ask.h"
#include "app/request/source_logins.h"
#include "app/request/who_asks.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "auth/password/passwords.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/strings.h"
#include "cluster/polling/node_report.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/error_page.h"
#include "http/page_headers.h"
#include "http/playlist.h"

namespace lb {
namespace {

constexpr std::string_view kCgi = "/admin.cgi", kCgiToo = "/admin/admin.cgi";

AdminRole role_by_pass(const Config& config, const std::string& mount, const std::string& pass,
                       AdminRequest& asked) {
  const MountSettings& settings = mount_section(config, mount);
  auto row =
      decides_sources(settings) ? std::nullopt : source_login_by_password(config, settings, pass);
  if (row) {
    if (!settings.encoders.empty()) asked.encoder = std::move(row->username);
    return AdminRole::kSource;
  }
  const std::string& admin = config.authentication.admin_password;
  return !admin.empty() && secret_equal(pass, admin) ? AdminRole::kAdmin : AdminRole::kNone;
}

// body: replaces the answer's own.
void send_answer(Worker& worker, Connection& waiting, AdminAnswer answer, const SharedBody& body) {
  const std::size_t size = body.owner ? body.bytes.size() : answer.body.size();
  ResponseHead head;
  head.status = answer.status;
  head.content_type = answer.content_type;
  head.extra = answer.extra;
  if (answer.with_length && answer.status == 200) head.content_length = size;
  if (!answer.error.empty() && wants_page(waiting.request().headers)) {
    head.content_type = "text/html; charset=utf-8";
    if (!is_page_type(answer.content_type))
      head.extra += page_header_lines(PageKind::kPlain, worker.services.http.read()->http_headers);
    waiting.reply(head, styled_error_page(answer.status, answer.error));
    return;
  }
  if (body.owner)
    waiting.reply_shared(head, body);
  else
    waiting.reply(head, std::move(answer.body));
}

using KnownSender = std::shared_ptr<const Identity>;

// Forms shown to a session need its mark to be sent back.
bool needs_marks(const KnownSender& sender) { return sender && !sender->csrf.empty(); }

bool has_console(const Worker& worker) {
  const LoginService& login = *worker.services.login;
  return login.on() && login.plan()->api;
}

std::string marked_page(Worker& worker, const KnownSender& sender, std::string_view page) {
  const NavigationFor whom{
      .role = sender ? sender->role : AdminRole::kNone,
      .console = has_console(worker),
      .records = worker.services.config.read()->store.type != StoreType::kNone};
  std::string out = with_navigation(page, whom);
  return needs_marks(sender) ? with_session_marks(out, sender->csrf, sender->user) : out;
}

// On control: passes the answer to its worker, a document after its template.
void finish_answer(Worker& worker, std::uint64_t id, const KnownSender& sender,
                   AdminAnswer answer) {
  if (answer.template_name.empty()) {
    const auto http = worker.services.http.read();
    const bool page = answer.content_type.starts_with("text/html");  // the rest is data
    if (page) answer.body = marked_page(worker, sender, answer.body);
    if (page)
      answer.extra += page_header_lines(PageKind::kPlain, http->http_headers);
    else if (answer.error.empty())  // it may still become a page
      answer.extra += nosniff_line(http->http_headers);
    worker.answer(id, [&worker, answer = std::move(answer)](Connection& waiting) mutable {
      send_answer(worker, waiting, std::move(answer), {});
    });
    return;
  }
  std::string name = answer.template_name, document = std::exchange(answer.body, {});
  worker.services.stats_renderer->render(
      std::move(name), std::move(document),
      [&worker, id, sender, answer = std::move(answer)](RenderedPages::Page page) mutable {
        AdminAnswer done = std::move(answer);
        PageKind kind = PageKind::kPlain;
        SharedBody body;
        if (*page) {
          done.content_type = (*page)->content_type;
          body = {page, (*page)->body};
          kind = (*page)->kind();
          if (is_page_type(done.content_type)) {
            const auto marked =
                std::make_shared<const std::string>(marked_page(worker, sender, (*page)->body));
            body = {marked, *marked};
          }
        } else {
          worker.services.log.error("admin/render", (*page).error().what);
          done = admin_error(404, "Could not parse XSLT file");
        }
        if (is_page_type(done.content_type))
          done.extra += page_header_lines(kind, worker.services.http.read()->http_headers);
        worker.answer(id, [&worker, done = std::move(done),
                           body = std::move(body)](Connection& waiting) mutable {
          send_answer(worker, waiting, std::move(done), body);
        });
      });
}

// The password may have been meant for the administrator, so it counts as a guess at both names.
// True: too many guesses; the sender has got 429.
bool answer_wrong_cgi_password(Worker& worker, Connection& connection, const Config& config,
                               const Credentials& given) {
  const Credentials meant{config.authentication.admin_user, given.password};
  note_wrong_password(worker, connection, meant.user);
  return answer_if_guarded(worker, connection, meant, false);
}

bool would_change(const AdminRequest& asked) {
  const AdminLookup lookup = admin_lookup(asked.path);
  return asked.path == kCgi ||
         (lookup.command != nullptr && admin_changes_state(*lookup.command, asked.query));
}

// A title that is set twice is the same title.
bool sets_title(const AdminRequest& asked) {
  const AdminLookup lookup = admin_lookup(asked.path);
  return asked.path == kCgi || (lookup.command != nullptr && lookup.command->name == "metadata");
}

// Takes the value that query_param() finds, the last of its name.  Walks the query once, because a
// form may have thousands of pairs, and before it is known whether the sender may do this.
void note_parameters(std::string_view query, std::vector<AuditEntry::Change>& changes) {
  for (const std::string_view pair : split(query, '&')) {
    const std::size_t equals = pair.find('=');
    const auto name = percent_decode(pair.substr(0, equals), true);
    if (!name || name->empty() || *name == "mount" || *name == "csrf") continue;
    auto change =
        std::find_if(changes.begin(), changes.end(),
                     [&name](const AuditEntry::Change& one) { return one.field == *name; });
    if (change == changes.end()) {
      if (changes.size() == kMaxAuditChanges) continue;
      changes.push_back({*name, std::nullopt, ""});
      change = std::prev(changes.end());
    }
    if (equals == pair.npos) continue;
    const auto value = percent_decode(pair.substr(equals + 1), true);
    const bool is_text = value && value->find('\0') == std::string::npos;
    change->after = audited_value(*name, is_text ? *value : "");
  }
}

// The audit entry for a change by a user; titles of sources are not recorded.
std::optional<AuditEntry> audited(Worker& worker, Connection& connection,
                                  const AdminRequest& asked) {
  if (!worker.services.login->on() || asked.role < AdminRole::kViewer || !would_change(asked))
    return std::nullopt;
  const AdminLookup lookup = admin_lookup(asked.path);
  if (lookup.command == nullptr) return std::nullopt;
  const auto mount = query_param(asked.query, "mount");
  AuditEntry entry = audit_entry(worker, connection, lookup.command->name,
                                 mount.value_or(query_param(asked.query, "node").value_or("")));
  note_parameters(asked.query, entry.changes);
  return entry;
}

// Whether the command needs no login; one that comes with it is ignored.
bool needs_no_login(const AdminRequest& asked) {
  const AdminLookup lookup = admin_lookup(asked.path);
  return lookup.command != nullptr && lookup.command->access == AdminAccess::kAnyone &&
         query_param(asked.query, "mount").has_value();
}

// A command with its sender, once that is known.
struct AdminCall {
  AdminRequest asked;
  bool cgi = false;
  std::string cgi_mount;             // the mount of its port
  std::string about;                 // the mount whose authenticator may accept it
  std::optional<Credentials> given;  // of the request, or pass=
  KnownSender sender;                // null for /admin.cgi, or where none is needed
};

void run_admin(Worker& worker, Connection& connection, AdminCall call) {
  // Its answer may need a node or a template: it comes from the process that has done it.
  if (would_change(call.asked)) connection.can_be_repeated(sets_title(call.asked));
  auto entry = std::make_shared<std::optional<AuditEntry>>(audited(worker, connection, call.asked));
  worker.services.loops.control().post([&worker, id = connection.id(), entry,
                                        call = std::move(call)]() mutable {
    const auto done = [&worker, id, sender = std::move(call.sender), entry](AdminAnswer answer) {
      if (*entry) {
        (*entry)->result = answer.status < 400 ? "ok" : std::to_string(answer.status);
        worker.services.login->audit(std::move(**entry));
      }
      finish_answer(worker, id, sender, std::move(answer));
    };
    auto& operators = *worker.services.operators;
    if (call.cgi)
      answer_admin_cgi(std::move(call.asked), std::move(call.cgi_mount), operators, done);
    else
      answer_admin(std::move(call.asked), operators, done);
  });
}

// Fills in the sender's rights for the command table.
void take_identity(AdminRequest& asked, const KnownSender& sender) {
  asked.role = sender->role;
  asked.node = sender->node;
  asked.encoder = sender->encoder;
  asked.shows_addresses = sender->addresses || sender->role < AdminRole::kViewer;
  if (sender->has_own_mounts())
    asked.owns = [sender](std::string_view name) { return sender->owns(name); };
}

// Whether the installation has its own template for a built-in page; an unchanged copy does not
// count.
bool is_stations_own(const std::string& root, std::string_view page) {
  const std::string path = cat({root, "/", page});
  const auto stamp = root.empty() ? Result<FileStamp>(Error::not_found("")) : identify_file(path);
  if (!stamp) return false;
  const BuiltinFile* built_in = builtin_file(cat({"admin/", page}));
  if (built_in == nullptr || stamp->bytes != built_in->bytes.size()) return true;
  const auto file = read_file(path, {.limit = built_in->bytes.size() + 1});
  return !file || file->text != built_in->bytes;
}

// Redirects a browser with a session from a built-in page to the console.  True: it was redirected.
bool answer_in_console(Worker& worker, Connection& connection, const AdminRequest& asked,
                       const Identity& identity) {
  const Request& request = connection.request();
  if (identity.csrf.empty() || !has_console(worker) || asked.is_post || would_change(asked))
    return false;
  // Over http to another machine a browser sends no Sec-Fetch-Mode; no program with a session uses
  // /admin/.
  const std::string_view mode = request.headers.get("sec-fetch-mode");
  const bool opens =
      mode.empty() ? asked.path == "/admin/" && wants_page(request.headers) : mode == "navigate";
  if (!opens) return false;
  const std::string place = console_place(asked.path, asked.query);
  const AdminLookup lookup = admin_lookup(asked.path);
  if (place.empty() || lookup.command == nullptr) return false;
  const std::string& root = config_of(worker.services, connection)->paths.adminroot;
  if (is_stations_own(root, lookup.command->page)) return false;
  reply_see_other(connection, place, {});
  return true;
}

// Answers a browser that may not do this, without a password dialog.  True: it has been answered.
bool refuse_in_browser(Worker& worker, Connection& connection, const AdminRequest& asked,
                       const Identity& identity, std::string_view about) {
  const AdminLookup lookup = admin_lookup(asked.path);
  if (!identity.csrf.empty() && !asked.is_post && would_change(asked)) {
    connection.reply_text(403, "cookie-needs-post: with a session nothing changes by GET\r\n");
    return true;
  }
  const bool by_session = !identity.csrf.empty();
  if (!by_session && !(identity.is_nobody() && wants_login_page(worker, connection.request())))
    return false;
  const bool has_mount = query_param(asked.query, "mount").has_value();
  if (lookup.command == nullptr ||
      admin_allows(*lookup.command, asked.role, asked_mount(identity, about, has_mount)))
    return false;
  refuse_asker(worker, connection, identity);
  return true;
}

AdminRequest make_request(Connection& connection, const Config& config) {
  const Request& request = connection.request();
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
  asked.authority = Services::authority(config);
  if (connection.secure()) {
    asked.scheme = "https";
    asked.authority =
        playlist_host(request.headers.get("host"), config.hostname, config.port, true);
  }
  return asked;
}

// /admin.cgi gets a password without a user, the mount's or the administrator's, as pass=, or for
// viewxml as HTTP's login, whose user SHOUTcast does not look at.
void take_pass(Worker& worker, const Config& config, const ListenSettings& socket,
               AdminCall& call) {
  const bool views = query_param(call.asked.query, "mode") == "viewxml";
  auto pass = query_param(call.asked.query, "pass");
  if (const auto basic = basic_credentials(call.asked.headers); !pass && views && basic)
    pass = basic->password;
  ShoutcastLogin login = read_shoutcast_login(config, socket, pass.value_or(""));
  call.about = call.cgi_mount = std::move(login.mount);
  // The first stream is the one of the port.
  const auto sid = parse_u64(query_param(call.asked.query, "sid").value_or(""));
  if (views && sid && *sid > 1)
    if (const auto shown = worker.services.pages->stations().shown(worker.services, config);
        *sid <= shown->names.size())
      call.about = call.cgi_mount = shown->names[static_cast<std::size_t>(*sid - 1)];
  if (pass)
    call.given = Credentials{mount_section(config, call.about).username, std::move(login.password)};
}

// Finds the role by pass=.  True: the request got 429 for too many wrong passwords.
bool answer_by_pass(Worker& worker, Connection& connection, const Config& config, AdminCall& call) {
  if (!call.given) return false;
  const Credentials& given = *call.given;
  const std::string& admin = config.authentication.admin_user;
  connection.user = given.user;
  if (answer_if_shut_out(worker, connection, given)) return true;
  call.asked.role = role_by_pass(config, call.cgi_mount, given.password, call.asked);
  if (call.asked.role == AdminRole::kNone)
    return answer_if_throttled(worker, connection, given.user) ||
           answer_if_throttled(worker, connection, admin);
  if (call.asked.role == AdminRole::kAdmin &&
      answer_if_guarded(worker, connection, {admin, given.password}, true))
    return true;
  note_right_password(worker, connection, given);
  return false;
}

// Whether the mount's backend may accept a sender without a login, by its address as for the
// stream.
bool may_feed_unnamed(Connection& connection, const MountSettings& section, const AdminCall& call) {
  const AdminLookup lookup = admin_lookup(call.asked.path);
  return !call.cgi && call.sender->is_nobody() && section.logins.empty() &&
         connection.request().headers.find("authorization") == nullptr &&
         authenticator_decides_sources(section.authenticator.type, section.authenticator.options) &&
         lookup.command != nullptr && lookup.command->access == AdminAccess::kAdminOrSource;
}

// Asks the mount's authenticator whether the sender is its source.
Verdict ask_authenticator(Worker& worker, Connection& connection, const MountSettings& section,
                          std::shared_ptr<const Config> config, AdminCall call) {
  connection.can_be_repeated(true);
  SourceAsk ask{call.about, connection.ip(), call.given.value_or(Credentials{}), true};
  const bool alone = call.cgi || !worker.services.login->on();
  ask_about_source(worker, connection, section, std::move(ask), alone,
                   [&worker, config = std::move(config), call = std::move(call)](
                       Connection& waiting, const AuthVerdict& verdict) mutable {
                     if (verdict.kind == AuthVerdict::Kind::kAllow)
                       call.asked.role = AdminRole::kSource;
                     if (verdict.wrong_password && !waiting.context().sender.password_judged)
                       log_refused_login(worker, waiting, waiting.user, "wrong password");
                     if (call.cgi && verdict.wrong_password &&
                         answer_wrong_cgi_password(worker, waiting, *config, *call.given))
                       return;
                     run_admin(worker, waiting, std::move(call));
                   });
  return Verdict::kPending;
}

}  // namespace

std::size_t body_limit(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.path != "/admin/sourcelist.txt") return login_body_limit(worker, request);
  const auto given = basic_credentials(request.headers);
  if (!given || is_shut_out(worker, connection, *given)) return 0;
  const bool known = is_relay(config_of(worker.services, connection)->authentication, given) ||
                     worker.services.cluster->facts()->known.login(given) != nullptr;
  return known ? NodeReport::kMaxBytes : 0;
}

Verdict admin_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  const auto config = config_of(worker.services, connection);
  AdminCall call;
  call.asked = make_request(connection, *config);
  AdminRequest& asked = call.asked;
  if (asked.path == kCgiToo) asked.path = kCgi;
  call.cgi = asked.path == kCgi;
  // HEAD changes nothing (RFC 9110, 9.3.2); Icecast does not support it here.
  if (request.method == Method::kHead && would_change(asked)) {
    connection.reply_page(400, "unknown request");
    return Verdict::kAnswered;
  }
  // A request that is refused for any password, or answered without one, costs no guess.
  if (!call.cgi && (needs_no_login(asked) ||
                    admin_refusal_before_auth(asked.path, asked.query, asked.headers))) {
    run_admin(worker, connection, std::move(call));
    return Verdict::kPending;
  }
  const auto named = query_param(asked.query, "mount");
  call.about = named.value_or("");
  if (call.cgi) take_pass(worker, *config, connection.socket().settings, call);
  const MountSettings& section = mount_section(*config, call.about);
  if (call.cgi) {
    if (answer_by_pass(worker, connection, *config, call)) return Verdict::kAnswered;
  } else {
    call.given = basic_credentials(request.headers);
    Asker asker = who_asks(worker, connection, named);
    if (asker.verdict != Verdict::kNext) return asker.verdict;
    call.sender = std::move(asker.identity);
    take_identity(asked, call.sender);
    asked.past_begins_ms = past_begins_ms(worker, connection, section, call.about);
    if (refuse_in_browser(worker, connection, asked, *call.sender, call.about) ||
        answer_in_console(worker, connection, asked, *call.sender))
      return Verdict::kAnswered;
  }
  const Sender& sender = connection.context().sender;
  const bool unknown = call.given && asked.role == AdminRole::kNone;
  const bool may_be_source =
      unknown || (asked.role == AdminRole::kNone && may_feed_unnamed(connection, section, call));
  if (may_be_source && !call.about.empty() && decides_sources(section) && !sender.source_judged)
    return ask_authenticator(worker, connection, section, config, std::move(call));
  const bool guess = unknown && (call.cgi || is_guess(worker, connection, *call.given));
  if (guess && !sender.password_judged) {
    note_wrong_password(worker, connection, call.given->user);
    log_refused_login(worker, connection, call.given->user, "wrong password");
  }
  if (guess && call.cgi && answer_wrong_cgi_password(worker, connection, *config, *call.given))
    return Verdict::kAnswered;
  run_admin(worker, connection, std::move(call));
  return Verdict::kPending;
}

}  // namespace lb
