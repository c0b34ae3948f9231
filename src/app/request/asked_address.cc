#include "app/request/asked_address.h"

#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"
#include "app/request/request_context.h"
#include "hls/path.h"
#include "hls/session_names.h"

namespace lb {

const std::string& asked_path(Connection& connection) {
  const RequestContext& context = connection.context();
  if (context.past && !context.past->path.empty()) return context.past->path;
  return context.hls ? context.hls->path : connection.request().path;
}

std::string asked_query(Connection& connection) {
  const RequestContext& context = connection.context();
  const std::string& query = connection.request().query;
  if (!context.hls || context.hls->session.empty()) return query;
  return with_session(query, context.hls->by == HlsSessionKind::kToken
                                 ? std::string_view(context.hls->session)
                                 : kHlsNoSession);
}

std::string mount_of_address(const std::string& path) {
  const auto parsed = parse_hls_path(path);
  return parsed ? std::string(parsed->mount) : path;
}

bool is_own_path(std::string_view path) { return path.starts_with("/_lb/"); }

}  // namespace lb
