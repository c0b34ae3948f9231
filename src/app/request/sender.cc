#include "app/request/sender.h"

#include "app/request/request_config.h"
#include "app/request/request_context.h"
#include "cluster/relay/relay_marks.h"
#include "config/settings/config.h"

namespace lb {

bool is_server(const Runtime& runtime, Connection& connection) {
  const RequestContext& context = connection.context();
  if (context.let_in.is_relay() || context.sender.is_server()) return true;
  const std::string& own = config_of(runtime, connection)->server_id;
  return is_relay_request(connection.request().headers, own);
}

}  // namespace lb
