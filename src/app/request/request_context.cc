#include "app/request/request_context.h"

#include "app/request/hls_ask.h"
#include "app/request/past_ask.h"
#include "app/request/request_config.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"

namespace lb {

RequestContext::RequestContext() = default;
RequestContext::~RequestContext() = default;

ShiftedStart* RequestContext::shifted() const {
  return past ? std::get_if<ShiftedStart>(&past->begins) : nullptr;
}

const StreamAddress* RequestContext::resumes() const {
  return past ? std::get_if<StreamAddress>(&past->begins) : nullptr;
}

RequestContextPtr make_request_context() {
  return {new RequestContext, [](RequestContext* context) { delete context; }};
}

bool is_server(const Runtime& runtime, Connection& connection) {
  const RequestContext& context = connection.context();
  if (context.let_in.is_relay() || context.sender.is_server()) return true;
  const std::string& own = config_of(runtime, connection)->server_id;
  return is_relay_request(connection.request().headers, own);
}

}  // namespace lb
