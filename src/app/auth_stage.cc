#include "app/auth_stage.h"

#include <utility>

#include "app/auth_replies.h"
#include "app/cluster_service.h"
#include "app/listen_stage.h"
#include "app/worker.h"

namespace lb {
namespace {

// A listener's ticket, as the stream floor knows it.
class TicketNotice final : public EndNotice {
 public:
  explicit TicketNotice(ListenerTicket ticket) : ticket_(std::move(ticket)) {}
  void set_bytes_sent(std::uint64_t bytes) noexcept override { ticket_.set_bytes_sent(bytes); }

 private:
  ListenerTicket ticket_;
};

// The one that logs show: behind a proxy that is believed, the client's.
Address judged_address(const Connection& connection) {
  return Address::parse(connection.ip(), 0).value_or(connection.peer());
}

void let_in(Connection& connection, AuthVerdict verdict, ListenerTicket ticket) {
  auto& pass = static_cast<ClientPass&>(*connection.held);
  pass.authorised = true;
  pass.is_relay = verdict.is_relay;
  pass.time_limit = verdict.time_limit;
  pass.notice = std::make_unique<TicketNotice>(std::move(ticket));
  if (!verdict.user.empty()) connection.user = verdict.user;
  connection.user_listens = true;
  if (!verdict.mount.empty()) connection.request().path = verdict.mount;
  connection.resume(Verdict::kNext);
}

void redirect(Connection& connection, const std::string& location) {
  ResponseHead head;
  head.status = 302;
  head.content_type = "text/html; charset=utf-8";
  head.extra = "Location: " + location + "\r\n";
  connection.reply(
      head, "<a href=\"" + html_escape(location) + "\">" + html_escape(location) + "</a>\r\n");
}

void settle(Worker& worker, std::uint64_t id, AuthVerdict verdict, ListenerTicket ticket) {
  Connection* waiting = worker.connections.find(id);
  if (waiting == nullptr) return;  // its ticket tells the backend
  if (verdict.wrong_password) note_wrong_password(worker, *waiting, waiting->user);
  switch (verdict.kind) {
    case AuthVerdict::Kind::kAllow:
      let_in(*waiting, std::move(verdict), std::move(ticket));
      return;
    case AuthVerdict::Kind::kRefuse:
      worker.services.counters.refused(Refusal::kLogin);
      reply_unauthorised(*waiting);
      return;
    case AuthVerdict::Kind::kForbid:
    case AuthVerdict::Kind::kBusy:
      worker.services.counters.refused(Refusal::kLogin);
      waiting->reply_text(403, verdict.text);
      return;
    case AuthVerdict::Kind::kLater:
      waiting->reply_text(503, "busy, please try again later");
      return;
    case AuthVerdict::Kind::kRedirect:
      redirect(*waiting, verdict.location);
      return;
  }
}

ListenerAsk make_ask(const Connection& connection, const Request& request, const Mount* mount) {
  ListenerAsk ask;
  ask.client_id = connection.id();
  ask.mount = request.path;
  ask.target = request.target;
  ask.given = basic_credentials(request.headers);
  ask.ip = connection.ip();
  ask.headers = request.headers;
  if (mount != nullptr) ask.listeners = mount->listeners();
  return ask;
}

}  // namespace

Verdict AuthStage::handle(Connection& connection) {
  Services& services = worker_.services;
  const Request& request = connection.request();
  const auto config = services.config.read();
  const MountSettings& section = mount_section(*config, request.path);
  if (section.authenticator.type.empty()) return Verdict::kNext;
  const auto mount = playing_mount(services, request.path);
  if (mount == nullptr && section.name != request.path) return Verdict::kNext;
  ListenerAsk ask = make_ask(connection, request, mount.get());
  if (ask.given) {
    connection.user = ask.given->user;
    connection.user_listens = true;
    if (answer_if_throttled(worker_, connection, connection.user)) return Verdict::kAnswered;
    // A node of ours pulls the stream, and asks its own listeners (cluster/relay_marks.h).
    if (services.cluster->facts()->known.login(ask.given) != nullptr) {
      auto& pass = static_cast<ClientPass&>(*connection.held);
      pass.authorised = pass.is_relay = pass.is_server = true;
      return Verdict::kNext;
    }
  }
  services.loops.control().post([&worker = worker_, id = connection.id(), name = section.name,
                                 ask = std::move(ask)]() mutable {
    worker.services.auth->ask_listener(
        name, std::move(ask), [&worker, id](AuthVerdict verdict, ListenerTicket ticket) {
          worker.loop.post(
              [&worker, id, verdict = std::move(verdict), ticket = std::move(ticket)]() mutable {
                settle(worker, id, std::move(verdict), std::move(ticket));
              });
        });
  });
  return Verdict::kPending;
}

std::vector<AuthSection> auth_sections(const Config& config) {
  std::vector<AuthSection> sections;
  const auto add = [&sections](const MountSettings& mount) {
    if (!mount.authenticator.type.empty())
      sections.push_back({mount.name, mount.authenticator.type, mount.authenticator.options});
  };
  for (const MountSettings& mount : config.mounts) add(mount);
  add(config.default_mount);
  return sections;
}

AuthServer auth_server(const Config& config) {
  return {config.hostname, config.port, config.server_id};
}

bool decides_sources(const MountSettings& section) {
  return authenticator_decides_sources(section.authenticator.type, section.authenticator.options);
}

void ask_about_source(Worker& worker, Connection& connection, const std::string& section,
                      SourceAsk ask, UniqueFunction<void(Connection&, AuthVerdict)> answered) {
  auto kept = std::make_shared<UniqueFunction<void(Connection&, AuthVerdict)>>(std::move(answered));
  worker.services.loops.control().post(
      [&worker, id = connection.id(), section, ask = std::move(ask), kept]() mutable {
        const std::string user = ask.given.user;
        worker.services.auth->ask_source(
            section, std::move(ask), [&worker, id, user, kept](AuthVerdict verdict) {
              worker.loop.post([&worker, id, user, kept, verdict = std::move(verdict)]() mutable {
                Connection* waiting = worker.connections.find(id);
                if (waiting == nullptr) return;
                if (verdict.wrong_password) note_wrong_password(worker, *waiting, user);
                (*kept)(*waiting, std::move(verdict));
              });
            });
      });
}

bool is_known_password(const Config& config, const Credentials& given) {
  const PasswordSettings known = Services::passwords(config);
  if (is_admin(known, given) || is_relay(known, given)) return true;
  bool found =
      is_source(known, SourceLogin{config.default_mount.username, config.default_mount.password},
                given) ||
      is_source(known, SourceLogin{"source", {}}, given);
  for (const MountSettings& mount : config.mounts)
    found |= is_source(known, SourceLogin{mount.username, mount.password}, given);
  return found;
}

bool let_in_administrator(Worker& worker, Connection& connection) {
  const auto config = worker.services.config.read();
  const auto given = basic_credentials(connection.request().headers);
  if (given) {
    connection.user = given->user;
    if (answer_if_throttled(worker, connection, given->user)) return false;
  }
  if (is_admin(Services::passwords(*config), given)) return true;
  if (given && !is_known_password(*config, *given))
    note_wrong_password(worker, connection, given->user);
  worker.services.counters.refused(Refusal::kLogin);
  reply_unauthorised(connection);
  return false;
}

void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user) {
  worker.services.throttle.wrong(judged_address(connection), user);
}

bool is_throttled(Worker& worker, const Connection& connection, std::string_view user) {
  return worker.services.throttle.blocked(judged_address(connection), user).has_value();
}

bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user) {
  const auto wait = worker.services.throttle.blocked(judged_address(connection), user);
  if (!wait) return false;
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

}  // namespace lb
