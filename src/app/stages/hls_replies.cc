#include "app/stages/hls_replies.h"

#include <utility>

#include "app/services/archive_service.h"
#include "app/services/worker.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxAgent = 200;

bool has_tag(const Request& request, std::string_view tag) {
  const std::string_view given = request.headers.get("if-none-match");
  return !given.empty() && (trim(given) == "*" || given.find(tag) != std::string_view::npos);
}

}  // namespace

std::string with_session(const std::string& query, std::string_view session) {
  return (query.empty() ? "" : query + "&") + "s=" + std::string(session);
}

ResponseHead hls_head(Connection& connection, int status, std::string_view type) {
  ResponseHead head;
  head.status = status;
  head.content_type = type;
  head.http_1_1 = true;
  head.keep_alive = client_keeps_alive(connection.request());
  return head;
}

Verdict refuse_hls(Connection& connection, int status, std::string text, std::string extra) {
  ResponseHead head = hls_head(connection, status, "text/plain; charset=utf-8");
  head.cache = "max-age=1";
  head.content_length = text.size();
  head.extra = std::move(extra);
  connection.reply(head, std::move(text));
  return Verdict::kAnswered;
}

std::string crowd_of(const Connection& connection, const Request& request,
                     const std::string& mount) {
  return connection.ip() + "\n" + mount + "\n" +
         std::string(request.headers.get("user-agent").substr(0, kMaxAgent));
}

bool hls_unchanged(Connection& connection, ResponseHead& head, const std::string& tag) {
  connection.is_probe = true;
  head.extra += "ETag: " + tag + "\r\n";
  if (!has_tag(connection.request(), tag)) return false;
  head.status = 304;
  connection.reply(head, {});
  return true;
}

void count_hls_sent(Worker& worker, Mount& mount, const Connection& connection, std::uint64_t bytes,
                    const std::string& request) {
  mount.bytes_sent.fetch_add(bytes, std::memory_order_relaxed);
  worker.streams.count_sent(bytes);
  if (!worker.services.log.enabled(LogLevel::kDebug)) return;
  worker.services.log.debug(
      "hls/request", connection.ip() + " \"" + request + "\" " + std::to_string(bytes) + " bytes");
}

bool has_past(Services& services, const MountSettings& section, const std::string& mount) {
  return services.archive->on() &&
         (section.archive.enabled || services.archive->catalog().files(mount)->size() > 0);
}

bool has_hls_format(const Mount& mount) {
  const auto facts = mount.facts();
  return facts->plugin != nullptr && facts->plugin->name == "mpeg";
}

std::uint32_t hls_cut_of(const Mount& mount) {
  const auto view = mount.channel().newest();
  return view->spans.empty() ? 0 : view->spans[view->spans.end() - 1].segments.cut_ms;
}

}  // namespace lb
