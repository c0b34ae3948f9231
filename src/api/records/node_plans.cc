#include <algorithm>
#include <map>
#include <utility>

#include "api/records/record_plans.h"
#include "api/request/list_page.h"
#include "api/request/live_fields.h"
#include "api/request/node_weight.h"
#include "api/request/order_fields.h"
#include "api/request/record_book.h"
#include "api/request/rights.h"

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

}  // namespace

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
