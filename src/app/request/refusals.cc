#include "app/request/refusals.h"

#include <string>
#include <utility>

#include "app/request/record_logins.h"
#include "app/request/request_context.h"
#include "app/services/worker.h"
#include "auth/guard/refusal_log.h"
#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kDrainIsKnown = 1s;  // after so much silence a master takes a node for dead

}  // namespace

void reply_refusal(Connection& connection, int status, std::string_view text, std::string lines) {
  ResponseHead head;
  head.status = status;
  head.content_type = "text/plain; charset=utf-8";
  if (lines.find("X-Reason:") != std::string::npos) head.exposes = "X-Reason";
  head.extra = std::move(lines);
  connection.reply(head, std::string(text));
}

void log_refused_source(Worker& worker, Connection& connection, std::string_view why) {
  std::string text = "source ";
  if (!connection.user.empty()) text += cat({"\"", connection.user, "\" "});
  text += cat({"from ", connection.ip(), " refused on ", connection.request().path, ": "});
  worker.services.refusals->warn("source/admission", connection.ip(), text.append(why));
}

void log_refused_login(Worker& worker, Connection& connection, std::string_view user,
                       std::string_view why) {
  std::string text = "login of \"";
  text.append(user).append("\" from ").append(connection.ip()).append(" refused on ");
  text.append(connection.request().path).append(": ").append(why);
  worker.services.refusals->warn("login/login", connection.ip(), std::move(text));
}

std::string_view why_no_login(const MountSettings& section, std::string_view user,
                              std::int64_t now) {
  bool named = false;
  for (const RecordLogin& row : section.logins) {
    named = named || row.user == user;
    if (row.user == user && !row.hours.empty() && !row.clock)
      return "the time zone of its login is not known here";
  }
  return named && possible_logins(section, user, now).empty() ? "outside the time of its login"
                                                              : "wrong password";
}

bool refuses_for_drain(const Worker& worker, Connection& connection) {
  if (!worker.services.drain.draining()) return false;
  const auto drain = worker.services.drain.picture();
  return drain->mode == DrainMode::kHard || !connection.context().arrival.stays() ||
         worker.services.clock.steady() - drain->since >= kDrainIsKnown;
}

bool answer_if_draining(Worker& worker, Connection& connection) {
  if (!refuses_for_drain(worker, connection)) return false;
  worker.services.counters.refused(Refusal::kDraining);
  reply_refusal(connection, 503, "this server is being emptied, please come back",
                "Retry-After: 10\r\n");
  return true;
}

void reply_unauthorised(Connection& connection, bool keep_open) {
  const std::string body = "You need to authenticate\r\n";
  ResponseHead head;
  head.status = 401;
  head.content_type = "text/plain; charset=utf-8";
  if (keep_open) {
    head.keep_alive = true;
    head.content_length = body.size();
  }
  connection.reply(head, body);
}

void refuse_mark(Worker& worker, Connection& connection) {
  worker.services.counters.refused(Refusal::kLogin);
  connection.reply_text(403, "This mark of a node is not valid here\r\n");
}

Verdict refuse_dropped(Worker& worker, Connection& connection) {
  worker.services.counters.refused(Refusal::kLogin);
  connection.reply_text(403, "This user listens elsewhere now\r\n");
  return Verdict::kAnswered;
}

void reply_throttled(Connection& connection, std::chrono::seconds wait) {
  reply_refusal(connection, 429, "Too many wrong passwords, please try again later\r\n",
                cat({"Retry-After: ", wait.count(), "\r\n"}));
}

}  // namespace lb
