// block_stage(): GET /_lb/archive/<mount>/…: recordings of this node, for nodes that have its pass
// (doc/link.md, ARCH).
//
//   /_lb/archive/live.mp3/?from=MS&to=MS                       the list of files
//   /_lb/archive/live.mp3/1795158000-889f4cb7-fb9a.idx         an index, as far as it is marked
//   /_lb/archive/live.mp3/1795158000-889f4cb7-fb9a.data        with Range, at most 256 KiB of it
//
// 404 for files that the catalog does not have, 403 without a valid pass, 503 beyond kMaxAnswers at
// once.  A name is looked up in the catalog and never used as a path.
// Source: doc/link.md.
// Thread: its worker; the disk is read by the archive's readers.
#include <chrono>
#include <limits>
#include <utility>

#include "app/join/stages.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/services/archive_service.h"
#include "app/services/remote_recordings.h"
#include "app/services/worker.h"
#include "archive/files/catalog.h"
#include "archive/files/file_list.h"
#include "archive/read/export_body.h"
#include "base/cat.h"
#include "base/file.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "http/byte_range.h"
#include "stream/mount/gate.h"

namespace lb {
namespace {

constexpr std::string_view kBlockPrefix = "/_lb/archive";
constexpr std::string_view kBearer = "Bearer ";
constexpr std::size_t kLargestSentIndex = 4 * 1024 * 1024;
constexpr std::int64_t kMaxAnswers = 256;
constexpr std::uint64_t kRefusalsLogged = 10;  // then one in a thousand

constexpr std::chrono::seconds kLongestAnswer{60};

// A place among the answers under way.  It owns the gate too: a task of a stopped loop may hold a
// place until the process ends.
struct AnswerPlace {
  explicit AnswerPlace(std::shared_ptr<Gate> entered)
      : gate(std::move(entered)), pass(gate.get()) {}

  std::shared_ptr<Gate> gate;
  GatePass pass;
};

struct BlockAsk {
  enum class Kind : std::uint8_t { kNone, kList, kIndex, kData };
  Kind kind = Kind::kNone;
  std::string mount;
  ArchiveFileName name;
};

// Parses a path; kNone: it names no recording.
BlockAsk parse_block_path(std::string_view path) {
  BlockAsk out;
  if (!path.starts_with(kBlockPrefix)) return out;
  path.remove_prefix(kBlockPrefix.size());
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos || slash == 0 || path[0] != '/') return out;
  out.mount = path.substr(0, slash);
  std::string_view name = path.substr(slash + 1);
  if (name.empty()) {
    out.kind = BlockAsk::Kind::kList;
    return out;
  }
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return out;
  const auto parsed = parse_archive_file(name.substr(0, dot));
  if (!parsed) return out;
  out.name = *parsed;
  if (name.substr(dot) == ".idx")
    out.kind = BlockAsk::Kind::kIndex;
  else if (name.substr(dot) == ".data")
    out.kind = BlockAsk::Kind::kData;
  return out;
}

const FileRow* row_named(const RecordedFiles& files, const ArchiveFileName& name) {
  const std::size_t found = files.find(name.id, name.origin);
  if (found < files.size() && files[found].name() == name) return &files[found];
  for (std::size_t i = files.size(); i-- > 0;)
    if (files[i].name() == name) return &files[i];
  return nullptr;
}

void reply_body(Connection& connection, std::string type, std::string body) {
  ResponseHead head;
  head.content_type = std::move(type);
  head.keep_alive = client_keeps_alive(connection.request());
  head.http_1_1 = true;
  connection.reply_whole(std::move(head), std::move(body));
}

void refuse_block(Worker& worker, Connection& connection, int status, std::string_view why) {
  RemoteRecordings& remote = worker.services.archive->remote();
  const std::uint64_t count = remote.refused.fetch_add(1, std::memory_order_relaxed) + 1;
  if (count <= kRefusalsLogged || count % 1000 == 0)
    worker.services.log.warn("archive/block",
                             cat({connection.ip(), ": a request for recordings, number ", count,
                                  " of those that were refused: ", why}));
  connection.reply_text(status, status == 403 ? "forbidden\r\n" : "not found\r\n");
}

Verdict send_list(Connection& connection, const RecordedFiles& files) {
  const std::string& query = connection.request().query;
  const auto number = [&query](std::string_view name) {
    return parse_u64(query_param(query, name).value_or(""));
  };
  const auto from = number("from"), to = number("to"), id = number("id"), origin = number("origin");
  constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max();
  if (from && to && *from <= kLast && *to <= kLast) {
    reply_body(
        connection, "application/json",
        print_file_list(files, static_cast<std::int64_t>(*from), static_cast<std::int64_t>(*to)));
  } else if (id && origin && *id <= std::numeric_limits<std::uint32_t>::max()) {
    reply_body(connection, "application/json",
               print_files_from(files, static_cast<std::uint32_t>(*id), *origin));
  } else {
    connection.reply_text(400, "from and to are wanted, or id and origin\r\n");
  }
  return Verdict::kAnswered;
}

Verdict send_index(Worker& worker, Connection& connection, const BlockAsk& ask,
                   const FileRow& row) {
  ArchiveService& archive = *worker.services.archive;
  if (!archive.remote().answers->try_enter(kMaxAnswers)) {
    connection.reply_text(503, "too many at once\r\n");
    return Verdict::kAnswered;
  }
  const auto place = std::make_shared<AnswerPlace>(archive.remote().answers);
  std::string path = cat(
      {archive.dir(), "/", archive_directory(ask.mount), "/", archive_path(row.name()), ".idx"});
  archive.readers().run([&worker, place, path = std::move(path), id = connection.id()] {
    auto index = read_file(path, {.limit = kLargestSentIndex, .follows_links = false});
    std::string text = index ? std::move(index->text) : std::string();
    worker.answer(id, [place, text = std::move(text)](Connection& waiting) mutable {
      if (text.empty())
        waiting.reply_text(404, "not found\r\n");
      else
        reply_body(waiting, "application/octet-stream", std::move(text));
    });
  });
  return Verdict::kPending;
}

Verdict send_data(Worker& worker, Connection& connection, const BlockAsk& ask, const FileRow& row) {
  ArchiveService& archive = *worker.services.archive;
  const ByteRange range = parse_byte_range(connection.request().headers.get("range"), row.bytes);
  if (range.kind != ByteRange::Kind::kPart || range.length == 0 ||
      range.length > RemoteParts::kBlock) {
    reply_refusal(connection, 416, "a range of at most 256 KiB is wanted\r\n",
                  cat({"Content-Range: bytes */", row.bytes, "\r\n"}));
    return Verdict::kAnswered;
  }
  if (!archive.remote().answers->try_enter(kMaxAnswers)) {
    connection.reply_text(503, "too many at once\r\n");
    return Verdict::kAnswered;
  }
  archive.remote().answered.fetch_add(1, std::memory_order_relaxed);
  if (worker.services.log.enabled(LogLevel::kDebug))
    worker.services.log.debug("archive/block",
                              cat({"archive ", ask.mount, ": ", to_string(ask.name), ", bytes ",
                                   range.first, " to ", range.last(), " to ", connection.ip()}));
  ResponseHead head;
  head.status = 206;
  head.content_type = "application/octet-stream";
  head.extra = range_lines(range, row.bytes);
  head.content_length = range.length;
  head.keep_alive = client_keeps_alive(connection.request());
  head.http_1_1 = true;
  auto ready = [&worker, id = connection.id()] {
    if (Connection* asking = worker.find_connection(id)) asking->source_ready();
  };
  ExportPlan plan;
  plan.mount = ask.mount;
  ExportPiece& part = plan.pieces.emplace_back();
  part.row = row;
  part.offset = range.first;
  part.length = range.length;
  auto body = std::make_unique<ExportBody>(archive.dir(), std::move(plan), 0, range.length,
                                           archive.readers(), worker.loop, std::move(ready),
                                           std::make_shared<AnswerPlace>(archive.remote().answers));
  connection.reply_source(std::move(head), std::move(body), kLongestAnswer);
  return Verdict::kAnswered;
}

}  // namespace

Verdict block_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet) return Verdict::kNext;
  ArchiveService& archive = *worker.services.archive;
  const BlockAsk ask = parse_block_path(request.path);
  if (ask.kind == BlockAsk::Kind::kNone || !archive.on() || !archive.remote().shares()) {
    refuse_block(worker, connection, 404, "no name of a recording");
    return Verdict::kAnswered;
  }
  const std::string_view given = trim(request.headers.get("authorization"));
  if (!given.starts_with(kBearer) ||
      !archive.remote().passes().valid(ask.mount, trim(given.substr(kBearer.size())))) {
    refuse_block(worker, connection, 403, "its pass is wrong, or has expired");
    return Verdict::kAnswered;
  }
  const MountSettings& section = section_of(worker.services, connection, ask.mount);
  if (!section.archive.enabled || section.archive.listeners == ArchiveListeners::kNone) {
    refuse_block(worker, connection, 404,
                 "the recordings of the mount are for administrators alone");
    return Verdict::kAnswered;
  }
  connection.is_probe = true;  // no line in the access log for a block
  const Catalog::Files files =
      files_from(archive.catalog().files(ask.mount), archive.record_end_ms(section, ask.mount));
  if (ask.kind == BlockAsk::Kind::kList) return send_list(connection, *files);
  const FileRow* row = row_named(*files, ask.name);
  if (row == nullptr || row->bytes == 0) {
    refuse_block(worker, connection, 404, "there is no such file, or it has been removed");
    return Verdict::kAnswered;
  }
  return ask.kind == BlockAsk::Kind::kIndex ? send_index(worker, connection, ask, *row)
                                            : send_data(worker, connection, ask, *row);
}

}  // namespace lb
