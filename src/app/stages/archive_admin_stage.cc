#include "app/stages/archive_admin_stage.h"

#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "admin/security.h"
#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "app/stages/auth_stage.h"
#include "archive/archive_file.h"
#include "archive/time_text.h"
#include "archive/where.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::string_view kDocument = "/admin/archive.json";
constexpr std::string_view kDelete = "/admin/archive/delete";
constexpr std::size_t kMostTitles = 1000;

struct TitleAt {
  std::int64_t ms = 0;
  std::string title;
};

double unix_time_of(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

// The newest ones, in the order of time.
std::vector<TitleAt> titles_of(const std::string& dir, const std::string& mount,
                               const RecordedFiles& files) {
  std::vector<TitleAt> newest_first;
  for (std::size_t i = files.size(); i-- > 0 && newest_first.size() < kMostTitles;) {
    const auto file = load_archive_file(dir, mount, files[i]);
    if (!file) continue;
    const FileIndex& index = (*file)->index;
    for (auto fact = index.facts.rbegin(); fact != index.facts.rend(); ++fact)
      if (fact->metadata)
        newest_first.push_back(
            {index.marks[index.mark_before(fact->offset)].wall_ms, fact->metadata->song()});
  }
  std::vector<TitleAt> out;
  for (auto at = newest_first.rbegin(); at != newest_first.rend(); ++at)
    if (out.empty() || out.back().title != at->title) out.push_back(std::move(*at));
  return out;
}

void write_mount(JsonWriter& out, const std::string& mount, const RecordedFiles& files,
                 const std::vector<PlacedRange>& ranges, const std::vector<TitleAt>* titles) {
  out.begin_object();
  out.key("mount").text(mount);
  out.key("bytes").number(files.bytes());
  out.key("oldest").number(ranges.empty() ? 0.0 : unix_time_of(ranges.front().range.from_ms));
  out.key("newest").number(ranges.empty() ? 0.0 : unix_time_of(ranges.back().range.to_ms));
  out.key("ranges").begin_array();
  for (const auto& [range, where] : ranges) {
    out.begin_object();
    out.key("from").number(unix_time_of(range.from_ms));
    out.key("to").number(unix_time_of(range.to_ms));
    out.key("bytes").number(range.bytes);
    out.key("where").begin_array();
    for (const std::string& place : where) out.text(place);
    out.end_array();
    out.end_object();
  }
  out.end_array();
  if (titles != nullptr) {
    out.key("titles").begin_array();
    for (const TitleAt& one : *titles) {
      out.begin_object();
      out.key("at").number(unix_time_of(one.ms));
      out.key("title").text(one.title);
      out.end_object();
    }
    out.end_array();
  }
  out.end_object();
}

void reply_text_body(Worker& worker, std::uint64_t id, std::string type, std::string body) {
  worker.loop.post([&worker, id, type = std::move(type), body = std::move(body)]() mutable {
    Connection* waiting = worker.connections.find(id);
    if (waiting == nullptr) return;
    ResponseHead head;
    head.content_type = std::move(type);
    head.content_length = body.size();
    waiting->reply(head, std::move(body));
  });
}

}  // namespace

Verdict ArchiveAdminStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.path != kDocument && request.path != kDelete) return Verdict::kNext;
  if (!let_in_administrator(worker_, connection)) return Verdict::kAnswered;
  return request.path == kDocument ? show(connection) : remove(connection);
}

// On a reader: the files of a long archive are many.
Verdict ArchiveAdminStage::show(Connection& connection) {
  ArchiveService& archive = *worker_.services.archive;
  const auto wanted = query_param(connection.request().query, "mount");
  archive.readers().run([&worker = worker_, &archive, wanted, id = connection.id()] {
    JsonWriter out;
    out.begin_object().key("mounts").begin_array();
    const auto holders = archive.remote().archive().holders();
    std::set<std::string> mounts;
    for (const std::string& mount : archive.catalog().mounts()) mounts.insert(mount);
    for (const auto& [mount, rows] : holders->all()) mounts.insert(mount);
    const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                    worker.services.clock.wall().time_since_epoch())
                                    .count();
    for (const std::string& mount : mounts) {
      if (wanted && *wanted != mount) continue;
      const auto files = archive.catalog().files(mount);
      std::vector<TitleAt> titles;
      if (wanted) titles = titles_of(archive.dir(), mount, *files);
      write_mount(out, mount, *files, ranges_and_places(*files, holders->of(mount), now_ms),
                  wanted ? &titles : nullptr);
    }
    out.end_array().end_object();
    reply_text_body(worker, id, "application/json", out.take());
  });
  return Verdict::kPending;
}

Verdict ArchiveAdminStage::remove(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kPost) {
    connection.reply_text(405, "This is asked by POST\r\n");
    return Verdict::kAnswered;
  }
  if (!same_site_request(request.headers)) {
    connection.reply_text(403, "Requests of other sites change nothing\r\n");
    return Verdict::kAnswered;
  }
  const std::string query =
      request.query + (connection.form_is_urlencoded() ? "&" + connection.form() : std::string());
  Services& services = worker_.services;
  const std::int64_t now_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                                  services.clock.wall().time_since_epoch())
                                  .count();
  const auto mount = query_param(query, "mount");
  const auto from = parse_time(query_param(query, "from").value_or(""), now_ms);
  const auto to = parse_time(query_param(query, "to").value_or(""), now_ms);
  if (!mount || !from || !to || *to <= *from || !services.archive->on()) {
    connection.reply_text(400, "mount, from and to are wanted, and an archive\r\n");
    return Verdict::kAnswered;
  }
  services.log.info("archive/delete", "archive " + *mount + ": " + rfc3339(*from) + " to " +
                                          rfc3339(*to) + " is removed by " + connection.ip());
  services.archive->writer().remove(
      *mount, *from, *to, [&worker = worker_, id = connection.id()](std::size_t files) {
        JsonWriter out;
        out.begin_object().key("files").number(std::uint64_t{files}).end_object();
        reply_text_body(worker, id, "application/json", out.take());
      });
  return Verdict::kPending;
}

}  // namespace lb
