// console_stage(): the pages of the console, /admin/console and below, and their files, for every
// login that may see something there.
//
// It runs before admin_stage(), and only where both <console> and the API are on; other requests
// pass to the next stages.
#include <string>
#include <utility>

#include "admin/page/console_files.h"
#include "app/audience/audience_service.h"
#include "app/endpoints/stages.h"
#include "app/request/refusals.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/login_service.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/page_headers.h"

namespace lb {
namespace {

std::string_view where_records_are(const Config& config) {
  switch (config.store.type) {
    case StoreType::kFiles:
      return "files";
    case StoreType::kEtcd:
      return "etcd";
    case StoreType::kNone:
      break;
  }
  return config.masters.empty() ? "none" : "masters";
}

}  // namespace

Verdict console_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  Accounts& accounts = worker.services;
  if (!accounts.login->on() || !accounts.login->plan()->api) return Verdict::kNext;
  const auto file = console_file(request.path);
  if (!file) return Verdict::kNext;
  if (request.method != Method::kGet && request.method != Method::kHead) {
    reply_refusal(connection, 405, "This address takes GET, HEAD\r\n", "Allow: GET, HEAD\r\n");
    return Verdict::kAnswered;
  }
  if (const Verdict verdict = let_in_role(worker, connection, kConsolePath);
      verdict != Verdict::kNext)
    return verdict;
  const bool packed = !file->gzip.empty() && takes_gzip(request.headers.get("accept-encoding"));
  std::string body =
      file->is_page
          ? console_page(file->bytes, where_records_are(*config_of(accounts, connection)),
                         accounts.listenings->on(), who_asks(worker, connection).identity->role)
          : std::string(packed ? file->gzip : file->bytes);
  ResponseHead head;
  head.content_type = file->content_type;
  const auto settings = accounts.http.read();
  head.extra = file->is_page ? page_header_lines(PageKind::kConsole, settings->http_headers)
                             : nosniff_line(settings->http_headers);
  if (!file->is_page) head.extra += "Vary: Accept-Encoding\r\n";
  if (packed) head.extra += "Content-Encoding: gzip\r\n";
  connection.reply_whole(std::move(head), std::move(body));
  return Verdict::kAnswered;
}

}  // namespace lb
