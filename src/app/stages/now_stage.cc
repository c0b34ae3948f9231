#include "app/stages/now_stage.h"

#include "app/services/worker.h"
#include "app/station/now_pages.h"

namespace lb {

Verdict NowStage::handle(Connection& connection) {
  const Request& request = connection.request();
  Services& services = worker_.services;
  if (!is_now_path(request.path) ||
      (request.method != Method::kGet && request.method != Method::kHead))
    return Verdict::kNext;
  if (!request.path.starts_with("/api/v1/") &&
      (services.mounts.find(request.path) || services.files.read()->has_file(request.path)))
    return Verdict::kNext;
  auto ask = now_page_ask(services, request.path, request.query);
  if (const auto* fault = std::get_if<NowFault>(&ask)) {
    connection.reply_text(fault->status, fault->text);
    return Verdict::kAnswered;
  }
  return get(connection, std::get<PageAsk>(std::move(ask)));
}

}  // namespace lb
