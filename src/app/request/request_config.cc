#include "app/request/request_config.h"

#include <utility>

#include "app/request/request_context.h"
#include "app/services/runtime.h"
#include "cluster/relay/relay_marks.h"

namespace lb {

const std::shared_ptr<const Config>& config_of(const Runtime& runtime, Connection& connection) {
  RequestContext& context = connection.context();
  if (std::exchange(context.config_round, connection.rounds()) != connection.rounds() ||
      context.config == nullptr) {
    context.config = runtime.config.read();
    context.section = nullptr;
  }
  return context.config;
}

const MountSettings& section_of(const Runtime& runtime, Connection& connection) {
  const Config& config = *config_of(runtime, connection);
  RequestContext& context = connection.context();
  const std::string& path = connection.request().path;
  if (context.section == nullptr || context.section_path != path) {
    context.section = &mount_section(config, path);
    context.section_path = path;
  }
  return *context.section;
}

const MountSettings& section_of(const Runtime& runtime, Connection& connection,
                                std::string_view mount) {
  return mount == connection.request().path ? section_of(runtime, connection)
                                            : mount_section(*config_of(runtime, connection), mount);
}

bool is_server(const Runtime& runtime, Connection& connection) {
  const RequestContext& context = connection.context();
  return context.is_relay || context.is_server ||
         is_relay_request(connection.request().headers, config_of(runtime, connection)->server_id);
}

}  // namespace lb
