#include "app/page_stage.h"

#include "admin/builtin.h"
#include "app/page_cache.h"
#include "app/worker.h"
#include "http/page_headers.h"
#include "http/playlist.h"

namespace lb {
namespace {

constexpr std::string_view kNoSuchFile = "The file you requested could not be found";

std::string host_for(Connection& connection, const Config& config) {
  return playlist_host(connection.request().headers.get("host"), config.hostname, config.port,
                       connection.secure());
}

std::string header_lines_for(const RenderedPage& page, std::span<const HttpHeader> configured) {
  if (!is_page_type(page.content_type)) return nosniff_line(configured);
  return page_header_lines(page.brings_its_own ? PageKind::kDesigned : PageKind::kPlain,
                           configured);
}

// Pages are shared, so they say http; who asked over https is sent back the way it came.
std::string with_https(std::string body, Connection& connection, const Config& config) {
  const std::string from = "http://" + Services::authority(config) + "/";
  const std::string to = "https://" + host_for(connection, config) + "/";
  for (std::size_t at = 0; (at = body.find(from, at)) != std::string::npos; at += to.size())
    body.replace(at, from.size(), to);
  return body;
}

}  // namespace

Verdict PageStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  const bool from_template = is_template_path(request.path);
  const bool list = request.path.ends_with(".xspf") || request.path.ends_with(".vclt");
  if (!from_template && !(list && !services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  services.loops.control().post(
      [&worker = worker_, id = connection.id(), path = request.path, query = request.query, list] {
        worker.services.pages->get(path, query, [&worker, id, list](PageCache::Page page) {
          worker.loop.post([&worker, id, list, page] {
            Connection* waiting = worker.connections.find(id);
            if (waiting == nullptr) return;
            if (!*page) {
              waiting->reply_page(404, "Could not parse XSLT file");
              return;
            }
            ResponseHead head;
            head.content_type = (*page)->content_type;
            head.content_length = (*page)->body.size();
            head.extra = header_lines_for(**page, worker.services.http.read()->http_headers);
            std::string body = (*page)->body;
            if (list && waiting->secure()) {
              body = with_https(std::move(body), *waiting, *worker.services.config.read());
              head.content_length = body.size();
            }
            waiting->reply(head, std::move(body));
          });
        });
      });
  return Verdict::kPending;
}

Verdict FileStage::handle(Connection& connection) {
  Request& request = connection.request();
  Services& services = worker_.services;
  const auto files = services.files.read();
  services.counters.file_connections.fetch_add(1, std::memory_order_relaxed);
  if (auto file = files->open_file(request.path, request.headers.get("range"))) {
    if (file->status == 416) {
      connection.reply_text(416, kRangeText);
      return Verdict::kAnswered;
    }
    ResponseHead head;
    head.status = file->status;
    head.content_type = file->content_type;
    head.content_length = file->length;
    head.extra = file->header_lines();
    connection.reply_file(std::move(head), std::move(file->fd), file->first, file->length);
    return Verdict::kAnswered;
  }
  const auto config = services.config.read();
  const auto listed = [&request](std::string_view ending) {
    return request.path.ends_with(ending) && request.path.size() > ending.size() + 1;
  };
  if (listed(".m3u")) {
    ResponseHead head;
    head.content_type = kM3uType;
    const std::string body = m3u(host_for(connection, *config),
                                 std::string_view(request.path).substr(0, request.path.size() - 4),
                                 connection.secure() ? "https" : "http");
    head.content_length = body.size();
    connection.reply(head, body);
    return Verdict::kAnswered;
  }
  if (const BuiltinFile* built_in = builtin_file("web" + request.path);
      built_in != nullptr && config->fileserve) {
    ResponseHead head;
    head.content_type = builtin_content_type(request.path);
    head.content_length = built_in->bytes.size();
    connection.reply(head, std::string(built_in->bytes));
    return Verdict::kAnswered;
  }
  connection.reply_page(404, kNoSuchFile);
  return Verdict::kAnswered;
}

}  // namespace lb
