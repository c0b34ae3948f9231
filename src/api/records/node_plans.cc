#include "api/records/node_plans.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/request/fields.h"
#include "api/request/node_weight.h"
#include "api/request/rights.h"

namespace lb {
namespace {

constexpr std::uint64_t kMaxDrainSeconds = 86'400;

void number_or_null(JsonWriter& json, std::string_view name, std::optional<std::uint64_t> number) {
  json.key(name);
  if (number)
    json.number(*number);
  else
    json.null();
}

void node_text(JsonWriter& json, std::string_view name, const std::string& text) {
  json.key(name);
  if (text.empty())
    json.null();
  else
    json.text(text);
}

void write_node(JsonWriter& json, const PlanContext& context, const NodeNow& node) {
  json.begin_object();
  json.key("id").text(node.id);
  json.key("state").text(node.state);
  if (sees_all(context.who)) {
    json.key("self").boolean(node.self);
    node_text(json, "url", node.url);
    json.key("listeners").number(node.listeners);
    number_or_null(json, "max_listeners", node.max_listeners);
    json.key("kbps").number(node.kbps);
    number_or_null(json, "max_kbps", node.max_kbps);
    json.key("sources").number(node.sources);
    number_or_null(json, "max_sources", node.max_sources);
    json.key("reserved_kbps").number(context.book.reserved_kbps(node.id));
    number_or_null(json, "uptime_s", node.uptime_s);
    node_text(json, "version", node.version);
    json.key("rtt_ms");
    if (node.rtt_ms)
      json.number(*node.rtt_ms);
    else
      json.null();
    json.key("tags").begin_array();
    for (const std::string& tag : node.tags) json.text(tag);
    json.end_array();
    node_text(json, "country", node.country);
    json.key("weight").number(node.weight);
  }
  json.end_object();
}

const NodeNow* node_named(const PlanContext& context) {
  const std::string& id = context.request.names.at(0);
  const auto& nodes = context.world.live->nodes;
  const auto at = std::find_if(nodes.begin(), nodes.end(),
                               [&id](const NodeNow& node) { return node.id == id; });
  return at == nodes.end() ? nullptr : &*at;
}

Planned done(std::string what, const NodeNow& node, std::vector<ApiDeed::Change> changes) {
  Planned plan;
  plan.answer.status = 204;
  plan.deed = ApiDeed{std::move(what), "nodes/" + node.id, std::move(changes)};
  return plan;
}

}  // namespace

Plan list_nodes(const PlanContext& context) {
  const auto page = list_page(context.request);
  if (const auto* problem = std::get_if<Problem>(&page)) return *problem;
  const auto& [after, most] = std::get<ListPage>(page);
  std::map<std::string_view, const NodeNow*> nodes;
  for (const NodeNow& node : context.world.live->nodes) nodes[node.id] = &node;
  JsonWriter json;
  json.begin_object().key("items").begin_array();
  auto at = after.empty() ? nodes.begin() : nodes.upper_bound(after);
  std::string last;
  for (std::size_t shown = 0; at != nodes.end() && shown < most; ++at, ++shown) {
    write_node(json, context, *at->second);
    last = at->first;
  }
  json.end_array();
  if (at != nodes.end()) json.key("next").text(last);
  json.end_object();
  Planned plan;
  plan.answer.body = json.take() + "\n";
  return plan;
}

Plan read_node(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  JsonWriter json;
  write_node(json, context, *node);
  Planned plan;
  plan.answer.body = json.take() + "\n";
  return plan;
}

Plan drain_node_plan(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  std::vector<ProblemFault> faults;
  BodyFields fields(context.request.json, faults);
  ApiOrder order;
  order.kind = ApiOrder::Kind::kDrainNode;
  if (!node->self) order.node = node->id;
  if (!fields.has("on")) fields.fault("on", "it is missing");
  order.drain = fields.boolean("on").value_or(false);
  order.drain_mode = fields.text("mode", 16).value_or("");
  order.drain_seconds = fields.number("time", 1, kMaxDrainSeconds);
  if (!order.drain_mode.empty() && order.drain_mode != "soft" && order.drain_mode != "move" &&
      order.drain_mode != "hard")
    fields.fault("mode", "it is none of soft, move, hard");
  if (!order.drain && (!order.drain_mode.empty() || order.drain_seconds))
    fields.fault("on", "mode and time belong to a drain, and this ends one");
  fields.finish();
  if (!faults.empty()) return invalid(std::move(faults));
  Planned plan = done("drain", *node,
                      {{"drain", std::string(node->state),
                        !order.drain               ? "off"
                        : order.drain_mode.empty() ? "on"
                                                   : order.drain_mode}});
  plan.order = std::move(order);
  return plan;
}

// The record counts at every server of the store; without a store the order holds until the next
// start.
Plan weigh_node(const PlanContext& context) {
  const NodeNow* node = node_named(context);
  if (node == nullptr) return not_found("node", context.request.names.at(0));
  std::vector<ProblemFault> faults;
  BodyFields fields(context.request.json, faults);
  if (!fields.has("weight")) fields.fault("weight", "it is missing");
  const auto wanted = fields.limit("weight", kMaxNodeWeight);
  fields.finish();
  if (!faults.empty()) return invalid(std::move(faults));
  const std::optional<std::uint64_t> weight = *wanted;
  Planned plan = done("weight", *node,
                      {{"weight", std::to_string(node->weight),
                        weight ? std::to_string(*weight) : "as configured"}});
  if (!context.world.has_store) {
    ApiOrder order;
    order.kind = ApiOrder::Kind::kWeighNode;
    order.node = node->id;
    if (weight) order.weight = static_cast<unsigned>(*weight);
    plan.order = std::move(order);
    return plan;
  }
  const std::string key = record_key("weights", node->id);
  const std::uint64_t revision = context.book.revision_of(key);
  if (weight)
    put_record(plan, key, node_weight_json(static_cast<unsigned>(*weight)), revision);
  else if (revision != 0)
    delete_record(plan, key, revision);
  return plan;
}

}  // namespace lb
