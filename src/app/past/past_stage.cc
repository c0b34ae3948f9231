// past_stage(): takes the parameters about a mount's past out of a request, once, so that later
// stages see the mount: timeshift, from, at, exact, to, duration, download, and Flussonic's
// /MOUNT/archive-T-SECONDS.mp3.  A mount or a file with the full name wins.  Without recordings
// `at` means a byte of the live window, and other parts of the past get 404.
// Thread: its worker.
#include <utility>

#include "app/past/stages.h"
#include "app/request/past_ask.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "http/static_files.h"

namespace lb {
namespace {

// Whether some of the mount's past exists, or may be in a directory that is still being read.
bool may_have_past(Traffic& traffic, Connection& connection, const std::string& mount) {
  const bool reading = traffic.archive->is_reading(mount);
  return traffic.archive->has(mount) ||
         (reading && section_of(traffic, connection, mount).archive.enabled);
}
bool is_page(Traffic& traffic, const std::string& path) {
  return is_template_path(path) || traffic.files.read()->has_file(path);
}

// Marks the ask as unrecorded, instead of answering with the endless live stream.
Verdict take_unrecorded(Traffic& traffic, Connection& connection, std::int64_t now_ms) {
  const Request& request = connection.request();
  const bool is_mount = traffic.mounts.find(request.path) != nullptr ||
                        section_of(traffic, connection).name == request.path;
  // from=newsletter of a link on a site is no time, so the stream plays; `at` is this server's own.
  auto ask = past_of_query(request.query, now_ms);
  if (!is_mount || is_page(traffic, request.path)) return Verdict::kNext;
  if (!ask &&
      (has_query_param(request.query, "at") || query_param(request.query, "exact") == "1")) {
    connection.reply_text(400, ask.error().what + "\r\n");
    return Verdict::kAnswered;
  }
  if (!ask || !*ask) return Verdict::kNext;
  connection.context().past = std::make_shared<PastAsk>(std::move(**ask));
  connection.context().past->unrecorded = true;
  return Verdict::kNext;
}

}  // namespace

Verdict past_stage(Worker& worker, Connection& connection) {
  Traffic& traffic = worker.services;
  if (connection.context().hls) return Verdict::kNext;
  Request& request = connection.request();
  const ArchiveService& archive = *traffic.archive;
  const std::int64_t now_ms = connection.asked_ms();
  if (auto past = past_of_path(request.path)) {
    const bool taken =
        traffic.mounts.find(request.path) || traffic.files.read()->has_file(request.path);
    if (!taken && may_have_past(traffic, connection, past->mount)) {
      if (past->ask.to_ms > now_ms + kAheadMs) {
        connection.reply_text(400, "the range ends in the future\r\n");
        return Verdict::kAnswered;
      }
      past->ask.path = std::move(request.path);
      request.path = std::move(past->mount);
      connection.context().past = std::make_shared<PastAsk>(std::move(past->ask));
      return Verdict::kNext;
    }
  }
  if (request.query.empty()) return Verdict::kNext;
  // A page of the server or of the web root has its own parameters.
  if (!archive.has(request.path) &&
      (!may_have_past(traffic, connection, request.path) || is_page(traffic, request.path)) &&
      (!traffic.mounts.find(request.path) || !archive.on() ||
       !section_of(traffic, connection).archive.enabled))
    return take_unrecorded(traffic, connection, now_ms);
  auto ask = past_of_query(request.query, now_ms);
  if (!ask) {
    connection.reply_text(400, ask.error().what + "\r\n");
    return Verdict::kAnswered;
  }
  if (*ask) connection.context().past = std::make_shared<PastAsk>(std::move(**ask));
  return Verdict::kNext;
}

}  // namespace lb
