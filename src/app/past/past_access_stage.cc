// past_access_stage(): whether the client may have the asked part of a mount's past, and how far
// back it may go.  401 or 403 if it may not; 404 with the recorded ranges if all of it is older.
// Thread: its worker.
#include <algorithm>
#include <chrono>

#include "app/past/archive_replies.h"
#include "app/past/stages.h"
#include "app/request/login_replies.h"
#include "app/request/past_ask.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/archive_service.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "stream/listener/server_join.h"
#include "stream/log/join.h"

namespace lb {
namespace {

// A plan has a point for each second, and opens a file for each five minutes.
constexpr std::int64_t kLongestFileMs = 24 * 3600 * 1000;

// Whether the name is the administrator's; let_in_role() judges the password and counts guesses.
bool claims_administrator(Worker& worker, Connection& connection) {
  const auto given = basic_credentials(connection.request().headers);
  return given && given->user == config_of(worker.services, connection)->authentication.admin_user;
}

// Whether the live log has the byte or is about to: then any listener may have it, as a slow one
// gets it too.
bool is_live(const Worker& worker, const std::string& name, const PastAsk& past) {
  const auto mount = worker.services.archive->live(name);
  return mount &&
         plan_resume(*mount->channel().newest(), *past.at, bytes_ahead(*mount), past.exact);
}

Verdict judge_past(Worker& worker, Connection& connection, const MountSettings& section,
                   bool& administrator) {
  const std::string& mount = connection.request().path;
  if (!section.authenticator.type.empty() && !is_past_closed(worker, section, mount) &&
      !connection.context().let_in.authorised()) {
    reply_unauthorised(connection);
    return Verdict::kAnswered;
  }
  return judge_past_administrator(worker, connection, section, mount, administrator);
}

}  // namespace

Verdict judge_past_administrator(Worker& worker, Connection& connection,
                                 const MountSettings& section, const std::string& mount,
                                 bool& administrator) {
  const bool open = section.authenticator.type.empty();
  if (is_past_closed(worker, section, mount) ||
      (open && claims_administrator(worker, connection))) {
    administrator = true;
    return let_in_role(worker, connection, kPastEndpoint, mount);
  }
  if (open && !session_cookie(connection.request(), connection.secure()).empty() &&
      worker.services.login->on()) {
    // A browser sends its session with every request.
    const Asker asker = who_asks(worker, connection);
    if (asker.verdict != Verdict::kNext) return asker.verdict;
    administrator = access_allows(*stage_access(kPastEndpoint), asker.identity->role,
                                  asked_mount(*asker.identity, mount, true));
  }
  return Verdict::kNext;
}

// Past recordings of a mount that is no longer recorded may have been for administrators only.
bool is_past_closed(const Worker& worker, const MountSettings& section, const std::string& mount) {
  return section.archive.listeners == ArchiveListeners::kNone ||
         (!section.archive.enabled && !worker.services.archive->remote().archive().holds(mount));
}

std::int64_t earliest_past_ms(const Worker& worker, Connection& connection,
                              const MountSettings& section, const std::string& mount,
                              bool administrator) {
  const std::int64_t begins = past_begins_ms(worker, connection, section, mount);
  const std::chrono::milliseconds window = section.archive.window;
  if (window.count() == 0 || administrator) return begins;
  return std::max(begins, connection.asked_ms() - std::int64_t{window.count()});
}

Verdict past_access_stage(Worker& worker, Connection& connection) {
  const auto past = connection.context().past;
  if (!past || past->is_placed()) return Verdict::kNext;
  const std::string& mount = connection.request().path;
  const MountSettings& section = section_of(worker.services, connection);
  if (past->at && (past->unrecorded || is_past_closed(worker, section, mount)) &&
      is_live(worker, mount, *past)) {
    past->begins = *past->at;
    return Verdict::kNext;
  }
  if (past->unrecorded) {
    connection.reply_text(404, past->at ? "The stream does not have this byte any more, and is not "
                                          "recorded\r\n"
                                        : "This mount is not recorded\r\n");
    return Verdict::kAnswered;
  }
  if (section.no_mount) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  bool administrator = false;
  if (const Verdict verdict = judge_past(worker, connection, section, administrator);
      verdict != Verdict::kNext)
    return verdict;
  past->earliest_ms = earliest_past_ms(worker, connection, section, mount, administrator);
  past->from_ms = std::max(past->from_ms, past->earliest_ms);
  if (past->kind != PastAsk::Kind::kFile) return Verdict::kNext;
  if (past->earliest_ms > 0 && past->to_ms <= past->from_ms)
    return reply_nothing(worker, connection, past->earliest_ms);
  if (past->to_ms - past->from_ms <= kLongestFileMs) return Verdict::kNext;
  const auto ranges = ranges_for(worker, mount, past->earliest_ms);
  if (ranges.empty()) return Verdict::kNext;
  past->from_ms = std::max(past->from_ms, ranges.front().from_ms);
  if (past->to_ms - past->from_ms <= kLongestFileMs) return Verdict::kNext;
  connection.reply_text(400, "a file has at most 24 hours\r\n");
  return Verdict::kAnswered;
}

}  // namespace lb
