#include "app/endpoints/page_stage.h"

#include "admin/page/builtin.h"
#include "app/pages/foreign_pages.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/services/worker.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/page_headers.h"
#include "http/playlist.h"
#include "http/static_files.h"

namespace lb {
namespace {

// Limit of one turn, since many readers may have waited for the same page.
constexpr std::size_t kAnswersATurn = 16;
constexpr std::string_view kNoTemplate = "Could not parse XSLT file";
constexpr std::string_view kNoStream = "There is no such stream";
constexpr std::string_view kNoSuchFile = "The file you requested could not be found";

std::string host_for(Connection& connection, const Config& config) {
  return playlist_host(connection.request().headers.get("host"), config.hostname, config.port,
                       connection.secure());
}

std::string header_lines_for(const RenderedPage& page, std::span<const HttpHeader> configured) {
  if (!is_page_type(page.content_type)) return nosniff_line(configured);
  return page_header_lines(page.kind(), configured, FrameSites::kAny);
}

std::string own_site(const Config& config) { return cat({"http://", Services::authority(config)}); }
// The address by which this reader knows the server.
std::string site_for(Connection& connection, const Config& config) {
  return cat({connection.secure() ? "https://" : "http://", host_for(connection, config)});
}

}  // namespace

Verdict PageStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  const bool from_template = is_template_path(request.path);
  const bool list = request.path.ends_with(".xspf") || request.path.ends_with(".vclt");
  const bool foreign = is_foreign_path(services, request.path);
  if (!from_template && !foreign && !(list && !services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  auto ask = page_ask(services, request.path, request.query);
  if (!ask) {
    connection.reply_page(404, foreign ? kNoStream : kNoTemplate);
    return Verdict::kAnswered;
  }
  return get(connection, std::move(*ask));
}

Verdict PageStage::get(const Connection& connection, PageAsk ask) {
  Services& services = worker_.services;
  services.loops.control().post([this, &services, &loop = worker_.loop, id = connection.id(),
                                 ask = std::move(ask)]() mutable {
    services.pages->get(std::move(ask), [this, &loop, id](PageCache::Page page) {
      loop.post([this, due = Due{id, std::move(page)}]() mutable {
        due_.push_back(std::move(due));
        if (due_.size() == 1) answer_some();
      });
    });
  });
  return Verdict::kPending;
}

void PageStage::answer_some() {
  for (std::size_t i = 0; i < kAnswersATurn && !due_.empty(); ++i) {
    if (Connection* waiting = worker_.find_connection(due_.front().id))
      answer(*waiting, due_.front());
    due_.pop_front();
  }
  if (!due_.empty()) worker_.loop.post([this] { answer_some(); });
}

void PageStage::answer(Connection& connection, const Due& due) {
  Services& services = worker_.services;
  if (due.page == nullptr) {
    reply_refusal(connection, 503, "Too many pages are being made, please try again\r\n",
                  "Retry-After: 1\r\n");
    return;
  }
  if (!*due.page) {
    connection.reply_page(404, kNoTemplate);
    return;
  }
  const RenderedPage& page = **due.page;
  ResponseHead head;
  head.content_type = page.content_type;
  head.extra = header_lines_for(page, services.http.read()->http_headers);
  // Pages are shared, so their links have http and the configured host.  For a reader over https,
  // and in pages of listeners, the links get the reader's own host.
  const auto config = config_of(services, connection);
  const std::string site = site_for(connection, *config), own = own_site(*config);
  if ((!connection.secure() && !page.names_host) || site == own) {
    head.content_length = page.body.size();
    connection.reply_shared(head, {due.page, page.body});
    return;
  }
  connection.reply_whole(std::move(head), with_site(page.body, own, site));
}

namespace {

// The links that SHOUTcast prints, /listen.pls?sid=N, list its numbered streams; nullopt: none.
std::optional<std::string> listed_mount(const Services& services, const Config& config,
                                        const Request& request, const std::string& of) {
  if (of != "/listen" || !query_param(request.query, "sid") ||
      is_shown_stream(services, config, of))
    return of;
  const auto ask = foreign_page_ask(services, "/7.html", request.query);
  return ask ? ask->mount : std::nullopt;
}

void reply_list(Connection& connection, const Config& config, const std::string& mount,
                bool is_m3u) {
  // The address that the station has written wins, as in its other lists.
  const std::string& written = mount_section(config, mount).listenurl;
  const std::string body = !written.empty()
                               ? (is_m3u ? m3u_of : pls_of)({&written, 1})
                               : (is_m3u ? m3u : pls)(host_for(connection, config), mount,
                                                      connection.secure() ? "https" : "http");
  ResponseHead head;
  head.content_type = is_m3u ? kM3uType : kPlsType;
  connection.reply_whole(std::move(head), body);
}

}  // namespace

Verdict file_stage(Worker& worker, Connection& connection) {
  Request& request = connection.request();
  Services& services = worker.services;
  const auto files = services.files.read();
  const auto count = [&services] {
    services.counters.file_connections.fetch_add(1, std::memory_order_relaxed);
  };
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
    count();
    connection.reply_file(std::move(head), std::move(file->fd), file->first, file->length);
    return Verdict::kAnswered;
  }
  const auto config = config_of(services, connection);
  if (const BuiltinFile* built_in = builtin_file("web" + request.path);
      built_in != nullptr && config->fileserve) {
    ResponseHead head;
    head.content_type = builtin_content_type(request.path);
    head.content_length = built_in->bytes.size();
    count();
    connection.reply_shared(head, {nullptr, built_in->bytes});
    return Verdict::kAnswered;
  }
  // A name that is no page and no file may still match a pattern.
  if (const MountSettings& section = section_of(services, connection);
      section.no_mount && !section.name.empty()) {
    connection.reply_text(403, kClosedName);
    return Verdict::kAnswered;
  }
  // Any name has a playlist, as in Icecast: its encoder may come later.
  const auto listed = [&request](std::string_view ending) {
    return request.path.ends_with(ending) && request.path.size() > ending.size() + 1;
  };
  const bool is_m3u = listed(".m3u");
  const std::string of =
      is_m3u || listed(".pls") ? request.path.substr(0, request.path.size() - 4) : std::string();
  if (const auto mount = listed_mount(services, *config, request, of); mount && !of.empty())
    reply_list(connection, *config, *mount, is_m3u);
  else
    connection.reply_page(404, kNoSuchFile);
  return Verdict::kAnswered;
}

}  // namespace lb
