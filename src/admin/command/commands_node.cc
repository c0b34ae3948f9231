// The commands drain, undrain, external.json and external/confirm.
#include "admin/command/command_task.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::uint64_t kLongestDrain = 7 * 24 * 3600;

std::string status_text(const DrainStatus& status) {
  const std::string listeners = cat({status.listeners, " listeners are here"});
  if (status.mode.empty()) return "not draining; " + listeners;
  return cat(
      {"draining (", status.mode, "); ", listeners, ", ", status.seconds_left, " s are left"});
}

}  // namespace

// Without mode= the command reports the progress of the drain.
void run_drain(AdminTask task) {
  const auto mode = task.param("mode");
  if (!mode) return task.respond(status_text(task.station->drain_status()), 1);
  DrainRequest request;
  request.mode = parse_drain_mode(*mode);
  if (!request.mode && *mode != "configured")
    return task.fail("mode= is not one of soft, move, hard, configured");
  if (const auto time = task.param("time")) {
    request.seconds = parse_u64(*time);
    if (!request.seconds || *request.seconds > kLongestDrain)
      return task.fail("time= is not a number of seconds");
  }
  request.rate = task.param("rate").value_or("");
  request.then_exit = task.param("exit").value_or("") == "1";
  request.asked_by = task.request.peer_ip;
  if (const auto begun = task.station->drain(std::move(request)); !begun)
    return task.fail(begun.error().what);
  task.respond(status_text(task.station->drain_status()), 1);
}

void run_undrain(AdminTask task) {
  if (const auto ended = task.station->undrain(); !ended)
    return task.respond(ended.error().what, 0);
  task.respond(status_text(task.station->drain_status()), 1);
}

void run_external(AdminTask task) {
  std::string json = task.station->external_json();
  if (json.empty()) return task.done(admin_error(404, "There is no <config-external>"));
  AdminAnswer answer;
  answer.content_type = "application/json; charset=UTF-8";
  answer.body = std::move(json);
  task.done(std::move(answer));
}

// etag= names the list whose removals the operator confirms.
void run_external_confirm(AdminTask task) {
  const std::string etag = task.param("etag").value_or("");
  if (const auto done = task.station->confirm_external(etag); !done)
    return task.done(admin_error(409, done.error().what));
  run_external(std::move(task));
}

}  // namespace lb
