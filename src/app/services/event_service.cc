#include "app/services/event_service.h"

#include <cctype>

namespace lb {
namespace {

// "mount-type" → "EVENT_MOUNT_TYPE"
std::string variable(std::string_view name) {
  std::string text = "EVENT_";
  for (const char c : name)
    text += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::string node_name(const Config& config) {
  return config.cluster.id.empty() ? config.hostname : config.cluster.id;
}

EventService::EventService(Services& services)
    : services_(services),
      stream_(services.loops.control(), node_name(*services.config.read())),
      webhooks_(services) {}

void EventService::publish(std::string type, std::string subject, Details details) {
  std::string account(mount_account(*services_.config.read(), subject));
  const ServerEvent& event = stream_.publish(
      {std::move(type), std::move(subject), std::move(details), {}, {}, std::move(account)});
  run_program(event);
  webhooks_.tell(event, node_name(*services_.config.read()));
  for (const auto& subscriber : subscribers_) subscriber(event);
}

void EventService::run_program(const ServerEvent& event) {
  const auto config = services_.config.read();
  const std::string& program = config->cluster.on_node_event;
  if (program.empty()) return;
  HookEvent hook{program, event.type, "event " + event.type, {}};
  hook.environment.emplace_back("EVENT_TRIGGER", event.type);
  hook.environment.emplace_back("EVENT_SUBJECT", event.subject);
  hook.environment.emplace_back("EVENT_ID", event.id);
  hook.environment.emplace_back("EVENT_TIME", event_time(event.when));
  hook.environment.emplace_back("EVENT_NODE", node_name(*config));
  for (const auto& [name, value] : event.details)
    hook.environment.emplace_back(variable(name), value);
  services_.hooks.run(std::move(hook));
}

}  // namespace lb
