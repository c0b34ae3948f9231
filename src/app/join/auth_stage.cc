// auth_stage(): asks the authenticator of a mount before a listener joins it.
//
// Server pages and files are protected only where a <mount> has exactly their name: a pattern or
// the default mount never locks /status.xsl.  A node of the cluster that shows its secret, or
// proves it by a mark (cluster/relay/pull_mark.h), passes: it authenticates its own listeners.
// Source: Icecast 2.4.4; doc/decisions.md A13 (its place among the stages).
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/seat_service.h"
#include "app/join/end_notices.h"
#include "app/join/stages.h"
#include "app/request/hls_ask.h"
#include "app/request/password_guesses.h"
#include "app/request/redirecting.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/playing_mount.h"
#include "app/services/worker.h"
#include "auth/listener/authenticators.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "cluster/relay/pull_mark.h"
#include "config/settings/config.h"

namespace lb {
namespace {

void let_in(Connection& connection, AuthVerdict verdict, ListenerTicket ticket,
            std::optional<SeatPass> seat = std::nullopt) {
  LetIn& in = connection.context().let_in;
  in.as = verdict.is_relay ? LetIn::As::kRelay : LetIn::As::kListener;
  in.time_limit = verdict.time_limit;
  in.notice = ticket ? std::make_unique<TicketNotice>(std::move(ticket)) : nullptr;
  if (seat) in.dropped = seat->dropped();
  if (seat) in.notice = std::make_unique<SeatNotice>(std::move(in.notice), std::move(*seat));
  if (!verdict.user.empty()) connection.user = verdict.user;
  connection.shows_user = true;
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

// <sessions-per-user>: the nodes agree on whether this user may have one more listening.
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
          worker.answer(id, [&worker, seated, seat = std::move(seat), verdict = std::move(verdict),
                             ticket = std::move(ticket)](Connection& waiting) mutable {
            if (!seated) {
              note_arrival(worker.services, waiting.context().arrival);
              worker.services.counters.refused(Refusal::kLogin);
              waiting.reply_text(403, "This user listens already\r\n");
              return;
            }
            let_in(waiting, std::move(verdict), std::move(ticket), std::move(seat));
          });
        });
  });
}

void settle(Worker& worker, Connection& waiting, AuthVerdict verdict, ListenerTicket ticket) {
  // A refused listener has arrived all the same: the redirect has done its part.
  if (verdict.kind != AuthVerdict::Kind::kAllow)
    note_arrival(worker.services, waiting.context().arrival);
  if (verdict.wrong_password) note_wrong_password(worker, waiting, waiting.user);
  if (verdict.right_password)
    if (const auto given = basic_credentials(waiting.request().headers))
      note_right_password(worker, waiting, *given);
  switch (verdict.kind) {
    case AuthVerdict::Kind::kAllow:
      // Icecast lets such a listener in and disconnects it at once.  Players of HLS would come back
      // with each request.
      if (verdict.time_limit == std::chrono::seconds(0)) {
        note_arrival(worker.services, waiting.context().arrival);
        worker.services.counters.refused(Refusal::kLogin);
        waiting.reply_text(403, "Your time is over\r\n");
        return;  // the ticket's end reports it to the backend
      }
      ask_for_seat(worker, waiting, std::move(verdict), std::move(ticket));
      return;
    case AuthVerdict::Kind::kRefuse:
      worker.services.counters.refused(Refusal::kLogin);
      reply_unauthorised(waiting);
      return;
    case AuthVerdict::Kind::kForbid:
    case AuthVerdict::Kind::kBusy:
      worker.services.counters.refused(Refusal::kLogin);
      waiting.reply_text(403, verdict.text);
      return;
    case AuthVerdict::Kind::kLater:
      waiting.reply_text(503, "busy, please try again later");
      return;
    case AuthVerdict::Kind::kRedirect:
      redirect(waiting, verdict.location);
      return;
    case AuthVerdict::Kind::kThrottled:
      if (answer_if_throttled(worker, waiting, waiting.user)) return;
      worker.services.counters.refused(Refusal::kGuesses);  // a token has come back since
      reply_throttled(waiting, std::chrono::seconds(1));
      return;
  }
}

// nullopt: the authenticator judges.  From a peer that guesses, a password that was right before is
// judged as always, and any other by a comparison only: no slow hash, no backend.  No backend knows
// nodes, so a mark without its proof is refused here; a node of ours authenticates its own
// listeners (cluster/relay/relay_marks.h).
std::optional<Verdict> judge_sender(Worker& worker, Connection& connection, ListenerAsk& ask) {
  const auto& given = ask.given;
  RequestContext& context = connection.context();
  const Sender& sender = context.sender;
  const auto mark = given ? std::nullopt : pull_mark_of(connection.request().headers);
  const std::string name = given ? given->user : mark ? mark->id : "";
  if (given || sender.is_node()) {
    connection.user = name;
    connection.shows_user = true;
  }
  if (sender.is_node()) {
    context.let_in.as = LetIn::As::kRelay;
    return Verdict::kNext;
  }
  if (given) {
    if (answer_if_shut_out(worker, connection, *given)) return Verdict::kAnswered;
    ask.throttled = is_throttled(worker, connection, *given);
    return std::nullopt;
  }
  if (sender.mark == Sender::Mark::kThrottled && answer_if_throttled(worker, connection, name))
    return Verdict::kAnswered;
  if (sender.mark == Sender::Mark::kNone) return std::nullopt;
  refuse_mark(worker, connection);
  return Verdict::kAnswered;
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

Verdict auth_stage(Worker& worker, Connection& connection) {
  Network& network = worker.services;
  const Request& request = connection.request();
  const MountSettings& section = section_of(network, connection);
  // <no-mount> refuses every request later, so no authenticator is asked.
  if (section.authenticator.type.empty() || section.no_mount) return Verdict::kNext;
  // The chain restarted for a mount that was unknown here; the authenticator has answered already.
  if (connection.context().let_in.authorised()) return Verdict::kNext;
  // The authenticator is asked once for each HLS listener, at its first list.  It is not asked for
  // a master playlist: the backend would count a second listener (listener_add and _remove, a seat
  // of the user), and the playlist shows only the name and the bit rate, as status pages do.
  if (connection.context().hls && !connection.context().hls->joins()) return Verdict::kNext;
  const auto mount = playing_mount(network, *config_of(network, connection), request.path);
  const HlsAsk* const hls = connection.context().hls.get();
  const bool of_past = connection.context().past || (hls != nullptr && hls->may_be_past());
  if (mount == nullptr && section.name != request.path && !of_past) return Verdict::kNext;
  ListenerAsk ask = make_ask(connection, request, mount.get());
  if (hls != nullptr) ask.client_id = hls->listener;
  if (const auto decided = judge_sender(worker, connection, ask)) return *decided;
  network.loops.control().post(
      [&worker, id = connection.id(), name = section.name, ask = std::move(ask)]() mutable {
        worker.services.auth->ask_listener(
            name, std::move(ask), [&worker, id](AuthVerdict verdict, ListenerTicket ticket) {
              // Of a client that has left the ticket's end reports it to the backend.
              worker.answer(id, [&worker, verdict = std::move(verdict),
                                 ticket = std::move(ticket)](Connection& waiting) mutable {
                settle(worker, waiting, std::move(verdict), std::move(ticket));
              });
            });
      });
  return Verdict::kPending;
}

}  // namespace lb
