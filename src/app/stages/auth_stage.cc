#include "app/stages/auth_stage.h"

#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/seat_notice.h"
#include "app/services/ticket_notice.h"
#include "app/services/worker.h"
#include "app/stages/arrival_stage.h"
#include "app/stages/auth_replies.h"
#include "app/stages/listen_stage.h"
#include "app/stages/record_logins.h"
#include "app/stages/request_config.h"
#include "app/stages/request_context.h"
#include "app/stages/source_logins.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/relay/pull_mark.h"
#include "cluster/relay/pull_verifier.h"

namespace lb {
namespace {

void let_in(Connection& connection, AuthVerdict verdict, ListenerTicket ticket,
            std::optional<SeatPass> seat = std::nullopt) {
  RequestContext& context = connection.context();
  context.authorised = true;
  context.is_relay = verdict.is_relay;
  context.time_limit = verdict.time_limit;
  context.notice = ticket ? std::make_unique<TicketNotice>(std::move(ticket)) : nullptr;
  if (seat)
    context.notice = std::make_unique<SeatNotice>(std::move(context.notice), std::move(*seat));
  if (!verdict.user.empty()) connection.user = verdict.user;
  connection.user_listens = true;
  if (!verdict.mount.empty()) connection.request().path = verdict.mount;
  connection.resume(Verdict::kNext);
}

void redirect(Connection& connection, const std::string& location) {
  ResponseHead head;
  head.status = 302;
  head.content_type = "text/html; charset=utf-8";
  head.extra = cat({"Location: ", location, "\r\n"});
  connection.reply(
      head, cat({"<a href=\"", html_escape(location), "\">", html_escape(location), "</a>\r\n"}));
}

// <sessions-per-user>: the nodes agree on whether this user may listen once more.
void ask_for_seat(Worker& worker, Connection& connection, AuthVerdict verdict,
                  ListenerTicket ticket) {
  const std::string& mount = connection.request().path;
  const MountSettings& section = section_of(worker.services, connection);
  const bool counts = section.sessions_per_user > 0 && verdict.counts && !verdict.is_relay &&
                      !verdict.user.empty() && verdict.mount.empty();
  if (!counts) {
    let_in(connection, std::move(verdict), std::move(ticket));
    return;
  }
  const HlsAsk* const hls = connection.context().hls.get();
  SeatService::Ask ask;
  ask.mount = mount;
  ask.user = verdict.user;
  ask.who = cat({connection.ip(), '|', connection.request().headers.get("user-agent")});
  ask.listener = hls != nullptr ? hls->listener : connection.id();
  ask.most = section.sessions_per_user;
  ask.drop = auth_option_set(section.authenticator.options, "drop_existing_listener");
  worker.services.loops.control().post([&worker, id = connection.id(), ask = std::move(ask),
                                        verdict = std::move(verdict),
                                        ticket = std::move(ticket)]() mutable {
    worker.services.links->seats().ask(
        ask, [&worker, id, verdict = std::move(verdict), ticket = std::move(ticket)](
                 bool seated, SeatPass seat) mutable {
          worker.loop.post([&worker, id, seated, seat = std::move(seat),
                            verdict = std::move(verdict), ticket = std::move(ticket)]() mutable {
            Connection* waiting = worker.connections.find(id);
            if (waiting == nullptr) return;
            if (!seated) {
              worker.services.counters.refused(Refusal::kLogin);
              waiting->reply_text(403, "This user listens already\r\n");
              return;
            }
            let_in(*waiting, std::move(verdict), std::move(ticket), std::move(seat));
          });
        });
  });
}

void settle(Worker& worker, std::uint64_t id, AuthVerdict verdict, ListenerTicket ticket) {
  Connection* waiting = worker.connections.find(id);
  if (waiting == nullptr) return;  // its ticket tells the backend
  // A listener that is not let in has arrived all the same: the redirect has done its part.
  if (verdict.kind != AuthVerdict::Kind::kAllow) note_arrival(worker.services, waiting->context());
  if (verdict.wrong_password) note_wrong_password(worker, *waiting, waiting->user);
  switch (verdict.kind) {
    case AuthVerdict::Kind::kAllow:
      ask_for_seat(worker, *waiting, std::move(verdict), std::move(ticket));
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

void let_node_in(Connection& connection) {
  RequestContext& context = connection.context();
  context.authorised = context.is_relay = context.is_server = context.is_node = true;
}

PullVerifier::Verdict judge_mark(Worker& worker, Connection& connection, const PullMark& mark) {
  Network& network = worker.services;
  const auto facts = network.cluster->facts();
  // As it was asked for, whatever <alias> has made of it.
  const std::string& target = connection.request().target;
  const auto asked = percent_decode(std::string_view(target).substr(0, target.find('?')), false);
  const KnownNodes* known = &facts->known;
  for (const KnownNodes& own : facts->as_node)
    if (const KnownNode* node = own.node(mark.id);
        node != nullptr && secret_equal(mark.mac, mark.mac_for(node->secret, asked.value_or(""))))
      known = &own;
  const auto verdict =
      network.cluster->pulls().judge(mark, *known, facts->mark, asked.value_or(""), network.clock);
  if (verdict == PullVerifier::Verdict::kForged) note_wrong_password(worker, connection, mark.id);
  return verdict;
}

// A node pulls, and proves itself with a mark; if not, it is refused here: no backend knows nodes.
Verdict judge_pull(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  const auto mark = pull_mark_of(connection.request().headers);
  const auto refuse = [&] {
    network.counters.refused(Refusal::kLogin);
    connection.reply_text(403, "This mark of a node is not valid here\r\n");
    return Verdict::kAnswered;
  };
  if (!mark) return refuse();
  if (answer_if_throttled(worker, connection, mark->id)) return Verdict::kAnswered;
  if (judge_mark(worker, connection, *mark) != PullVerifier::Verdict::kOurs) return refuse();
  connection.user = mark->id;
  connection.user_listens = true;
  let_node_in(connection);
  return Verdict::kNext;
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
  Network& network = worker_.services;
  const Request& request = connection.request();
  const MountSettings& section = section_of(network, connection);
  // A closed name is refused to each request.
  if (section.authenticator.type.empty() || section.no_mount) return Verdict::kNext;
  // The chain has gone back to look at a mount that was not known here; this was asked before.
  if (connection.context().authorised) return Verdict::kNext;
  // A listener by HLS is asked for once, with its first list.  A master playlist is not asked for:
  // the backend would count a second listener (listener_add and _remove, a seat of the user), and
  // the playlist shows only the name and the bit rate, which status pages show too.
  if (connection.context().hls && !connection.context().hls->joins()) return Verdict::kNext;
  const auto mount = playing_mount(network, *config_of(network, connection), request.path);
  const HlsAsk* const hls = connection.context().hls.get();
  const bool of_past = connection.context().past || (hls != nullptr && hls->may_be_past());
  if (mount == nullptr && section.name != request.path && !of_past) return Verdict::kNext;
  ListenerAsk ask = make_ask(connection, request, mount.get());
  if (hls != nullptr) ask.client_id = hls->listener;
  if (ask.given) {
    connection.user = ask.given->user;
    connection.user_listens = true;
    // A node of ours pulls the stream, and asks its own listeners (cluster/relay/relay_marks.h).
    if (network.cluster->facts()->known.login(ask.given) != nullptr) {
      let_node_in(connection);
      return Verdict::kNext;
    }
    if (answer_if_throttled(worker_, connection, connection.user)) return Verdict::kAnswered;
  }
  if (!ask.given && has_pull_mark(request.headers)) return judge_pull(worker_, connection);
  network.loops.control().post([&worker = worker_, id = connection.id(), name = section.name,
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
      sections.push_back({mount.name, mount.authenticator.type, mount.authenticator.options,
                          mount.sessions_per_user > 0});
  };
  for_each_section(config, add);
  add(config.default_mount);
  return sections;
}

AuthServer auth_server(const Config& config) {
  return {config.hostname, config.port, config.server_id};
}

bool is_pulling_node(Worker& worker, Connection& connection) {
  RequestContext& context = connection.context();
  if (context.is_node || context.is_relay) return true;
  const Request& request = connection.request();
  // A mark can be verified once only.
  if (has_pull_mark(request.headers)) {
    const auto mark = pull_mark_of(request.headers);
    context.is_node = mark &&
                      !worker.services.throttle.blocked(judged_address(connection), mark->id) &&
                      judge_mark(worker, connection, *mark) == PullVerifier::Verdict::kOurs;
  } else if (request.headers.find("authorization") != nullptr) {
    context.is_node = worker.services.cluster->facts()->known.login(
                          basic_credentials(request.headers)) != nullptr;
  }
  context.is_server = context.is_server || context.is_node;
  return context.is_node;
}

bool decides_sources(const MountSettings& section) {
  // What a master passes on without logins has its source at another node: here no password of
  // this server's own opens it.
  return !section.logins.empty() || section.origin == MountOrigin::kMaster ||
         authenticator_decides_sources(section.authenticator.type, section.authenticator.options);
}

void ask_about_source(Worker& worker, Connection& connection, const MountSettings& section,
                      SourceAsk ask, bool counts,
                      UniqueFunction<void(Connection&, AuthVerdict)> answered) {
  if (!section.logins.empty()) {
    ask_record_logins(worker, connection, section, ask.given,
                      [&worker, counts, user = ask.given.user, answered = std::move(answered)](
                          Connection& waiting, AuthVerdict verdict) mutable {
                        if (verdict.wrong_password && counts)
                          note_wrong_password(worker, waiting, user);
                        answered(waiting, std::move(verdict));
                      });
    return;
  }
  auto kept = std::make_shared<UniqueFunction<void(Connection&, AuthVerdict)>>(std::move(answered));
  worker.services.loops.control().post([&worker, id = connection.id(), section = section.name,
                                        ask = std::move(ask), counts, kept]() mutable {
    const std::string user = ask.given.user;
    worker.services.auth->ask_source(
        section, std::move(ask), [&worker, id, user, counts, kept](AuthVerdict verdict) {
          worker.loop.post(
              [&worker, id, user, counts, kept, verdict = std::move(verdict)]() mutable {
                Connection* waiting = worker.connections.find(id);
                if (waiting == nullptr) return;
                if (verdict.wrong_password && counts) note_wrong_password(worker, *waiting, user);
                (*kept)(*waiting, std::move(verdict));
              });
        });
  });
}

bool is_known_password(const Config& config, const Credentials& given) {
  return config.login_index ? config.login_index->knows(given) : LoginIndex(config).knows(given);
}

// The one that logs show.
Address judged_address(const Connection& connection) {
  return Address::parse(connection.ip(), 0).value_or(connection.peer());
}

void note_wrong_password(Worker& worker, const Connection& connection, std::string_view user) {
  PasswordThrottle& throttle = worker.services.throttle;
  const Address peer = judged_address(connection);
  if (throttle.blocked(peer, user))
    throttle.wrong_again(peer, user);
  else
    throttle.wrong(peer, user);
}

bool is_shut_out(Worker& worker, const Connection& connection, const Credentials& given) {
  return worker.services.throttle.shut_out(judged_address(connection), given.user, given.password)
      .has_value();
}

bool answer_if_shut_out(Worker& worker, Connection& connection, const Credentials& given) {
  const auto wait =
      worker.services.throttle.shut_out(judged_address(connection), given.user, given.password);
  if (!wait) return false;
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

void note_right_password(Worker& worker, const Connection& connection, const Credentials& given) {
  worker.services.throttle.right(judged_address(connection), given.user, given.password);
}

bool answer_if_throttled(Worker& worker, Connection& connection, std::string_view user) {
  const auto wait = worker.services.throttle.blocked(judged_address(connection), user);
  if (!wait) return false;
  worker.services.throttle.wrong_again(judged_address(connection), user);
  worker.services.counters.refused(Refusal::kGuesses);
  reply_throttled(connection, *wait);
  return true;
}

}  // namespace lb
