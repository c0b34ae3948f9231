#include "app/stages/archive_stage.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "app/services/worker.h"
#include "app/stages/auth_replies.h"
#include "app/stages/auth_stage.h"
#include "app/stages/past_stage.h"
#include "app/stages/request_context.h"
#include "archive/export_body.h"
#include "archive/time_text.h"
#include "archive/where.h"
#include "auth/passwords.h"
#include "base/strings.h"
#include "http/byte_range.h"

namespace lb {
namespace {

constexpr std::size_t kMostRanges = 16;
// A player reads a file as fast as it plays it, and may pause.  A client that takes longer than so
// many times its playing time is dropped, because it has one of the few places.
constexpr int kSlowestPlay = 2;
// A plan is made in turns of so many files.
constexpr unsigned kFilesOfTurn = 8;

std::int64_t ms_of(std::chrono::milliseconds time) { return time.count(); }

void reply_nothing(Connection& connection, const std::vector<ArchiveRange>& ranges) {
  ResponseHead head;
  head.status = 404;
  head.content_type = "text/plain; charset=utf-8";
  head.extra = "X-LB-Archive: " + ranges_text(ranges) + "\r\n";
  connection.reply(head, "Nothing of this time is recorded\r\n");
}

// With the ranges that there are, here and at other nodes.
void reply_nothing(Worker& worker, Connection& connection) {
  ArchiveService& archive = *worker.services.archive;
  const std::string& mount = connection.request().path;
  const auto holders = archive.remote().archive().holders();
  reply_nothing(connection, ranges_anywhere(*archive.catalog().files(mount), holders->of(mount),
                                            unix_ms(worker.services.clock.wall())));
}

// This node has recorded it: nothing is missing that others may have.
bool is_whole(const RecordedFiles& files, const PastAsk& ask) {
  if (ask.at) return files.find(short_id(ask.at->id), ask.at->position) < files.size();
  constexpr std::int64_t kPauseMs = 2500;
  std::int64_t there = ask.from_ms;
  const std::int64_t wanted = ask.kind == PastAsk::Kind::kFile ? ask.to_ms : ask.from_ms + 1;
  for (std::size_t i = files.find(there); i < files.size() && there < wanted; ++i) {
    if (files[i].from_ms > there + (there == ask.from_ms ? 0 : kPauseMs)) return false;
    there = std::max(there, files[i].to_ms);
  }
  return there >= wanted || files.growing();
}

// It names the administrator; whether it is, let_in_administrator() decides, which counts guesses.
bool claims_administrator(Worker& worker, Connection& connection) {
  const auto given = basic_credentials(connection.request().headers);
  return given && given->user == Services::passwords(*worker.services.config.read()).admin_user;
}

// Of a part of a file.
std::chrono::seconds playing_time(const ExportPlan& plan, std::uint64_t bytes) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, plan.to_ms - plan.from_ms));
  const double part =
      plan.size == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(plan.size);
  return std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(ms) / 1000 * part));
}

std::string file_name(const ExportPlan& plan) {
  std::string base;
  for (const char c : plan.mount.substr(plan.mount.rfind('/') + 1)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    base.push_back(plain ? c : '_');
  }
  const std::string_view extension = file_extension(plan.content_type);
  if (base.ends_with(extension)) base.resize(base.size() - extension.size());
  return base + "-" + compact_time(plan.from_ms) + std::string(extension);
}

struct ExportAsk {
  ExportAsk(Worker& of, Connection& waiting, Catalog::Files recorded, const PastAsk& asked,
            DownloadPlaces::Place entered)
      : worker(of),
        connection(waiting.id()),
        files(std::move(recorded)),
        ask(asked),
        place(std::move(entered)),
        planner(of.services.archive->readers().files(), of.services.archive->dir(),
                waiting.request().path, files, ask.from_ms, ask.to_ms) {
    for (std::size_t i = files->find(ask.from_ms); i < files->size(); ++i)
      far = far || ((*files)[i].from_ms < ask.to_ms && (*files)[i].remote);
  }
  // On a reader; on a thread that may wait longer where files of other nodes are fetched.
  void post(Loop::Task task) {
    ArchiveService& archive = *worker.services.archive;
    if (far)
      archive.remote().patient().post(std::move(task));
    else
      archive.readers().run(std::move(task));
  }

  Worker& worker;
  const std::uint64_t connection;
  const Catalog::Files files;
  const PastAsk ask;
  DownloadPlaces::Place place;
  ExportPlanner planner;
  bool far = false;
};

void send_export(ExportAsk& asked, Connection& waiting, ExportPlan plan) {
  Services& services = asked.worker.services;
  const Headers& headers = waiting.request().headers;
  ResponseHead head;
  head.content_type = plan.content_type;
  head.extra = "Accept-Ranges: bytes\r\nETag: " + plan.etag +
               "\r\nContent-Disposition: " + (asked.ask.attachment ? "attachment" : "inline") +
               "; filename=\"" + file_name(plan) + "\"\r\n";
  if (plan.settled) head.extra += "Cache-Control: private, max-age=3600\r\n";
  ByteRange range;
  const std::string_view if_range = trim(headers.get("if-range"));
  const bool still = if_range.empty() || if_range == plan.etag;
  if (still) range = parse_byte_range(headers.get("range"), plan.size);
  switch (range.kind) {
    case ByteRange::Kind::kWhole:
      range.length = plan.size;
      break;
    case ByteRange::Kind::kPart:
      head.status = 206;
      head.extra += "Content-Range: bytes " + std::to_string(range.first) + "-" +
                    std::to_string(range.first + range.length - 1) + "/" +
                    std::to_string(plan.size) + "\r\n";
      break;
    case ByteRange::Kind::kBad: {
      ResponseHead refused;
      refused.status = 416;
      refused.content_type = "text/plain; charset=utf-8";
      refused.extra = "Content-Range: bytes */" + std::to_string(plan.size) + "\r\n";
      waiting.reply(refused, "Request Range Not Satisfiable\r\n");
      return;
    }
  }
  head.content_length = range.length;
  const std::chrono::seconds longest = playing_time(plan, range.length) * kSlowestPlay;
  auto ready = [&worker = asked.worker, id = asked.connection] {
    if (Connection* asking = worker.connections.find(id)) asking->source_ready();
  };
  auto body = std::make_unique<ExportBody>(
      services.archive->dir(), std::move(plan), range.first, range.length,
      services.archive->readers(), asked.worker.loop, std::move(ready), std::move(asked.place));
  waiting.reply_source(std::move(head), std::move(body), longest);
}

// A turn, and another one behind all others that wait.
void make_plan(const std::shared_ptr<ExportAsk>& asked) {
  for (unsigned i = 0; i < kFilesOfTurn; ++i) {
    if (asked->planner.step()) continue;
    auto made = std::make_shared<Result<ExportPlan>>(asked->planner.take());
    asked->worker.loop.post([asked, made] {
      Connection* waiting = asked->worker.connections.find(asked->connection);
      if (waiting == nullptr) return;
      if (*made)
        send_export(*asked, *waiting, std::move(**made));
      else
        reply_nothing(asked->worker, *waiting);
    });
    return;
  }
  asked->post([asked] { make_plan(asked); });
}

}  // namespace

std::string ranges_text(const std::vector<ArchiveRange>& ranges) {
  std::string out;
  for (std::size_t i = 0; i < std::min(ranges.size(), kMostRanges); ++i) {
    const ArchiveRange& range = ranges[ranges.size() - 1 - i];
    if (!out.empty()) out += ", ";
    out += std::to_string(range.from_ms / 1000) + "-" + std::to_string(range.to_ms / 1000);
  }
  return out;
}

Verdict ArchiveStage::handle(Connection& connection) {
  RequestContext& context = connection.context();
  if (!context.past || context.shifted) return Verdict::kNext;
  Services& services = worker_.services;
  const auto config = services.config.read();
  const MountSettings& section = mount_section(*config, connection.request().path);
  PastAsk ask = *context.past;
  if (section.no_mount) {
    connection.reply_text(403, "mountpoint unavailable");
    return Verdict::kAnswered;
  }
  // What is not recorded any more may have been for administrators alone.
  const RemoteArchive& remote = services.archive->remote().archive();
  const bool elsewhere = remote.holds(connection.request().path);
  const bool closed = section.archive.listeners == ArchiveListeners::kNone ||
                      (!section.archive.enabled && !elsewhere);
  bool administrator = false;
  if (closed || (section.authenticator.type.empty() && claims_administrator(worker_, connection))) {
    if (!let_in_administrator(worker_, connection)) return Verdict::kAnswered;
    administrator = true;
  } else if (!section.authenticator.type.empty() && !context.authorised) {
    reply_unauthorised(connection);
    return Verdict::kAnswered;
  }
  const Catalog::Files files = services.archive->catalog().files(connection.request().path);
  if (section.archive.window.count() > 0 && !administrator) {
    ask.earliest_ms = unix_ms(worker_.services.clock.wall()) - ms_of(section.archive.window);
    ask.from_ms = std::max(ask.from_ms, ask.earliest_ms);
    if (ask.kind == PastAsk::Kind::kFile && ask.to_ms <= ask.from_ms) {
      reply_nothing(connection, std::vector<ArchiveRange>());
      return Verdict::kAnswered;
    }
  }
  if (elsewhere && !is_whole(*files, ask)) return look_elsewhere(connection, ask);
  return answer(connection, files, ask);
}

Verdict ArchiveStage::answer(Connection& connection, const Catalog::Files& files,
                             const PastAsk& ask) {
  return ask.kind == PastAsk::Kind::kFile ? send_file(connection, files, ask)
                                          : begin_stream(connection, files, ask);
}

Verdict ArchiveStage::look_elsewhere(Connection& connection, const PastAsk& ask) {
  RemoteArchive& remote = worker_.services.archive->remote().archive();
  const std::string& mount = connection.request().path;
  auto then = [this, &remote, mount, ask, id = connection.id()] {
    worker_.loop.post([this, &remote, mount, ask, id] {
      Connection* waiting = worker_.connections.find(id);
      if (waiting == nullptr) return;
      if (answer(*waiting, remote.files(mount), ask) == Verdict::kNext)
        waiting->resume(Verdict::kNext);
    });
  };
  constexpr std::int64_t kAheadMs = 3'600'000;
  std::int64_t from_ms = ask.from_ms;
  if (ask.at) {
    remote.look(mount, short_id(ask.at->id), ask.at->position, std::move(then));
  } else {
    const bool file = ask.kind == PastAsk::Kind::kFile;
    if (!file) remote.holders()->nearest(mount, from_ms);
    remote.look(mount, from_ms, file ? ask.to_ms : from_ms + kAheadMs, std::move(then));
  }
  return Verdict::kPending;
}

Verdict ArchiveStage::send_file(Connection& connection, const Catalog::Files& files,
                                const PastAsk& ask) {
  Services& services = worker_.services;
  const std::string mount = connection.request().path;
  if (files->size() == 0) {
    reply_nothing(worker_, connection);
    return Verdict::kAnswered;
  }
  const unsigned most = mount_section(*services.config.read(), mount).archive.downloads;
  const Address address = Address::parse(connection.ip(), 0).value_or(connection.peer());
  auto place = services.archive->downloads(mount)->try_enter(address, most);
  if (!place) {
    ResponseHead head;
    head.status = 503;
    head.content_type = "text/plain; charset=utf-8";
    head.extra = "Retry-After: 10\r\n";
    connection.reply(head, "Too many files of this mount are being fetched\r\n");
    return Verdict::kAnswered;
  }
  const auto asked =
      std::make_shared<ExportAsk>(worker_, connection, files, ask, std::move(*place));
  asked->post([asked] { make_plan(asked); });
  return Verdict::kPending;
}

Verdict ArchiveStage::begin_stream(Connection& connection, const Catalog::Files& files,
                                   const PastAsk& ask) {
  Services& services = worker_.services;
  std::size_t found = 0;
  if (ask.at) {
    found = files->find(short_id(ask.at->id), ask.at->position);
  } else {
    found = files->find(ask.from_ms);
    while (found < files->size() && (*files)[found].bytes == 0) ++found;
  }
  const std::string name = connection.request().path;
  if (found == files->size()) {
    // What is so young that it is not recorded yet, the live stream has.
    const bool young = !ask.at && files->growing() && services.mounts.find(name);
    if (young) return Verdict::kNext;
    reply_nothing(worker_, connection);
    return Verdict::kAnswered;
  }
  const FileRow row = (*files)[found];
  services.archive->readers().load(
      services.archive->dir(), name, row, worker_.loop,
      [&worker = worker_, name, ask, id = connection.id()](RemoteArchive::File loaded) {
        Connection* waiting = worker.connections.find(id);
        if (waiting == nullptr) return;
        const bool other = loaded && ask.at && (*loaded)->index.head.span.id != ask.at->id;
        if (!loaded || other) {
          reply_nothing(worker, *waiting);
          return;
        }
        auto start = std::make_unique<ShiftedStart>();
        start->file = *loaded;
        const FileIndex& index = start->file->index;
        std::size_t mark = index.mark_at(ask.from_ms);
        start->offset = index.marks[mark].offset;
        if (ask.at) {
          start->offset = std::min(ask.at->position - start->file->row.origin, index.end());
          mark = index.mark_before(start->offset);
        }
        start->wall_ms = index.marks[mark].wall_ms;
        if (start->wall_ms < ask.earliest_ms) {
          reply_nothing(worker, *waiting);
          return;
        }
        start->recorded = name;
        ArchiveService& archive = *worker.services.archive;
        start->mount = archive.live(name);
        if (!start->mount) start->mount = archive.off_air(name, *start->file);
        start->facts = start->mount->facts();
        if (start->facts->content_type != index.head.content_type)
          start->facts = facts_of_past(worker.services.clock, index.head.content_type);
        waiting->context().shifted = std::move(start);
        waiting->resume(Verdict::kNext);
      });
  return Verdict::kPending;
}

}  // namespace lb
