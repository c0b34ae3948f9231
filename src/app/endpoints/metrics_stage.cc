#include "app/endpoints/metrics_stage.h"

#include <string>

#include "app/operate/metrics_service.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "http/forwarded.h"

namespace lb {
namespace {

constexpr std::string_view kNobody = "none";

bool is_loopback(const Address& address) {
  const std::string ip = address.ip();
  return ip == "::1" || ip.starts_with("127.");
}

// Without a password.
bool may_read(const Services& services, const Config& config, Connection& connection) {
  const std::vector<std::string>& allow = config.metrics.allow;
  if (allow.size() == 1 && allow[0] == kNobody) return false;
  const bool believed = !services.http.read()->trusted_proxies.empty();
  // A believed proxy that named no other client speaks for itself, whatever headers it was given.
  if (was_passed_on(connection.request().headers) && (!believed || is_loopback(connection.peer())))
    return false;
  if (allow.empty()) return is_loopback(connection.peer());
  // Entries that can never match have been named by the configuration's checks.
  return AddressList::parse(allow, [](std::size_t, const std::string&) {})
      .contains(connection.peer());
}

}  // namespace

Verdict MetricsStage::handle(Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  Services& services = worker_.services;
  if (services.mounts.find(kMetricsPath) || services.files.read()->has_file(request.path))
    return Verdict::kNext;
  const auto config = config_of(services, connection);
  if (!may_read(services, *config, connection))
    if (const Verdict verdict = let_in_role(worker_, connection, kMetricsPath);
        verdict != Verdict::kNext)
      return verdict;
  // A client that came in by its address alone has no identity, and sees all of it.
  const std::shared_ptr<const Identity> sender = connection.context().sender.identity;
  services.loops.control().post([&worker = worker_, id = connection.id(), sender] {
    const auto then = [&worker, id](const MetricsService::Text& text) {
      worker.loop.post([&worker, id, text] {
        Connection* waiting = worker.connections.find(id);
        if (waiting == nullptr) return;
        ResponseHead head;
        head.content_type = kMetricsType;
        head.content_length = text->size();
        waiting->reply(head, *text);
      });
    };
    if (sender && sender->has_own_mounts())
      worker.services.metrics->get_own(
          [sender](std::string_view mount) { return sender->owns(mount); }, then);
    else
      worker.services.metrics->get(then);
  });
  return Verdict::kPending;
}

}  // namespace lb
