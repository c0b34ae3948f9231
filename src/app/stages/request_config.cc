#include "app/stages/request_config.h"

#include <utility>

#include "app/services/services.h"
#include "app/stages/request_context.h"

namespace lb {

std::shared_ptr<const Config> config_of(const Services& services, Connection& connection) {
  RequestContext& context = connection.context();
  if (std::exchange(context.config_round, connection.rounds()) != connection.rounds() ||
      context.config == nullptr)
    context.config = services.config.read();
  return context.config;
}

}  // namespace lb
