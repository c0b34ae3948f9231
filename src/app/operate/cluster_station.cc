#include "app/operate/cluster_station.h"

#include <algorithm>
#include <set>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/ingest_service.h"
#include "app/cluster/node_links.h"
#include "app/operate/listener_numbers.h"
#include "app/services/services.h"
#include "app/topology/link_orders.h"
#include "app/topology/mount_homes.h"
#include "base/cat.h"
#include "cluster/link/frame.h"
#include "cluster/nodes/audience.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

// Of one order at several nodes and here.
struct Outcomes {
  Station::Then<MoveOutcome> then;
  MoveOutcome sum;
  std::size_t awaited = 1;  // of nodes, and the one here

  void add(std::uint64_t moved, const std::string& why) {
    sum.moved += moved;
    if (!why.empty()) sum.why += (sum.why.empty() ? "" : "; ") + why;
    if (--awaited == 0) then(std::move(sum));
  }
};

}  // namespace

ClusterStation::ClusterStation(Services& services)
    : ServerStation(services),
      services_(services),
      timer_(services.loops.control(), [this] { ask_next(); }) {
  services.listener_numbers = std::make_unique<ListenerNumbers>(services.next_client_id);
}

// For a record's mount: its home, since a relay only passes the stream on.  For any other mount:
// this server if it relays it, as the node takes no orders for it (link_orders.h).
std::string ClusterStation::source_of(const std::string& mount) const {
  const auto here = services_.mounts.find(mount);
  const bool fed = here && here->is_fed();
  if (fed && !here->facts()->relayed) return {};
  const auto config = services_.config.read();
  const MountSettings& section = mount_section(*config, mount);
  for (const IngestService::NodeSource& source : services_.links->ingest().sources_of(mount))
    if (!fed || is_home(section, source.node)) return source.node;
  return {};
}

// An idle relay here cannot carry it out, so the node of the source is asked, which may refuse.
std::string ClusterStation::taker_of(const std::string& mount) const {
  std::string node = source_of(mount);
  const auto here = services_.mounts.find(mount);
  if (!node.empty() || !here || here->phase() != MountPhase::kIdle) return node;
  const auto sources = services_.links->ingest().sources_of(mount);
  return sources.empty() ? node : sources.front().node;
}

std::vector<std::string> ClusterStation::listening_nodes_of(const std::string& mount) const {
  const SteadyTime now = services_.clock.steady();
  return std::as_const(services_.cluster->decider()).with_table([&](const NodeTable& table) {
    const MountNodes* row = table.mount(mount);
    return row == nullptr ? std::vector<std::string>() : listening_nodes(table, *row, now);
  });
}

void ClusterStation::send(const std::string& node, CommandFrame command,
                          UniqueFunction<void(std::string)> then) {
  order(node, std::move(command),
        [node, then = std::move(then)](const ResultFrame& result) mutable {
          then(result.done ? std::string() : cat({"node ", node, ": ", result.why}));
        });
}

void ClusterStation::kick(const std::string& node, CommandFrame command, Then<OrderOutcome> then) {
  send(node, std::move(command), [then = std::move(then)](std::string why) mutable {
    then({why.empty(), std::move(why)});
  });
}

// -- lists ---------------------------------------------------------------------------------------

struct ClusterStation::List {
  std::string mount;
  MountListeners found;
  Then<Result<MountListeners>> then;
  SteadyTime until{};
  std::size_t awaited = 1;  // answers, and one for the query itself
};

void ClusterStation::listeners_of(const std::string& mount, Then<Result<MountListeners>> then) {
  std::vector<std::string> nodes = listening_nodes_of(mount);
  if (nodes.empty()) return ServerStation::listeners_of(mount, std::move(then));
  if (lists_ >= kMaxLists)
    return then(Error::limit(cat({lists_, " lists of listeners are being made: try again"})));
  ++lists_;
  ServerStation::listeners_of(mount, [this, mount, nodes = std::move(nodes),
                                      then = std::move(then)](Result<MountListeners> here) mutable {
    auto list = std::make_shared<List>();
    list->mount = mount;
    if (here) list->found = std::move(*here);
    list->then = std::move(then);
    list->until = services_.loops.control().now() + kPatience;
    for (const std::string& node : nodes) {
      ++list->awaited;
      ask({list, node, 0});
    }
    told(list);
  });
}

void ClusterStation::ask(const Page& page) {
  AskFrame question;
  question.mount = page.list->mount;
  question.after = page.after;
  question.most = kMaxReportedRows;
  services_.links->nodes().ask(
      page.node, std::move(question), [this, page](Result<TellFrame> tell) {
        List& list = *page.list;
        std::uint64_t after = page.after;
        if (tell) {
          for (ListenerRow& row : tell->rows) {
            after = std::max(after, row.id);
            row.node = page.node;
            list.found.rows.push_back(std::move(row));
          }
        }
        // A node that fails at a later page was asked too often, and is asked again.
        const bool more = tell && (tell->more || (!tell->why.empty() && page.after > 0));
        if (more && services_.loops.control().now() < list.until) {
          due_.push_back({page.list, page.node, after});
          if (!timer_.armed()) timer_.after(kPace);
          return;
        }
        if (!tell || more || !tell->why.empty()) list.found.missing.push_back(page.node);
        told(page.list);
      });
}

// Each node is asked for one list at a time.
void ClusterStation::ask_next() {
  std::set<std::string> asked;
  for (Page& page : std::exchange(due_, {})) {
    if (asked.insert(page.node).second)
      ask(page);
    else
      due_.push_back(std::move(page));
  }
  if (!due_.empty() && !timer_.armed()) timer_.after(kPace);
}

void ClusterStation::told(const ListPtr& list) {
  if (--list->awaited > 0) return;
  --lists_;
  std::sort(list->found.missing.begin(), list->found.missing.end());
  services_.listener_numbers->number(list->mount, list->found.rows, list->found.missing,
                                     services_.clock.steady());
  list->then(std::move(list->found));
}

// -- orders --------------------------------------------------------------------------------------

void ClusterStation::kill_listener(const std::string& mount, std::uint64_t id,
                                   Then<OrderOutcome> then) {
  const ListenerNumbers::Place* place = services_.listener_numbers->find(mount, id);
  if (place == nullptr) return ServerStation::kill_listener(mount, id, std::move(then));
  kick(place->node, {.mount = mount, .listener = place->id}, std::move(then));
}

void ClusterStation::kill_source(const std::string& mount, Then<OrderOutcome> then) {
  const std::string node = taker_of(mount);
  if (node.empty()) return ServerStation::kill_source(mount, std::move(then));
  kick(node, {.mount = mount}, std::move(then));
}

void ClusterStation::kill_encoder(const std::string& mount, std::uint64_t id,
                                  Then<OrderOutcome> then) {
  const std::string node = source_of(mount);
  if (node.empty() || id == 0) return ServerStation::kill_encoder(mount, id, std::move(then));
  kick(node, {.mount = mount, .encoder = id}, std::move(then));
}

void ClusterStation::set_fallback(const std::string& mount, const std::string& fallback,
                                  Then<std::string> then) {
  const auto all = std::make_shared<Outcomes>();
  all->then = [then = std::move(then)](MoveOutcome of) mutable { then(std::move(of.why)); };
  std::vector<std::string> nodes = listening_nodes_of(mount);
  if (std::string home = source_of(mount);
      !home.empty() && std::find(nodes.begin(), nodes.end(), home) == nodes.end())
    nodes.push_back(std::move(home));
  for (const std::string& node : nodes) {
    ++all->awaited;
    send(node, {.verb = CommandFrame::Verb::kFallback, .mount = mount, .to = fallback},
         [all](const std::string& why) { all->add(0, why); });
  }
  ServerStation::set_fallback(mount, fallback, [all](const std::string& why) { all->add(0, why); });
}

MoveOffer ClusterStation::move_offer(const std::string& from, const std::string& to) {
  MoveOffer offer = ServerStation::move_offer(from, to);
  offer.listeners += services_.cluster->listeners_elsewhere(from).of(from);
  return offer;
}

void ClusterStation::move_listeners(const std::string& from, const std::string& to,
                                    Then<MoveOutcome> then) {
  const auto all = std::make_shared<Outcomes>();
  all->then = std::move(then);
  for (const std::string& node : listening_nodes_of(from)) {
    ++all->awaited;
    order(node, {.verb = CommandFrame::Verb::kMove, .mount = from, .to = to},
          [node, all](const ResultFrame& result) {
            all->add(result.count, result.done ? "" : cat({"node ", node, ": ", result.why}));
          });
  }
  ServerStation::move_listeners(from, to,
                                [all](const MoveOutcome& here) { all->add(here.moved, here.why); });
}

void ClusterStation::set_title(const std::string& mount, TitleRequest request,
                               Then<TitleOutcome> then) {
  const std::string node = taker_of(mount);
  if (node.empty()) return ServerStation::set_title(mount, std::move(request), std::move(then));
  const auto by = services_.links->ingest().fed_by(mount);
  if (!request.only_from_ip.empty() && (!by || by->source.address != request.only_from_ip))
    return then(TitleVerdict::kRefused);
  if (!request.encoder.empty() && (!by || by->source.user != request.encoder))
    return then(TitleVerdict::kNoSource);
  if (!request.song && !(request.artist && request.title)) return then(TitleVerdict::kDone);
  const auto config = services_.config.read();
  send(node, title_order(mount, request, mount_section(*config, mount).charset),
       [then = std::move(then)](std::string why) mutable {
         if (why.empty()) return then(TitleVerdict::kDone);
         then({TitleVerdict::kAtNode, std::move(why)});
       });
}

}  // namespace lb
