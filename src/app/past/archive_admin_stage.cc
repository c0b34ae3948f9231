// archive_admin_stage(): the archive for administrators: /admin/archive.json and POST
// /admin/archive/delete.  It runs before admin_stage(), because its mounts need not play and it
// reads indexes.
//
// {"mounts": [{"mount", "bytes", "oldest", "newest", "ranges": [{"from", "to", "bytes",
// "where"}]}]}, times in Unix seconds; with ?mount= of that one, and also "titles": [{"at",
// "title"}], the newest 1000.
// Thread: its worker.
#include <algorithm>
#include <utility>
#include <vector>

#include "admin/command/recordings.h"
#include "admin/command/security.h"
#include "app/pages/archive_sight.h"
#include "app/past/stages.h"
#include "app/request/request_config.h"
#include "app/request/who_asks.h"
#include "app/services/archive_service.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "archive/files/time_text.h"
#include "archive/files/where.h"
#include "archive/record/archive_writer.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/json.h"

namespace lb {
namespace {

constexpr std::string_view kDocument = "/admin/archive.json";

double unix_time_of(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

void write_mount(JsonWriter& out, const ArchiveSight::Mount& mount,
                 const std::vector<ArchiveTitle>* titles) {
  out.begin_object();
  out.key("mount").text(mount.name);
  out.key("bytes").number(mount.bytes);
  out.key("oldest").number(mount.ranges.empty() ? 0.0 : unix_time_of(mount.ranges.front().from_ms));
  out.key("newest").number(mount.ranges.empty() ? 0.0 : unix_time_of(mount.ranges.back().to_ms));
  out.key("ranges").begin_array();
  for (const PlacedRange& range : mount.ranges) {
    out.begin_object();
    out.key("from").number(unix_time_of(range.from_ms));
    out.key("to").number(unix_time_of(range.to_ms));
    out.key("bytes").number(range.bytes);
    out.key("where").texts(range.where);
    out.end_object();
  }
  out.end_array();
  if (titles != nullptr) {
    out.key("titles").begin_array();
    for (const ArchiveTitle& one : *titles) {
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
  worker.answer(id, [type = std::move(type), body = std::move(body)](Connection& waiting) mutable {
    ResponseHead head;
    head.content_type = std::move(type);
    waiting.reply_whole(std::move(head), std::move(body));
  });
}

Verdict show_archive(Worker& worker, Connection& connection, const std::string& query) {
  const auto wanted = query_param(query, "mount");
  const std::int64_t now_ms = unix_ms(worker.services.clock.wall());
  const std::int64_t begins_ms =
      wanted ? past_begins_ms(worker, connection, section_of(worker.services, connection, *wanted),
                              *wanted)
             : 0;
  ArchiveAsk ask{
      wanted.value_or(""), wanted.has_value(),
      std::max(begins_ms, parse_time(query_param(query, "from").value_or("0"), now_ms).value_or(0)),
      parse_time(query_param(query, "to").value_or("now"), now_ms).value_or(now_ms) + 1, now_ms};
  gather_archive(*worker.services.archive, std::move(ask),
                 [&worker, wanted, begins_ms, id = connection.id()](ArchiveSight sight) {
                   sight.forget_before(begins_ms);
                   JsonWriter out;
                   out.begin_object();
                   // The directory is still being read, so mounts may be missing.
                   ArchiveService& archive = *worker.services.archive;
                   out.key("reading").boolean(archive.on() && archive.catalog().is_reading());
                   out.key("mounts").begin_array();
                   for (const ArchiveSight::Mount& mount : sight.mounts)
                     if (!wanted || *wanted == mount.name)
                       write_mount(out, mount, wanted ? &sight.titles : nullptr);
                   out.end_array().end_object();
                   reply_text_body(worker, id, "application/json", out.take());
                 });
  return Verdict::kPending;
}

Verdict remove_recorded(Worker& worker, Connection& connection, const std::string& query) {
  const Request& request = connection.request();
  if (request.method != Method::kPost) {
    connection.reply_text(405, "This is asked by POST\r\n");
    return Verdict::kAnswered;
  }
  if (!same_site_request(request.headers)) {
    connection.reply_text(403, "Requests of other sites change nothing\r\n");
    return Verdict::kAnswered;
  }
  Traffic& traffic = worker.services;
  const std::int64_t now_ms = unix_ms(traffic.clock.wall());
  const auto mount = query_param(query, "mount");
  auto from = parse_time(query_param(query, "from").value_or(""), now_ms);
  const auto to = parse_time(query_param(query, "to").value_or(""), now_ms);
  if (mount && from)
    from = std::max(
        *from, past_begins_ms(worker, connection, section_of(traffic, connection, *mount), *mount));
  if (!mount || !from || !to || *to <= *from || !traffic.archive->on()) {
    connection.reply_text(400, "mount, from and to are wanted, and an archive\r\n");
    return Verdict::kAnswered;
  }
  traffic.log.info("archive/delete",
                   cat({"archive ", *mount, ": ", utc_text(*from, UtcForm::kSecond), " to ",
                        utc_text(*to, UtcForm::kSecond), " is removed by ", connection.ip()}));
  AuditEntry entry = audit_entry(worker, connection, "archive/delete", *mount);
  entry.changes.push_back({"from", utc_text(*from, UtcForm::kSecond), std::nullopt});
  entry.changes.push_back({"to", utc_text(*to, UtcForm::kSecond), std::nullopt});
  entry.result = "ok";
  traffic.login->audit(std::move(entry));
  traffic.archive->writer().remove(
      *mount, *from, *to, [&worker, id = connection.id()](std::size_t files) {
        JsonWriter out;
        out.begin_object().key("files").number(std::uint64_t{files}).end_object();
        reply_text_body(worker, id, "application/json", out.take());
      });
  return Verdict::kPending;
}

}  // namespace

Verdict archive_admin_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  // One text for the judgement and for what is done: of a name that is given twice, in the query
  // and in the form, both have to take the same value.
  std::string query = request.query;
  if (connection.form_is_urlencoded()) query.append("&").append(connection.form());
  if (const Verdict verdict =
          let_in_role(worker, connection, request.path, query_param(query, "mount").value_or(""));
      verdict != Verdict::kNext)
    return verdict;
  return request.path == kDocument ? show_archive(worker, connection, query)
                                   : remove_recorded(worker, connection, query);
}

}  // namespace lb
