#include "admin/command/cluster_json.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "admin/command/cluster_sight.h"
#include "admin/page/json_members.h"
#include "base/json.h"
#include "base/strings.h"
#include "cluster/nodes/audience.h"
#include "cluster/nodes/public_address.h"

namespace lb {
namespace {

double seconds_since(SteadyTime then, SteadyTime now) {
  if (then == SteadyTime{}) return -1;
  return std::round(std::chrono::duration<double>(now - then).count() * 1000) / 1000;
}

void write_limit(JsonWriter& json, std::string_view name, double value) {
  number_or_null(json, name, value != Node::kNoLimit, std::round(value));
}

void protections(JsonWriter& json, ProtectionSet set) {
  json.begin_array();
  for (const auto& [name, protection] : kProtectionNames)
    if ((set & static_cast<ProtectionSet>(protection)) != 0) json.text(name);
  json.end_array();
}

void node(JsonWriter& json, const Node& node, std::uint64_t below, SteadyTime now,
          bool takes_session) {
  json.begin_object();
  json.key("id").text(node.id);
  json.key("kind").text(to_text(node.kind));
  json.key("state").text(to_text(node.state_at(now)));
  json.key("why").text(node.why);
  json.key("cannot_pull").text(to_text(node.cannot));
  json.key("state_seconds").number(seconds_since(node.since, now));
  if (takes_session) json.key("takes_sessions").boolean(true);
  json.key("admitted").boolean(node.admitted || node.kind == NodeKind::kSelf);
  json.key("addresses").begin_array();
  for (const NodeAddress& address : node.addresses) json.text(origin_of(address));
  json.end_array();
  json.key("capacity").begin_object();
  write_limit(json, "kbps", node.hard_kbps);
  write_limit(json, "listeners", node.hard_listeners);
  json.key("accepts").number(node.capacity.accepts);
  json.key("weight").number(node.limits.weight);
  json.key("share_kbps").number(std::round(node.share_kbps));
  json.end_object();
  json.key("listeners").number(std::round(node.reported_listeners));
  json.key("below").number(below);
  json.key("kbps").number(std::round(node.reported_kbps));
  json.key("unacknowledged").number(node.unacked.count());
  json.key("estimate_kbps").number(std::round(node.kbps()));
  json.key("utilisation")
      .number(node.share_kbps > 0 ? std::round(node.kbps() / node.share_kbps * 1e4) / 1e4 : 0.0);
  json.key("issued").number(node.issued);
  json.key("arrived").number(node.arrived);
  json.key("relays").number(node.relays);
  json.key("masters").number(static_cast<unsigned>(node.masters));
  json.key("scope").text(node.scope == MountScope::kAll ? "all" : "listed");
  json.key("counts_load").boolean(node.counts_load);
  json.key("interval_ms").number(static_cast<std::int64_t>(node.every.count()));
  json.key("report_age_seconds").number(seconds_since(node.last_report, now));
  json.key("loop_ms").number(node.loop_ms);
  number_or_null(json, "clock_skew_ms", node.clock_skew.has_value(),
                 std::int64_t{node.clock_skew.value_or(std::chrono::milliseconds{}).count()});
  json.key("tags").texts(node.NodeHello::tags);
  json.key("countries").texts(node.countries);
  json.end_object();
}

// Operators with only some mounts see a node's existence and state.
Node without_details(const Node& from) {
  Node shown = from;
  const Node empty;
  shown.why.clear();
  shown.addresses.clear();
  shown.hard_kbps = shown.hard_listeners = Node::kNoLimit;
  shown.capacity = empty.capacity;
  shown.share_kbps = shown.reported_listeners = shown.reported_kbps = shown.counted_kbps = 0;
  shown.unacked = empty.unacked;
  shown.issued = shown.arrived = 0;
  shown.relays = empty.relays;
  shown.NodeHello::tags.clear();
  shown.countries.clear();
  return shown;
}

void slots(JsonWriter& json, const SlotBook::Picture& picture) {
  json.key("slots").begin_object();
  // Null: another node has the limit.
  number_or_null(json, "limit", picture.limit != SlotBook::kNoLimit, std::int64_t{picture.limit});
  json.key("used").number(std::int64_t{picture.used});
  json.key("idle").number(std::int64_t{picture.idle});
  json.key("given").number(std::int64_t{picture.given});
  json.key("held").number(std::int64_t{picture.held});
  json.key("from").text(picture.parent);
  json.end_object();
}

void mount(JsonWriter& json, const MountNodes& row, const ClusterSight& sight) {
  json.begin_object();
  json.key("mount").text(row.mount);
  json.key("kbps").number(std::round(row.kbps));
  json.key("listeners").number(sight.table.mount_listeners(row.mount));
  json.key("below").number(audience_of(sight.table, row).below);
  if (const auto limited = sight.slots.find(row.mount); limited != sight.slots.end())
    slots(json, limited->second);
  std::vector<std::string> here;
  if (sight.way_here) here = sight.way_here(row.mount);
  if (here.empty()) here.push_back(sight.id);
  json.key("carriers").begin_array();
  for (const Carrier& carrier : row.carriers) {
    if (!sight.table.carries(carrier, sight.now)) continue;
    json.begin_object();
    json.key("node").text(sight.table.node(carrier.node).id);
    json.key("listeners").number(carrier.listeners);
    const Behind* behind = row.behind_of(carrier.node);
    json.key("below").number(behind == nullptr ? 0U : behind->below);
    json.key("redirected").number(carrier.recent);
    json.key("reported").boolean(carrier.carries);
    std::vector<std::string> way = here;
    if (carrier.node == sight.table.self())
      way.pop_back();
    else
      way = way_to(sight.table, row, carrier.node, here);
    json.key("from").texts(way);
    if (carrier.limited()) json.key("free").number(carrier.free);
    json.end_object();
  }
  json.end_array();
  json.key("cannot_pull").begin_array();
  for (const Carrier& carrier : row.carriers) {
    if (carrier.cannot == PullFault::kNone) continue;
    json.begin_object();
    json.key("node").text(sight.table.node(carrier.node).id);
    json.key("why").text(to_text(carrier.cannot));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

std::string_view to_text(Choice::Kind kind) {
  return word_of<Choice::Kind::kRefuse>(kind, {"redirect", "serve", "hold", "refuse"});
}

}  // namespace

bool takes_sessions(const Node& node) noexcept { return node.kind == NodeKind::kLink; }

std::string cluster_json(const ClusterSight& sight,
                         const std::function<bool(std::string_view)>& owns, std::string_view only) {
  JsonWriter json;
  json.begin_object();
  json.key("id").text(sight.id);
  json.key("redirects").boolean(sight.redirects);
  json.key("max_redirect_slaves").number(sight.settings.max_redirect_slaves);
  json.key("policy").text(policy_row(sight.settings.rules.policy).name);
  json.key("affinity").boolean(sight.settings.rules.affinity);
  json.key("holding").boolean(sight.redirects && sight.now < sight.table.hold_until());
  json.key("listeners").number(owns ? 0 : sight.table.listeners());
  json.key("below").number(owns ? 0 : listeners_below(sight.table));
  auto rows = sight.table.mounts();
  std::vector<std::uint64_t> below(sight.table.nodes().size());  // by slot, as each node reports
  for (const MountNodes* row : rows)
    for (const Behind& behind : row->behind) below[behind.node] += behind.below;
  json.key("nodes").begin_array();
  for (std::size_t slot = 0; slot < below.size(); ++slot)
    if (const Node& one = sight.table.nodes()[slot]; !one.id.empty())
      node(json, owns ? without_details(one) : one, owns ? 0 : below[slot], sight.now,
           sight.hands_over && takes_sessions(one) && !one.addresses.empty());
  json.end_array();
  json.key("mounts").begin_array();
  std::sort(rows.begin(), rows.end(),
            [](const MountNodes* a, const MountNodes* b) { return a->mount < b->mount; });
  for (const MountNodes* row : rows)
    if ((only.empty() || row->mount == only) && (!owns || owns(row->mount)))
      mount(json, *row, sight);
  json.end_array();
  json.end_object();
  return json.take();
}

std::string explanation_json(const ClusterSight& sight, const ExplainAsk& ask,
                             const Explanation& explanation) {
  const Choice& choice = explanation.choice;
  const PickTrace& trace = explanation.trace;
  JsonWriter json;
  json.begin_object();
  json.key("mount").text(ask.mount);
  json.key("scheme").text(ask.https ? "https" : "http");
  json.key("client").text(ask.client.ip());
  json.key("country").text(explanation.country);
  json.key("user_agent").text(ask.user_agent);
  json.key("redirects").boolean(sight.redirects);
  json.key("answer").text(to_text(choice.kind));
  json.key("reason").text(to_text(choice.reason));
  json.key("node").text(choice.node == kNoNode ? "" : sight.table.node(choice.node).id);
  json.key("origin").text(explanation.origin);
  json.key("kbps").number(choice.kbps);
  json.key("policy").text(trace.policy);
  json.key("affinity").boolean(trace.affinity);
  json.key("mean_utilisation").number(trace.mean_utilisation);
  json.key("bound").number(trace.bound);
  json.key("draw").begin_array();
  for (const PickTrace::Row& row : trace.rows) {
    if (row.out == OutReason::kFree) continue;
    const Node& node = sight.table.node(row.node);
    json.begin_object();
    json.key("node").text(node.id);
    json.key("candidate").boolean(row.out == OutReason::kIn);
    json.key("out").text(row.out == OutReason::kIn ? "" : to_text(row.out));
    json.key("why").text(describe(row.cannot));
    json.key("carries").boolean(row.carries);
    json.key("utilisation").number(row.utilisation);
    json.key("room_kbps").number(row.room_kbps);
    json.key("chosen").boolean(row.chosen);
    json.key("enforces");
    protections(json, node.enforces);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return json.take();
}

}  // namespace lb
