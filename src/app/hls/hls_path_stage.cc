// hls_path_stage(): see hls_stage.h.
// Source: doc/hls.md.
#include <optional>
#include <utility>

#include "app/hls/hls_replies.h"
#include "app/hls/hls_stage.h"
#include "app/request/hls_ask.h"
#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "app/services/archive_service.h"
#include "app/services/hls_service.h"
#include "app/services/worker.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "hls/session_names.h"
#include "http/static_files.h"

namespace lb {
namespace {

// Takes s= out of a query; nullopt: none.
std::optional<std::string> take_session(std::string& query) {
  std::optional<std::string> found;
  std::string rest;
  for (const std::string_view pair : split(query, '&')) {
    if (!found && pair.starts_with("s=")) {
      found = std::string(pair.substr(2));
      continue;
    }
    if (!rest.empty()) rest += '&';
    rest += pair;
  }
  if (found) query = std::move(rest);
  return found;
}

HlsSessionKind session_kind(const Config& config, const MountSettings& section) {
  return section.authenticator.type.empty() ? config.hls.sessions : HlsSessionKind::kToken;
}

}  // namespace

Verdict hls_path_stage(Worker& worker, Connection& connection) {
  Request& request = connection.request();
  const auto parsed = parse_hls_path(request.path);
  if (!parsed) return Verdict::kNext;
  Network& network = worker.services;
  const auto config = config_of(network, connection);
  std::string mount(parsed->mount);
  const MountSettings& section = section_of(network, connection, mount);
  if (!section.hls || is_template_path(mount)) return Verdict::kNext;
  const auto files = network.files.read();
  if (parsed->of_past() && !has_past(network, section, mount)) return Verdict::kNext;
  if (network.mounts.find(request.path) || files->has_file(request.path) ||
      (!network.mounts.find(mount) && files->has_file(mount)))
    return Verdict::kNext;
  auto ask = std::make_unique<HlsAsk>();
  ask->named = *parsed;
  ask->named.mount = {};
  ask->by = session_kind(*config, section);
  if (const auto given = take_session(request.query)) {
    request.query_was_cut();
    if (ask->by == HlsSessionKind::kToken && is_hls_session_name(*given)) ask->session = *given;
    if (ask->by == HlsSessionKind::kAddress && *given == kHlsNoSession)
      ask->session = crowd_of(connection, request, mount);
    if (ask->by == HlsSessionKind::kNone && *given == kHlsNoSession) ask->session = kHlsNoSession;
  }
  // A list that is fetched once leaves it to its segments to show that the player is there.
  if (ask->by == HlsSessionKind::kAddress && ask->is_segment()) {
    std::string name = crowd_of(connection, request, mount);
    if (network.hls->sessions().knows(name, mount)) ask->session = std::move(name);
  }
  ask->known = ask->by == HlsSessionKind::kNone
                   ? !ask->session.empty()
                   : network.hls->sessions().knows(ask->session, mount);
  if (ask->joins()) ask->listener = network.next_client_id.fetch_add(1, std::memory_order_relaxed);
  ask->path = std::exchange(request.path, std::move(mount));
  connection.context().hls = std::move(ask);
  return Verdict::kNext;
}

}  // namespace lb
