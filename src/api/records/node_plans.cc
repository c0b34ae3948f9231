#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "api/records/record_plans.h"
#include "api/request/list_page.h"
#include "api/request/live_fields.h"
#include "api/request/node_weight.h"
#include "api/request/order_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"
#include "base/cat.h"

namespace lb {
namespace {

void write_node(JsonWriter& json, const PlanContext& context, const NodeNow& node) {
  NodeNow shown = node;
  shown.reserved_kbps = context.book.reserved_kbps(node.id);
  JsonObject<kNodeFields>::write(json, shown, sees_all(context.who) ? Form::kAnswer : Form::kBrief);
}

const NodeNow* node_named(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto& nodes = context.world.live->nodes;
  const auto at = std::ranges::find_if(nodes, [&id](const NodeNow& node) { return node.id == id; });
  return at == nodes.end() ? nullptr : &*at;
}

constexpr std::size_t kMostNamed = 100;

// Why listeners should not come here, or what is lost meanwhile.
std::vector<std::string> reasons_of(const NodeHealth& health) {
  std::vector<std::string> all;
  if (health.condition == NodeCondition::kStarting)
    all.emplace_back("this server starts, and takes no listeners yet");
  if (health.condition == NodeCondition::kDraining)
    all.push_back(cat({"this server drains (", health.drain, "), and takes no listeners"}));
  if (health.condition == NodeCondition::kFull)
    all.push_back(cat({"this server is full: ", health.listeners, " listeners"}));
  if (!health.certificate.empty())
    all.push_back(cat({"a certificate of this server has ", health.certificate}));
  if (health.archive_paused)
    all.emplace_back("recordings pause: the disk of the archive is full, or fails");
  if (health.log_fails)
    all.emplace_back("lines of the logs are lost: their disk is full, or fails");
  return all;
}

}  // namespace

// A login for some mounts sees of servers only their states.
Plan read_health(const PlanContext& context) {
  const LiveView& live = *context.world.live;
  const NodeHealth& health = live.health;
  const bool whole = sees_all(context.who);
  std::vector<std::string> reasons = whole ? reasons_of(health) : std::vector<std::string>();
  std::map<std::string_view, std::string_view> not_up;
  for (const NodeNow& node : live.nodes)
    if (!node.self && node.state != "up") not_up.emplace(node.id, node.state);
  JsonWriter json;
  json.begin_object().key("node").text(context.world.node);
  json.key("state").text(to_text(health.condition));
  json.key("takes_listeners").boolean(health.takes_listeners());
  if (whole)
    json.key("listeners")
        .number(health.listeners)
        .key("capacity_used")
        .number(std::round(health.use * 1000) / 1000);
  else
    json.key("listeners").null().key("capacity_used").null();
  json.key("nodes").number(live.nodes.size());
  json.key("not_up").begin_array();
  std::size_t named = 0;
  for (const auto& [id, state] : not_up) {
    if (++named > kMostNamed) break;
    json.begin_object().key("id").text(id).key("state").text(state).end_object();
    reasons.push_back(cat({"node ", id, " is ", state}));
  }
  json.end_array().key("more").boolean(not_up.size() > kMostNamed);
  json.key("reasons").texts(reasons).key("version").text(health.version).end_object();
  return answered(json);
}

Plan list_nodes(const PlanContext& context) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  std::map<std::string_view, const NodeNow*> nodes;
  for (const NodeNow& node : context.world.live->nodes) nodes[node.id] = &node;
  PageWriter out(most);
  auto at = after.empty() ? nodes.begin() : nodes.upper_bound(after);
  for (; at != nodes.end() && out.begin_row(at->first); ++at)
    write_node(out.json(), context, *at->second);
  return out.answer();
}

Plan read_node(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  JsonWriter json;
  write_node(json, context, *node);
  return answered(json);
}

Plan drain_node_plan(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  std::vector<JsonFault> faults;
  ObjectReader body(context.request.json, Form::kNew, faults);
  ApiOrder order;
  order.kind = ApiOrder::Kind::kDrainNode;
  if (!node->self) order.node = node->id;
  body.take(kDrainBody, order).finish();
  if (!order.drain && (!order.drain_mode.empty() || order.drain_seconds))
    body.wrong("on", "mode and time belong to a drain, and this ends one");
  if (!faults.empty()) return invalid(std::move(faults));
  Planned plan = done({"drain",
                       "nodes/" + node->id,
                       {{"drain", std::string(node->state),
                         !order.drain               ? "off"
                         : order.drain_mode.empty() ? "on"
                                                    : order.drain_mode}}});
  plan.order = std::move(order);
  return plan;
}

// With a store the weight is a record for all its servers; without one it holds until the next
// start.
Plan weigh_node(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  std::vector<JsonFault> faults;
  ApiOrder order;
  order.kind = ApiOrder::Kind::kWeighNode;
  order.node = node->id;
  ObjectReader(context.request.json, Form::kNew, faults).take(kWeightBody, order).finish();
  if (!faults.empty()) return invalid(std::move(faults));
  const std::optional<unsigned> weight = order.weight;
  Planned plan = done({"weight",
                       "nodes/" + node->id,
                       {{"weight", std::to_string(node->weight),
                         weight ? std::to_string(*weight) : "as configured"}}});
  if (!context.world.has_store) {
    plan.order = std::move(order);
    return plan;
  }
  const std::string key = record_key("weights", node->id);
  const std::uint64_t revision = context.book.revision_of(key);
  if (weight)
    plan.write.put(key, node_weight_json(*weight), revision);
  else if (revision != 0)
    plan.write.remove(key, revision);
  return plan;
}

}  // namespace lb
