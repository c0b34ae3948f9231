#include "app/access_stage.h"

#include "app/worker.h"

namespace lb {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(10);

AccessPaths access_paths(const Config& config) {
  return {config.paths.deny_ip, config.paths.allow_ip, config.paths.deny_agents};
}

}  // namespace

Verdict AgentStage::handle(Connection& connection) {
  const auto lists = worker_.services.access.lists();
  const std::string_view agent = connection.request().headers.get("user-agent");
  if (!lists->agent_refused(agent)) return Verdict::kNext;
  worker_.services.counters.refused(Refusal::kAgent);
  worker_.services.log.info("connection/connection",
                            connection.ip() + " was refused because of its User-Agent \"" +
                                std::string(agent.substr(0, 70)) + "\"");
  connection.reply_text(403, "Your program is not allowed here");
  return Verdict::kAnswered;
}

AccessWatch::AccessWatch(Services& services)
    : services_(services), timer_(services.loops.control(), [this] { look(); }) {}

void AccessWatch::begin() {
  services_.access.look(access_paths(*services_.config.read()));
  timer_.after(kLookEvery);
}

void AccessWatch::look() {
  services_.loops.clerk().post(
      [this] { services_.access.look(access_paths(*services_.config.read())); });
  timer_.after(kLookEvery);
}

}  // namespace lb
