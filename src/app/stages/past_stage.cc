#include "app/stages/past_stage.h"

#include <chrono>
#include <utility>

#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "app/stages/request_config.h"
#include "app/stages/request_context.h"
#include "archive/time_text.h"
#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

Result<std::int64_t> time_param(std::string_view name, const std::string& value,
                                std::int64_t now_ms) {
  const auto time = parse_time(value, now_ms);
  if (!time)
    return Error::invalid(
        cat({name, " is no time: Unix seconds, RFC 3339, or -600 for ten minutes ago"}));
  return *time;
}
Result<std::int64_t> duration_param(std::string_view name, const std::string& value) {
  const auto duration = parse_duration(value);
  if (!duration) return Error::invalid(cat({name, " is no duration: seconds, or 10m, 2h, 1d"}));
  return *duration;
}

// There is something of its past, or the directory that may hold it is still being read.
bool may_have_past(Traffic& traffic, Connection& connection, const std::string& mount) {
  const bool reading = traffic.archive->is_reading(mount);
  return traffic.archive->has(mount) ||
         (reading && mount_section(*config_of(traffic, connection), mount).archive.enabled);
}
bool is_page(Traffic& traffic, const std::string& path) {
  return is_template_path(path) || traffic.files.read()->has_file(path);
}

// A source may send ahead: what is recorded, and told, then ends that much later than now.
constexpr std::int64_t kAheadMs = 5000;

}  // namespace

Result<std::optional<PastAsk>> past_of_query(std::string_view query, std::int64_t now_ms) {
  const auto shift = query_param(query, "timeshift");
  const auto from = query_param(query, "from");
  const auto at = query_param(query, "at");
  if (!shift && !from && !at) return std::optional<PastAsk>();
  PastAsk ask;
  if (at) {
    ask.at = parse_address(*at);
    if (!ask.at) return Error::invalid("at is no address of a stream, as X-LB-Stream tells it");
    ask.exact = query_param(query, "exact") == "1";
    return std::optional(std::move(ask));
  }
  if (shift) {
    const auto back = duration_param("timeshift", *shift);
    if (!back) return back.error();
    if (*back == 0) return std::optional<PastAsk>();
    ask.from_ms = now_ms - *back;
    if (ask.from_ms < 0) ask.from_ms = 0;
    return std::optional(std::move(ask));
  }
  const auto begin = time_param("from", *from, now_ms);
  if (!begin) return begin.error();
  ask.from_ms = *begin;
  if (ask.from_ms > now_ms) return Error::invalid("from is in the future");
  const auto to = query_param(query, "to");
  const auto duration = query_param(query, "duration");
  if (!to && !duration) return std::optional(std::move(ask));
  ask.kind = PastAsk::Kind::kFile;
  const auto end = to ? time_param("to", *to, now_ms) : duration_param("duration", *duration);
  if (!end) return end.error();
  ask.to_ms = to ? *end : ask.from_ms + *end;
  if (ask.to_ms > now_ms + kAheadMs) return Error::invalid("the range ends in the future");
  if (ask.to_ms <= ask.from_ms) return Error::invalid("the range does not end after its begin");
  ask.attachment = query_param(query, "download") == "1";
  return std::optional(std::move(ask));
}

std::optional<PastPath> past_of_path(std::string_view path) {
  const auto named = parse_recorded_path(path);
  if (!named) return std::nullopt;
  PastPath out;
  out.mount = named->mount;
  out.ask.kind = PastAsk::Kind::kFile;
  out.ask.from_ms = static_cast<std::int64_t>(named->from) * 1000;
  out.ask.to_ms = out.ask.from_ms + static_cast<std::int64_t>(named->seconds) * 1000;
  out.ask.attachment = true;
  return out;
}

Verdict PastStage::handle(Connection& connection) {
  Traffic& traffic = worker_.services;
  if (connection.context().hls) return Verdict::kNext;
  Request& request = connection.request();
  const ArchiveService& archive = *traffic.archive;
  const std::int64_t now_ms = unix_ms(traffic.clock.wall());
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
  // A page of the server, or of the webroot, has parameters of its own.
  if (!archive.has(request.path) &&
      (!may_have_past(traffic, connection, request.path) || is_page(traffic, request.path)) &&
      (!traffic.mounts.find(request.path) || !archive.on() ||
       !section_of(traffic, connection).archive.enabled))
    return take_unrecorded(connection, now_ms);
  auto ask = past_of_query(request.query, now_ms);
  if (!ask) {
    connection.reply_text(400, ask.error().what + "\r\n");
    return Verdict::kAnswered;
  }
  if (*ask) connection.context().past = std::make_shared<PastAsk>(std::move(**ask));
  return Verdict::kNext;
}

// The live stream would be another one, without an end.
Verdict PastStage::take_unrecorded(Connection& connection, std::int64_t now_ms) {
  Traffic& traffic = worker_.services;
  const Request& request = connection.request();
  const bool is_mount = traffic.mounts.find(request.path) != nullptr ||
                        section_of(traffic, connection).name == request.path;
  // What an authenticator, or a page, has parameters of the same name for is no time.
  auto ask = past_of_query(request.query, now_ms);
  if (!is_mount || is_page(traffic, request.path)) return Verdict::kNext;
  if (!ask && query_param(request.query, "exact") == "1") {
    connection.reply_text(400, ask.error().what + "\r\n");
    return Verdict::kAnswered;
  }
  if (!ask || !*ask) return Verdict::kNext;
  connection.context().past = std::make_shared<PastAsk>(std::move(**ask));
  connection.context().past->unrecorded = true;
  return Verdict::kNext;
}

}  // namespace lb
