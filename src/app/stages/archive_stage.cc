#include "app/stages/archive_stage.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "admin/access.h"
#include "app/services/archive_service.h"
#include "app/services/login_service.h"
#include "app/services/remote_recordings.h"
#include "app/services/worker.h"
#include "app/stages/archive_replies.h"
#include "app/stages/auth_replies.h"
#include "app/stages/auth_stage.h"
#include "app/stages/past_stage.h"
#include "app/stages/request_config.h"
#include "app/stages/request_context.h"
#include "app/stages/who_asks.h"
#include "archive/export_body.h"
#include "archive/file_list.h"
#include "archive/stream_start.h"
#include "archive/time_text.h"
#include "archive/where.h"
#include "auth/passwords.h"
#include "base/cat.h"
#include "base/strings.h"
#include "http/byte_range.h"
#include "http/stream_type.h"
#include "net/reach.h"
#include "stream/join.h"
#include "stream/server_join.h"

namespace lb {
namespace {

// A plan has a point for each second, and opens a file for each five minutes.
constexpr std::int64_t kLongestFileMs = 24 * 3600 * 1000;
// A player reads a file as fast as it plays it, and may pause.  A client that takes longer than so
// many times its playing time is dropped, because it has one of the few places.
constexpr int kSlowestPlay = 2;
// A byte that was sent a moment ago is recorded, and told to other nodes, by then.
constexpr std::chrono::milliseconds kRecordedSoon{8000}, kAskedAgain{300};
constexpr std::size_t kMostWaitingSoon = 1024;
// A plan is made in turns of so many files.
constexpr unsigned kFilesOfTurn = 8;
// A moment so close to the end of a file of Ogg may be on the first page of the next one.
constexpr std::int64_t kLongestPageMs = 30'000;

std::int64_t ms_of(std::chrono::milliseconds time) { return time.count(); }

void reply_nothing(Connection& connection, const std::vector<ArchiveRange>& ranges) {
  ResponseHead head;
  head.status = 404;
  head.content_type = "text/plain; charset=utf-8";
  head.extra = cat({"X-LB-Archive: ", ranges_text(ranges), "\r\n"});
  head.exposes = "X-LB-Archive";
  connection.reply(head, "Nothing of this time is recorded\r\n");
}

void reply_nothing(Worker& worker, Connection& connection, std::int64_t earliest_ms) {
  reply_nothing(connection, ranges_for(worker, connection.request().path, earliest_ms));
}

Verdict reply_later(Connection& connection) {
  ResponseHead head;
  head.status = 503;
  head.content_type = "text/plain; charset=utf-8";
  head.extra = "Retry-After: 1\r\n";
  connection.reply(head, "What is recorded is still being read, please try again\r\n");
  return Verdict::kAnswered;
}

// This node has recorded it: nothing is missing that others may have.
bool is_whole(const RecordedFiles& files, const PastAsk& ask) {
  if (ask.at) return files.find(short_id(ask.at->id), ask.at->position) < files.size();
  return files.covers(ask.from_ms, ask.kind == PastAsk::Kind::kFile ? ask.to_ms : ask.from_ms + 1);
}

// It names the administrator; whether it is, let_in_role() decides, which counts guesses.
bool claims_administrator(Worker& worker, Connection& connection) {
  const auto given = basic_credentials(connection.request().headers);
  return given &&
         given->user == Services::passwords(*config_of(worker.services, connection)).admin_user;
}

// Of a part of a file.
std::chrono::seconds playing_time(const ExportPlan& plan, std::uint64_t bytes) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, plan.to_ms - plan.from_ms));
  const double part =
      plan.size == 0 ? 0 : static_cast<double>(bytes) / static_cast<double>(plan.size);
  return std::chrono::seconds(static_cast<std::int64_t>(static_cast<double>(ms) / 1000 * part));
}

// What was recorded next, behind a stream that ended with exactly that byte; size(): nothing soon.
std::size_t file_behind(const RecordedFiles& files, const StreamAddress& at) {
  constexpr auto kSoonMs = std::chrono::milliseconds(ShiftedStreams::kLongestHole).count();
  for (std::size_t i = 0; i + 1 < files.size(); ++i) {
    const FileRow &last = files[i], &next = files[i + 1];
    if (last.id == short_id(at.id) && last.origin_end() == at.position && next.bytes > 0 &&
        next.from_ms - last.to_ms <= kSoonMs)
      return i + 1;
  }
  return files.size();
}

// The stream is being recorded, and that byte is about to be.
bool is_recorded_soon(const RecordedFiles& files, const StreamAddress& at) {
  for (std::size_t i = 0; i < files.size(); ++i)
    if (files[i].open && files[i].id == short_id(at.id) && files[i].origin_end() <= at.position &&
        at.position - files[i].origin_end() <= kMostUnwritten)
      return true;
  return false;
}

// The recorded stream ended with that byte.  Of one that has begun since then the first seconds are
// told of when their time of day is settled.
bool is_followed_soon(const RecordedFiles& files, const StreamAddress& at) {
  if (files.size() == 0) return false;
  const FileRow& last = files[files.size() - 1];
  return last.id == short_id(at.id) && last.origin_end() == at.position;
}

struct ExportAsk {
  ExportAsk(Worker& of, Connection& waiting, Catalog::Files recorded, const PastAsk& asked,
            DownloadPlaces::Place entered)
      : worker(of),
        connection(waiting.id()),
        wanted(waiting.context().past),
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
  const std::weak_ptr<const PastAsk> wanted;  // null: its client has left
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
  head.http_1_1 = true;
  head.keep_alive = client_keeps_alive(waiting.request());
  head.content_type = plan.content_type;
  const bool saved = asked.ask.attachment || !is_stream_type(plan.content_type);
  head.extra = cat({"Accept-Ranges: bytes\r\nETag: ", plan.etag,
                    "\r\nContent-Disposition: ", saved ? "attachment" : "inline", "; ",
                    file_name_params(plan), "\r\n", stream_header_lines(plan.content_type)});
  if (plan.settled) head.cache = "private, max-age=3600";
  if (client_has(waiting.request(), plan.etag)) {
    head.status = 304;
    waiting.reply(head, {});
    return;
  }
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
      head.extra += cat({"Content-Range: bytes ", range.first, "-", range.first + range.length - 1,
                         "/", plan.size, "\r\n"});
      break;
    case ByteRange::Kind::kBad: {
      ResponseHead refused;
      refused.status = 416;
      refused.content_type = "text/plain; charset=utf-8";
      refused.extra = cat({"Content-Range: bytes */", plan.size, "\r\n"});
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
    if (asked->wanted.expired()) return;
    if (asked->planner.step()) continue;
    auto made = std::make_shared<Result<ExportPlan>>(asked->planner.take());
    asked->worker.loop.post([asked, made] {
      Connection* waiting = asked->worker.connections.find(asked->connection);
      if (waiting == nullptr) return;
      if (*made)
        send_export(*asked, *waiting, std::move(**made));
      else
        reply_nothing(asked->worker, *waiting, asked->ask.earliest_ms);
    });
    return;
  }
  asked->post([asked] { make_plan(asked); });
}

// The request goes on to ListenStage.
void begin_at(Worker& worker, Connection& waiting, const std::string& name, const PastAsk& ask,
              StreamStart from) {
  if (from.wall_ms < ask.earliest_ms) {
    reply_nothing(worker, waiting, ask.earliest_ms);
    return;
  }
  auto start = std::make_unique<ShiftedStart>();
  start->file = std::move(from.file);
  start->offset = from.offset;
  start->wall_ms = from.wall_ms;
  start->lead = std::move(from.lead);
  start->recorded = name;
  ArchiveService& archive = *worker.services.archive;
  start->mount = archive.live(name);
  if (!start->mount) start->mount = archive.off_air(name, *start->file);
  start->facts = start->mount->facts();
  const std::string& type = start->file->index.head.content_type;
  if (start->facts->content_type != type) start->facts = facts_of_past(worker.services.clock, type);
  waiting.context().shifted = std::move(start);
  waiting.resume(Verdict::kNext);
}

// Within its pages, which have to be read.
void find_start(Worker& worker, std::uint64_t id, const std::string& name, const PastAsk& ask,
                std::shared_ptr<const ArchiveFile> file, const std::optional<FileRow>& next) {
  ArchiveService& archive = *worker.services.archive;
  const bool far = file->remote || (next && next->remote);
  Loop::Task task = [&worker, &archive, id, name, ask, next, file = std::move(file)] {
    std::shared_ptr<const ArchiveFile> following;
    if (next)
      if (auto opened = archive.readers().open(archive.dir(), name, *next)) following = *opened;
    auto start = std::make_shared<StreamStart>(start_at(file, following, ask.from_ms));
    worker.loop.post([&worker, id, name, ask, start] {
      if (Connection* waiting = worker.connections.find(id))
        begin_at(worker, *waiting, name, ask, std::move(*start));
    });
  };
  if (far)
    archive.remote().patient().post(std::move(task));
  else
    archive.readers().run(std::move(task));
}

}  // namespace

Verdict ArchiveStage::handle(Connection& connection) {
  RequestContext& context = connection.context();
  if (!context.past || context.shifted || context.resumes) return Verdict::kNext;
  if (context.past->unrecorded) {
    connection.reply_text(404, "This mount is not recorded\r\n");
    return Verdict::kAnswered;
  }
  Services& services = worker_.services;
  const auto config = config_of(services, connection);
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
  const std::string& named = connection.request().path;
  if (closed || (section.authenticator.type.empty() && claims_administrator(worker_, connection))) {
    if (const Verdict verdict = let_in_role(worker_, connection, kPastEndpoint, named);
        verdict != Verdict::kNext)
      return verdict;
    administrator = true;
  } else if (section.authenticator.type.empty() &&
             !session_cookie(connection.request(), connection.secure()).empty() &&
             services.login->on()) {
    // A browser brings its session along, wherever it listens.
    const Asker asker = who_asks(worker_, connection);
    if (asker.verdict != Verdict::kNext) return asker.verdict;
    administrator = access_allows(*stage_access(kPastEndpoint), asker.identity->role,
                                  asked_mount(*asker.identity, named, true));
  } else if (!section.authenticator.type.empty() && !context.authorised) {
    reply_unauthorised(connection);
    return Verdict::kAnswered;
  }
  const bool unread = services.archive->is_reading(connection.request().path);
  const Catalog::Files files = services.archive->catalog().files(connection.request().path);
  ask.earliest_ms = past_begins_ms(worker_, connection, section, named);
  if (section.archive.window.count() > 0 && !administrator)
    ask.earliest_ms = std::max(
        ask.earliest_ms, unix_ms(worker_.services.clock.wall()) - ms_of(section.archive.window));
  if (ask.earliest_ms > 0) {
    ask.from_ms = std::max(ask.from_ms, ask.earliest_ms);
    if (ask.kind == PastAsk::Kind::kFile && ask.to_ms <= ask.from_ms) {
      reply_nothing(worker_, connection, ask.earliest_ms);
      return Verdict::kAnswered;
    }
  }
  if (ask.kind == PastAsk::Kind::kFile && ask.to_ms - ask.from_ms > kLongestFileMs) {
    const auto ranges = ranges_for(worker_, connection.request().path, ask.earliest_ms);
    if (!ranges.empty()) ask.from_ms = std::max(ask.from_ms, ranges.front().from_ms);
    if (ask.to_ms - ask.from_ms > kLongestFileMs && !ranges.empty()) {
      connection.reply_text(400, "a file has at most 24 hours\r\n");
      return Verdict::kAnswered;
    }
  }
  if (ask.at && resumes_live(connection, *files, *ask.at)) return Verdict::kNext;
  if (unread) return reply_later(connection);
  if (elsewhere && !is_whole(*files, ask)) return look_elsewhere(connection, ask);
  return answer(connection, files, ask);
}

// A player that has heard all that there is, and comes back at once, asks for what is written in a
// moment.
bool ArchiveStage::resumes_live(Connection& connection, const RecordedFiles& files,
                                const StreamAddress& at) {
  if (files.find(short_id(at.id), at.position) < files.size()) return false;
  const auto mount = worker_.services.archive->live(connection.request().path);
  if (!mount || !plan_resume(*mount->channel().newest(), at, bytes_ahead(*mount))) return false;
  connection.context().resumes = at;
  return true;
}

ArchiveStage::ArchiveStage(Worker& worker)
    : worker_(worker), waits_(worker, kMostWaitingSoon, kAskedAgain) {}

Verdict ArchiveStage::answer(Connection& connection, const Catalog::Files& files,
                             const PastAsk& ask) {
  return ask.kind == PastAsk::Kind::kFile ? send_file(connection, files, ask)
                                          : begin_stream(connection, files, ask);
}

Verdict ArchiveStage::look_elsewhere(Connection& connection, const PastAsk& ask) {
  RemoteArchive& remote = worker_.services.archive->remote().archive();
  const std::string& mount = connection.request().path;
  auto then = [this, &remote, mount, ask, id = connection.id()](bool) {
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
    reply_nothing(worker_, connection, ask.earliest_ms);
    return Verdict::kAnswered;
  }
  const unsigned most = mount_section(*config_of(services, connection), mount).archive.downloads;
  const Address address = Address::parse(connection.ip(), 0).value_or(connection.peer());
  const bool of_many =
      reach_of(address) == Reach::kHost || services.http.read()->trusted_proxies.contains(address);
  auto place = services.archive->downloads(mount)->try_enter(address, most, of_many);
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
                                   PastAsk ask) {
  Services& services = worker_.services;
  std::size_t found = 0;
  const bool asked_at = ask.at.has_value();
  const std::string name = connection.request().path;
  if (ask.at) {
    found = files->find(short_id(ask.at->id), ask.at->position);
    if (found == files->size()) {
      const bool soon =
          is_recorded_soon(*files, *ask.at) ||
          (is_followed_soon(*files, *ask.at) && services.mounts.find(name) != nullptr);
      if (soon && waits_.wait(connection, connection.context().past->wait_until, kRecordedSoon))
        return Verdict::kPending;
      found = file_behind(*files, *ask.at);
      ask.at.reset();
      if (found < files->size()) ask.from_ms = (*files)[found].from_ms;
    }
  } else {
    found = files->find(ask.from_ms);
    while (found < files->size() && (*files)[found].bytes == 0) ++found;
  }
  if (found == files->size()) {
    // What is so young that it is not recorded yet, the live stream has.
    const bool young = !asked_at && files->growing() && services.mounts.find(name);
    if (young) return Verdict::kNext;
    reply_nothing(worker_, connection, ask.earliest_ms);
    return Verdict::kAnswered;
  }
  const FileRow row = (*files)[found];
  std::optional<FileRow> next;
  if (!ask.at && found + 1 < files->size() && row.goes_on_in((*files)[found + 1]) &&
      row.to_ms - ask.from_ms < kLongestPageMs)
    next = (*files)[found + 1];
  services.archive->readers().load(
      services.archive->dir(), name, row, worker_.loop,
      [&worker = worker_, name, ask, next, id = connection.id()](RemoteArchive::File loaded) {
        Connection* waiting = worker.connections.find(id);
        if (waiting == nullptr) return;
        const bool other = loaded && ask.at && (*loaded)->index.head.span.id != ask.at->id;
        if (!loaded || other) {
          reply_nothing(worker, *waiting, ask.earliest_ms);
          return;
        }
        if (!ask.at && begins_within_page(**loaded)) {
          find_start(worker, id, name, ask, *loaded, next);
          return;
        }
        StreamStart start;
        const FileIndex& index = (*loaded)->index;
        std::size_t mark = index.mark_near(ask.from_ms);
        // The window begins between two marks.
        if (index.marks[mark].wall_ms < ask.earliest_ms && mark + 1 < index.marks.size()) ++mark;
        start.offset = index.marks[mark].offset;
        if (ask.at) {
          start.offset = std::min(ask.at->position - (*loaded)->row.origin, index.end());
          mark = index.mark_before(start.offset);
        }
        start.wall_ms = index.marks[mark].wall_ms;
        start.file = *loaded;
        begin_at(worker, *waiting, name, ask, std::move(start));
      });
  return Verdict::kPending;
}

}  // namespace lb
