// ServerStation: commands about the cluster and the drain of this node.
#include <algorithm>
#include <utility>

#include "admin/command/cluster_sight.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/node_links.h"
#include "app/cluster/slot_service.h"
#include "app/external/external_service.h"
#include "app/pages/station.h"
#include "app/services/login_service.h"
#include "app/services/services.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_load.h"
#include "cluster/link/message_log.h"
#include "cluster/polling/report_intake.h"
#include "config/settings/config.h"

namespace lb {

void ServerStation::node_posted(NodePost post, Then<NodePostAnswer> then) {
  ClusterService& cluster = *services_.cluster;
  if (!late_posts_.possible(services_.loops.control())) post.wall_ms = wall_ms_of(services_.clock);
  auto answer = cluster.reports().take(post, services_.loops.control().now());
  then({answer.status, std::move(answer.text), cluster.facts()->id});
}

void ServerStation::list_polled(ListPoll poll) {
  services_.cluster->reports().polled(poll, services_.loops.control().now());
}

ClusterSight ServerStation::cluster() {
  ClusterService& cluster = *services_.cluster;
  const auto facts = cluster.facts();
  std::map<std::string, SlotBook::Picture, std::less<>> slots;
  for (auto& [mount, picture] : services_.links->slots().pictures())
    slots.emplace(std::move(mount), std::move(picture));
  return {cluster.decider().with_table([](const NodeTable& table) { return table.copy(); }),
          cluster.decider().settings(),
          facts->id,
          facts->redirects,
          services_.loops.control().now(),
          services_.login->on() && services_.login->plan()->hands_over,
          std::move(slots),
          [this](const std::string& mount) { return services_.links->way_here(mount); }};
}

bool ServerStation::is_redirecting() { return services_.cluster->facts()->redirects; }

Explanation ServerStation::explain(const ExplainAsk& ask) {
  ClusterService& cluster = *services_.cluster;
  const auto config = services_.config.read();
  RedirectAsk question;
  question.mount = ask.mount;
  question.scheme = ask.https ? PublicScheme::kHttps : PublicScheme::kHttp;
  question.client = ask.client;
  question.country = services_.countries->country_of(ask.client);
  question.user_agent = ask.user_agent;
  const MountSettings& section = mount_section(*config, ask.mount);
  question.needs = protections_of(section);
  question.tags = section.balance.tags;
  if (const auto at = services_.mounts.find(ask.mount)) question.full_here = free_places(*at) == 0;
  question.direct = cannot_follow(ask.user_agent, config->cluster.no_redirect);
  Explanation out;
  out.country = question.country;
  out.choice = cluster.explain(question, out.trace);
  if (out.choice.kind != Choice::Kind::kRedirect) return out;
  out.origin = cluster.decider().with_table([&](const NodeTable& table) {
    const Node& node = table.node(out.choice.node);
    const NodeAddress* address = node.address_for(question.scheme, family_of(ask.client));
    return address == nullptr ? std::string() : origin_of(*address);
  });
  return out;
}

std::vector<LinkRow> ServerStation::links() { return services_.links->rows(); }

std::vector<IngestSight> ServerStation::ingest_rows() { return services_.links->ingest().rows(); }

std::vector<PassedMessage> ServerStation::messages() {
  std::vector<PassedMessage> out;
  for (const MessageLog::Entry& entry : services_.links->messages().entries())
    out.push_back({entry.message, entry.when});
  return out;
}

Result<void> ServerStation::publish(const std::string& topic, std::string bytes) {
  return services_.links->publish(topic, std::move(bytes));
}

void ServerStation::order(const std::string& node, CommandFrame command, Then<ResultFrame> then) {
  services_.links->nodes().order(
      node, std::move(command), [then = std::move(then)](Result<ResultFrame> result) mutable {
        then(result ? std::move(*result) : ResultFrame{0, false, result.error().what});
      });
}

std::string ServerStation::external_json() {
  return services_.external->numbers().on ? services_.external->json() : std::string();
}

Result<void> ServerStation::confirm_external(const std::string& etag) {
  return services_.external->confirm(etag);
}

Result<void> ServerStation::drain(DrainRequest request) {
  DrainOrder order = configured_drain(services_.config.read()->cluster);
  if (request.mode)
    order.mode = *request.mode;
  else if (order.mode == DrainMode::kOff)
    order.mode = DrainMode::kSoft;  // the default disturbs no listener
  if (request.seconds) order.time = std::chrono::seconds(*request.seconds);
  if (!request.rate.empty()) {
    auto rate = parse_drain_rate(request.rate);
    if (!rate) return Error::invalid("rate= " + rate.error().what);
    order.rate = *rate;
  }
  // After TERM the drain can be hurried, but not cancelled.
  order.then_exit = request.then_exit || services_.drain.picture()->then_exit;
  order.asked_by = request.asked_by;
  services_.drainer->begin(std::move(order));
  return {};
}

Result<void> ServerStation::undrain() {
  if (services_.drainer->cancel()) return {};
  return Error::denied(services_.drain.draining() ? "the process is about to end"
                                                  : "the node does not drain");
}

DrainStatus ServerStation::drain_status() {
  const auto picture = services_.drain.picture();
  DrainStatus status;
  status.listeners = services_.audience();
  if (picture->mode == DrainMode::kOff) return status;
  status.mode = to_text(picture->mode);
  const auto left =
      std::chrono::ceil<std::chrono::seconds>(picture->until - services_.clock.steady());
  status.seconds_left = static_cast<std::uint64_t>(std::max<std::int64_t>(0, left.count()));
  return status;
}

}  // namespace lb
