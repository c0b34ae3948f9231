#include "app/operate/api_sight.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "admin/command/cluster_sight.h"
#include "admin/command/station.h"
#include "api/request/lane_room.h"
#include "api/request/list_page.h"
#include "app/certificates/certificate_orders.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/node_links.h"
#include "app/cluster/title_links.h"
#include "app/services/event_service.h"
#include "app/services/network.h"
#include "app/services/node_health.h"
#include "app/services/tls_pumps.h"
#include "app/topology/cluster_plans.h"
#include "app/topology/country_watch.h"
#include "app/topology/mount_load.h"
#include "base/clock.h"
#include "base/strings.h"
#include "cluster/link/frame.h"
#include "cluster/nodes/audience.h"
#include "cluster/nodes/public_address.h"
#include "config/settings/config.h"
#include "net/tls/tls_keeper.h"

namespace lb {
namespace {

constexpr LaneRoom::Limits kRoom{.inside = 16, .of_customers = 12, .of_lane = 6};

std::optional<std::uint64_t> limit_of(double most) {
  if (most == Node::kNoLimit) return std::nullopt;
  return static_cast<std::uint64_t>(std::llround(std::max(most, 0.0)));
}

std::uint64_t whole_of(double number) {
  return static_cast<std::uint64_t>(std::llround(std::max(number, 0.0)));
}

NodeNow row_of(const Node& node, SteadyTime now) {
  NodeNow row;
  row.id = node.id;
  row.state = state_word(node.state_at(now));
  if (!node.addresses.empty()) row.url = origin_of(node.addresses.front());
  row.listeners = whole_of(node.reported_listeners);
  row.max_listeners = limit_of(node.hard_listeners);
  row.kbps = whole_of(node.reported_kbps);
  row.max_kbps = limit_of(node.hard_kbps);
  row.tags = node.NodeHello::tags;
  if (!node.countries.empty()) row.country = node.countries.front();
  row.weight = node.limits.weight;
  return row;
}

}  // namespace

ApiSight::ApiSight(Network& network)
    : network_(network), room_(std::make_unique<LaneRoom>(kRoom)) {}
ApiSight::~ApiSight() = default;

// The load of a joining node is unknown.
std::string_view state_word(NodeState state) noexcept {
  return word_of<NodeState::kDead>(state, {"suspect", "up", "suspect", "draining", "down"});
}

MountNow ApiSight::mount_now(const std::string& name) const {
  MountNow now;
  if (const auto mount = network_.mounts.find(name)) {
    now.on_air = mount->is_fed();
    now.listeners = audience_at(*mount);
    if (now.on_air) {
      const auto facts = mount->facts();
      now.source = SourceNow{"",
                             facts->login,
                             facts->source_ip,
                             facts->user_agent,
                             unix_seconds(facts->started_wall),
                             mount->shown_kbps()};
      now.title = mount->metadata()->song();
      now.picture_refused = network_.titles.refused_picture(name, now.title);
    }
  }
  // The source at a node feeds this mount; the rate is measured here.
  if (auto by = network_.links->ingest().fed_by(name))
    now.source = SourceNow{
        std::move(by->node),         std::move(by->source.user), std::move(by->source.address),
        std::move(by->source.agent), by->source.since,           now.source ? now.source->kbps : 0};
  if (now.title.empty())
    if (const auto told = network_.links->titles().elsewhere(name)) now.title = told->title;
  const SteadyTime time = network_.clock.steady();
  const RedirectDecider& decider = network_.cluster->decider();
  decider.with_table([&](const NodeTable& table) {
    const MountNodes* row = table.mount(name);
    if (row == nullptr) return;
    now.listeners += audience_of(table, *row).all();
    now.on_air =
        now.on_air || std::ranges::any_of(row->carriers, [&](const Carrier& carrier) {
          return carrier.node != table.self() && carrier.carries && table.carries(carrier, time);
        });
  });
  if (!now.on_air) now.off_air = network_.off_air->of(name);
  return now;
}

// The row has the name that homes of mounts use, not the name of a link.
NodeNow ApiSight::own_row() const {
  const auto config = network_.config.read();
  const auto facts = network_.cluster->facts();
  NodeNow row;
  row.id = node_name(*config);
  row.self = true;
  row.state = network_.drain.draining() ? "draining" : "up";
  if (const auto addresses = own_addresses(*config); !addresses.empty())
    row.url = origin_of(addresses.front());
  const NodeCapacity most = own_capacity(*config, facts->places);
  if (most.listeners > 0) row.max_listeners = most.listeners;
  if (most.kbps > 0) row.max_kbps = whole_of(most.kbps);
  double kbps = 0;
  for (const auto all = network_.mounts.all(); const auto& [name, mount] : *all) {
    if (!is_carried(*mount)) continue;
    row.listeners += audience_at(*mount);
    kbps += audience_at(*mount) * listener_kbps(*mount);
  }
  row.kbps = whole_of(kbps);
  row.sources =
      static_cast<std::uint64_t>(std::max<std::int64_t>(network_.counters.sources.inside(), 0));
  row.max_sources = config->limits.sources;
  row.uptime_s = static_cast<std::uint64_t>(std::max<std::int64_t>(
      0, unix_seconds(network_.clock.wall()) - unix_seconds(network_.started_wall)));
  row.version = LB_VERSION;
  row.tags = config->cluster.tags;
  if (const auto countries = countries_of(config->cluster.countries); !countries.empty())
    row.country = countries.front();
  row.weight = network_.cluster->self_weight();
  const TlsPumps::Picture pumps = network_.pumps->picture();
  row.old_processes = pumps.processes;
  row.old_connections = pumps.connections;
  return row;
}

std::vector<NodeNow> ApiSight::nodes() const {
  std::vector<NodeNow> rows;
  rows.push_back(own_row());
  const ClusterSight sight = network_.station->cluster();
  for (const Node& node : sight.table.nodes())
    if (!node.id.empty() && node.kind != NodeKind::kSelf && node.id != rows.front().id)
      rows.push_back(row_of(node, sight.now));
  // A configured node that has not come since the start.
  const auto facts = network_.cluster->facts();
  for (const KnownNode& known : facts->known.nodes) {
    if (std::ranges::any_of(rows, [&](const auto& row) { return row.id == known.id; })) continue;
    NodeNow row;
    row.id = known.id;
    row.state = "down";
    row.weight = known.limits.weight;
    rows.push_back(std::move(row));
  }
  std::map<std::string, NodeNow*, std::less<>> by_id;
  for (NodeNow& row : rows) by_id[row.id] = &row;
  for (const auto& [mount, sources] : network_.links->ingest().node_sources())
    for (const IngestService::NodeSource& source : sources)
      if (const auto at = by_id.find(source.node); at != by_id.end()) ++at->second->sources;
  std::vector<LinkRow> links;
  network_.links->nodes().add_rows(links);
  for (const LinkRow& link : links) {
    const auto at = by_id.find(link.id);
    if (!link.up || at == by_id.end() || at->second->self) continue;
    at->second->uptime_s = link.seconds;
    at->second->version = link.version;
    if (link.round_trip_us > 0) at->second->rtt_ms = static_cast<double>(link.round_trip_us) / 1000;
  }
  return rows;
}

std::vector<CertificateNow> ApiSight::certificates() const {
  auto orders = network_.certificates->orders();
  const auto add_order = [](CertificateNow& row, const CertificateService::Order& order) {
    row.ordered = true;
    if (!order.under_way) row.next = unix_seconds(order.next_attempt);
    row.failures = order.failures;
    row.failure = order.why;
    row.directory = order.directory;
    row.under_way = order.under_way;
    row.may_be_asked = order.may_be_asked;
    row.staging = order.has_staging;
    if (order.is_shared) row.nodes = order.nodes;
  };
  std::vector<CertificateNow> rows;
  if (const auto context = network_.tls->context())
    for (const TlsContext::Certificate& one : context->certificates()) {
      CertificateNow row;
      for (const std::string_view name : split(one.names, ',')) row.names.emplace_back(trim(name));
      row.issuer = one.issuer;
      row.kind = one.kind;
      row.from = unix_seconds(one.begins);
      row.until = unix_seconds(one.expires);
      const auto order = std::ranges::find(orders, one.file, &CertificateService::Order::file);
      if (order != orders.end()) {
        add_order(row, *order);
        orders.erase(order);
      }
      rows.push_back(std::move(row));
    }
  for (const CertificateService::Order& order : orders) {
    CertificateNow row;
    row.names = order.names;
    add_order(row, order);
    rows.push_back(std::move(row));
  }
  return rows;
}

// The pending part of one query.
struct ApiSight::Listeners {
  std::shared_ptr<LiveView> view;
  std::string lane;
  std::string mount;
  ListenerPlace after;  // only listeners after this one
  std::map<std::string, std::vector<std::string>, std::less<>> paths;  // of the stream, by node
  Then then;
  std::size_t awaited = 1;  // answers, and one for the query itself
  std::string cut;          // the first node, by name, with more rows
};

void ApiSight::check(Look what, const ApiRequest& request, const std::string& lane, Then then) {
  auto view = std::make_shared<LiveView>();
  if (what == Look::kCertificates) {
    view->certificates = certificates();
    return then(std::move(view));
  }
  if (what != Look::kListeners || query_param(request.query, "node")) view->nodes = nodes();
  if (what == Look::kHealth) view->health = node_health(network_);
  if (what == Look::kNodes || what == Look::kHealth) return then(std::move(view));
  if (!room_->enter(lane)) return then(nullptr);
  auto looking = std::make_shared<Listeners>();
  looking->view = std::move(view);
  looking->lane = lane;
  looking->then = std::move(then);
  query_listeners(looking, request);
}

void ApiSight::query_listeners(const std::shared_ptr<Listeners>& looking,
                               const ApiRequest& request) {
  looking->mount = mount_name_of(request.names.at(0));
  std::string only;  // the node of one named listener
  if (request.names.size() > 2) {
    only = request.names[1];
    const std::uint64_t id = parse_u64(request.names[2]).value_or(0);
    looking->after = {only, id == 0 ? 0 : id - 1};
  } else {
    looking->after = parse_listener_place(query_param(request.query, "after").value_or(""))
                         .value_or(ListenerPlace());
  }
  const std::string self = node_name(*network_.config.read());
  // "": all nodes
  const std::string of = only.empty() ? query_param(request.query, "node").value_or("") : only;
  std::vector<std::string> others;
  if (!only.empty() && only != self) others.push_back(only);
  std::vector<std::string> here = network_.links->way_here(looking->mount);
  if (here.empty()) here.emplace_back();
  here.back() = self;
  const SteadyTime time = network_.clock.steady();
  std::as_const(network_.cluster->decider()).with_table([&](const NodeTable& table) {
    const MountNodes* row = table.mount(looking->mount);
    if (row == nullptr || !only.empty()) return;
    for (const Carrier& carrier : row->carriers)
      if (carrier.node != table.self())
        looking->paths[table.node(carrier.node).id] = way_to(table, *row, carrier.node, here);
    others = listening_nodes(table, *row, time);
  });
  here.pop_back();
  looking->paths[self] = std::move(here);
  for (const std::string& node : others)
    if (node >= looking->after.node && (of.empty() || of == node)) ask_node(looking, node);
  if (of.empty() ? self < looking->after.node : of != self) return told(looking);
  const auto page = list_page(request);
  const std::size_t most =
      std::holds_alternative<ListPage>(page) ? std::get<ListPage>(page).most : ListPage().most;
  network_.station->listeners_page(looking->mount,
                                   looking->after.node == self ? looking->after.id : 0, most,
                                   [this, looking, self](ListenerPage own) {
                                     for (ListenerRow& row : own.rows)
                                       add(*looking, self, std::move(row));
                                     if (own.more && (looking->cut.empty() || self < looking->cut))
                                       looking->cut = self;
                                     told(looking);
                                   });
}

void ApiSight::ask_node(const std::shared_ptr<Listeners>& looking, const std::string& node) {
  AskFrame ask;
  ask.mount = looking->mount;
  if (node == looking->after.node) ask.after = looking->after.id;
  ask.most = kMaxReportedRows;
  ++looking->awaited;
  network_.links->nodes().ask(node, std::move(ask),
                              [this, looking, node](const Result<TellFrame>& tell) {
                                if (!tell || !tell->why.empty()) {
                                  looking->view->missing.push_back(node);
                                } else {
                                  for (const ListenerRow& row : tell->rows)
                                    add(*looking, node, row);
                                  if (tell->more && (looking->cut.empty() || node < looking->cut))
                                    looking->cut = node;
                                }
                                told(looking);
                              });
}

void ApiSight::add(Listeners& looking, const std::string& node, ListenerRow told) const {
  ListenerNow row{std::move(told)};
  row.node = node;
  if (const auto from = Address::parse(row.address, 0))
    row.country = network_.countries->country_of(*from);
  if (const auto way = looking.paths.find(node); way != looking.paths.end()) row.path = way->second;
  row.path.push_back(node);
  looking.view->listeners.push_back(std::move(row));
}

// Rows after a cut come with the next page.
void ApiSight::told(const std::shared_ptr<Listeners>& looking) {
  if (--looking->awaited > 0) return;
  room_->leave(looking->lane);
  LiveView& view = *looking->view;
  if (!looking->cut.empty()) {
    view.more = true;
    std::erase_if(view.listeners, [&](const auto& row) { return row.node > looking->cut; });
  }
  std::ranges::sort(view.missing);
  looking->then(std::move(looking->view));
}

}  // namespace lb
