#include "app/services/event_service.h"

#include <cctype>

#include "app/process/mount_hooks.h"
#include "app/services/traffic.h"
#include "base/clock.h"
#include "config/settings/config.h"

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

EventService::EventService(Traffic& traffic)
    : traffic_(traffic),
      stream_(traffic.loops.control(), node_name(*traffic.config.read())),
      webhooks_(traffic) {}

void EventService::publish(std::string type, std::string subject, Details details) {
  std::string account(mount_account(*traffic_.config.read(), subject));
  const ServerEvent& event = stream_.publish(
      {std::move(type), std::move(subject), std::move(details), {}, {}, std::move(account)});
  run_program(event);
  webhooks_.tell(event, node_name(*traffic_.config.read()));
  for (const auto& subscriber : subscribers_) subscriber(event);
}

void EventService::run_program(const ServerEvent& event) {
  const auto config = traffic_.config.read();
  const std::string& program = config->cluster.on_node_event;
  if (program.empty()) return;
  HookEvent hook{program, event.type, "event " + event.type, {}};
  hook.environment.emplace_back("EVENT_TRIGGER", event.type);
  hook.environment.emplace_back("EVENT_SUBJECT", event.subject);
  hook.environment.emplace_back("EVENT_ID", event.id);
  hook.environment.emplace_back("EVENT_TIME", utc_text(event.when, UtcForm::kSecond));
  hook.environment.emplace_back("EVENT_NODE", node_name(*config));
  for (const auto& [name, value] : event.details)
    hook.environment.emplace_back(variable(name), value);
  traffic_.hooks->run(std::move(hook));
}

}  // namespace lb
