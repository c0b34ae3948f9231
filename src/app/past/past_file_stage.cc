#include "app/past/past_file_stage.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "app/past/archive_replies.h"
#include "app/request/asked_address.h"
#include "app/request/past_ask.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "archive/read/download_places.h"
#include "archive/read/export_body.h"
#include "base/cat.h"
#include "base/strings.h"
#include "cluster/balance/redirect_reply.h"
#include "http/byte_range.h"
#include "http/connections.h"
#include "http/stream_type.h"

namespace lb {
namespace {

// A player reads a file as fast as it plays it, and may pause.  A client that takes longer than
// this many times the playing time is dropped, because places are few.
constexpr int kSlowestPlay = 2;
// The number of files that one step of a plan reads.
constexpr unsigned kFilesOfTurn = 8;
constexpr std::size_t kMaxFileWaits = 64;
constexpr std::chrono::milliseconds kLooksAgain{100};

// The playing time of a part of a file.
std::chrono::seconds playing_time(const ExportPlan& plan, std::uint64_t bytes) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, plan.to_ms - plan.from_ms));
  const double part =
      plan.size == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(plan.size);
  return std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(ms) / 1000 * part));
}

struct FileAsk {
  Worker& worker;
  const std::uint64_t connection;
  const std::weak_ptr<const PastAsk> past;  // expired: the client has left
  DownloadPlaces::Place place;
  bool elsewhere;  // other nodes are asked first
  std::unique_ptr<ExportPlanner> planner = nullptr;
};

void send_file(FileAsk& asked, Connection& waiting, ExportPlan plan) {
  Traffic& traffic = asked.worker.services;
  const Headers& headers = waiting.request().headers;
  ResponseHead head;
  head.http_1_1 = true;
  head.keep_alive = client_keeps_alive(waiting.request());
  head.content_type = plan.content_type;
  const bool saved = waiting.context().past->attachment || !is_stream_type(plan.content_type);
  head.extra = cat({"Accept-Ranges: bytes\r\nETag: ", plan.etag,
                    "\r\nContent-Disposition: ", saved ? "attachment" : "inline", "; ",
                    file_name_params(plan, waiting.context().past->from_ms), "\r\n",
                    stream_header_lines(plan.content_type)});
  if (plan.settled && !waiting.context().past->relative) head.cache = "private, max-age=3600";
  if (client_has(waiting.request(), plan.etag)) {
    head.status = 304;
    waiting.reply(head, {});
    return;
  }
  ByteRange range;
  const std::string_view if_range = trim(headers.get("if-range"));
  const bool still =
      if_range == plan.etag || (if_range.empty() && !waiting.context().past->relative);
  if (still) range = parse_byte_range(headers.get("range"), plan.size);
  switch (range.kind) {
    case ByteRange::Kind::kWhole:
      range.length = plan.size;
      break;
    case ByteRange::Kind::kPart:
      head.status = 206;
      head.extra += cat({"Content-Range: bytes ", range.first, "-", range.first + range.length - 1,
                         "/", plan.size, "\r\n"});
      break;
    case ByteRange::Kind::kBad: {
      reply_refusal(waiting, 416, "Request Range Not Satisfiable\r\n",
                    cat({"Content-Range: bytes */", plan.size, "\r\n"}));
      return;
    }
  }
  head.content_length = range.length;
  const std::chrono::seconds longest = playing_time(plan, range.length) * kSlowestPlay;
  auto ready = [&worker = asked.worker, id = asked.connection] {
    if (Connection* asking = worker.find_connection(id)) asking->source_ready();
  };
  auto body = std::make_unique<ExportBody>(
      traffic.archive->dir(), std::move(plan), range.first, range.length,
      traffic.archive->readers(), asked.worker.loop, std::move(ready),
      std::make_shared<DownloadPlaces::Place>(std::move(asked.place)));
  waiting.reply_source(std::move(head), std::move(body), longest);
}

void reply_plan(std::shared_ptr<FileAsk> asked, Result<ExportPlan> plan) {
  Worker& worker = asked->worker;
  const std::uint64_t id = asked->connection;
  worker.answer(
      id, [&worker, asked = std::move(asked), plan = std::move(plan)](Connection& waiting) mutable {
        if (plan)
          send_file(*asked, waiting, std::move(*plan));
        else
          reply_nothing(worker, waiting, waiting.context().past->earliest_ms);
      });
}

bool make_plan(const std::shared_ptr<FileAsk>& asked, PastReading& reading) {
  const auto past = asked->past.lock();
  if (!past) return false;
  if (!asked->planner) {
    ArchiveService& archive = *asked->worker.services.archive;
    if (asked->elsewhere && !reading.check(past->from_ms, past->to_ms)) return false;
    const std::string& mount = reading.mount();
    asked->planner = std::make_unique<ExportPlanner>(
        mount,
        asked->elsewhere ? archive.remote().archive().files(mount) : archive.catalog().files(mount),
        past->from_ms, past->to_ms);
  }
  for (unsigned i = 0; i < kFilesOfTurn; ++i) {
    const bool more = asked->planner->step(reading);
    if (reading.lacks()) return false;
    if (more) continue;
    auto plan = asked->planner->take(reading);
    if (!reading.lacks()) reply_plan(asked, std::move(plan));
    return false;
  }
  return true;
}

// Relative times make another file of each request, so its parts would be parts of different files.
// A player requests the first part from byte 0, and further ones of the address that it is sent to.
bool redirected_to_file(Connection& connection, const PastAsk& past) {
  const Headers& headers = connection.request().headers;
  if (!past.relative || headers.find("if-range") != nullptr) return false;
  const ByteRange range =
      parse_byte_range(headers.get("range"), std::numeric_limits<std::uint64_t>::max());
  if (range.kind != ByteRange::Kind::kPart || range.first != 0) return false;
  const auto seconds = [](std::int64_t ms) {
    return cat({ms / 1000, ".", std::to_string(1000 + ms % 1000).substr(1)});
  };
  // The last one of equal parameters counts.
  const std::string query =
      cat({asked_query(connection), "&from=", seconds(past.from_ms), "&to=", seconds(past.to_ms)});
  connection.reply_bytes(
      302, redirect_reply("", asked_path(connection), query, "", connection.http_headers()));
  return true;
}

}  // namespace

PastFileStage::PastFileStage(Worker& worker)
    : worker_(worker), waits_(worker, kMaxFileWaits, kLooksAgain) {}

Verdict PastFileStage::handle(Connection& connection) {
  const auto past = connection.context().past;
  if (!past || past->kind != PastAsk::Kind::kFile) return Verdict::kNext;
  if (redirected_to_file(connection, *past)) return Verdict::kAnswered;
  Traffic& traffic = worker_.services;
  ArchiveService& archive = *traffic.archive;
  const std::string mount = connection.request().path;
  if (archive.is_reading(mount)) return wait_until_read(connection, waits_);
  const auto files = archive.catalog().files(mount);
  const bool elsewhere =
      archive.remote().archive().holds(mount) && !files->covers(past->from_ms, past->to_ms);
  if (files->size() == 0 && !elsewhere)
    return reply_nothing(worker_, connection, past->earliest_ms);
  // The rest of a begun answer had a place in the former process.
  const bool begun = connection.bytes_sent() > 0;
  const unsigned most = begun ? std::numeric_limits<unsigned>::max()
                              : section_of(traffic, connection, mount).archive.downloads;
  auto place = archive.downloads(mount)->try_enter(connection.peer(), most,
                                                   asks_for_many(worker_, connection));
  if (!place) {
    reply_refusal(connection, 503, "Too many files of this mount are being fetched\r\n",
                  "Retry-After: 10\r\n");
    return Verdict::kAnswered;
  }
  const auto asked = std::make_shared<FileAsk>(
      FileAsk{worker_, connection.id(), past, std::move(*place), elsewhere});
  std::make_shared<PastReading>(archive.readers(), archive.dir(), mount)
      ->run([asked](PastReading& reading) { return make_plan(asked, reading); });
  return Verdict::kPending;
}

}  // namespace lb
