// metrics_stage(): /metrics, the numbers for Prometheus (admin/metrics/metrics.h), for the
// administrator and the addresses of <metrics>, by default this machine's.  Operators and owners
// get the samples of their own mounts.
//
// A proxy on this machine makes every client look local.  So a request that was passed on
// (X-Forwarded-For, Forwarded, Via) needs the password, unless <x-forwarded-for> trusts its proxy;
// then the client's own address counts.
// It runs before the limit of clients, so that monitors see a full server too.  A mount or a file
// named /metrics comes first, as in Icecast.
#include <string>

#include "app/endpoints/stages.h"
#include "app/operate/metrics_service.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/request/who_asks.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/forwarded.h"
#include "http/static_files.h"

namespace lb {
namespace {

constexpr std::string_view kNobody = "none";

// Whether the client is a program of this machine.  An address of a PROXY header may be anything.
bool is_local(const Connection& connection) {
  const std::string ip = connection.peer().ip();
  return !connection.socket().settings.proxy_protocol && (ip == "::1" || ip.starts_with("127."));
}

// Whether the address alone is enough.
bool may_read(const Services& services, const Config& config, Connection& connection) {
  const std::vector<std::string>& allow = config.metrics.allow;
  if (allow.size() == 1 && allow[0] == kNobody) return false;
  const bool believed = !services.http.read()->trusted_proxies.empty();
  // A trusted proxy that names no client counts as the client, whatever headers it was given.
  if (was_passed_on(connection.request().headers) && (!believed || is_local(connection)))
    return false;
  if (allow.empty()) return is_local(connection);
  // The configuration's checks have logged entries that can never match.
  return AddressList::parse(allow, [](std::size_t, const std::string&) {})
      .contains(connection.peer());
}

}  // namespace

Verdict metrics_stage(Worker& worker, Connection& connection) {
  const Request& request = connection.request();
  if (request.method != Method::kGet && request.method != Method::kHead) return Verdict::kNext;
  Services& services = worker.services;
  if (services.mounts.find(kMetricsPath) || services.files.read()->has_file(request.path))
    return Verdict::kNext;
  const auto config = config_of(services, connection);
  if (!may_read(services, *config, connection))
    if (const Verdict verdict = let_in_role(worker, connection, kMetricsPath);
        verdict != Verdict::kNext)
      return verdict;
  // A client that was admitted by its address has no identity, and sees all samples.
  const std::shared_ptr<const Identity> sender = connection.context().sender.identity;
  services.loops.control().post([&worker, id = connection.id(), sender] {
    const auto then = [&worker, id](const MetricsService::Text& text) {
      worker.answer(id, [text](Connection& waiting) {
        ResponseHead head;
        head.content_type = kMetricsType;
        waiting.reply_whole(std::move(head), *text);
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
