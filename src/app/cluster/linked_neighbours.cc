#include "app/cluster/linked_neighbours.h"

#include <algorithm>

#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "cluster/link/master_session.h"
#include "cluster/link/node_session.h"

namespace lb {
namespace {

// "m1.77e0aa01" and "77e0aa01" are the same run of a process.
std::string_view run_of(std::string_view id, std::string_view epoch) noexcept {
  if (epoch.size() > id.size() && epoch.starts_with(id) && epoch[id.size()] == '.')
    epoch.remove_prefix(id.size() + 1);
  return epoch;
}

}  // namespace

bool LinkedNeighbours::joined(const std::string& id, const std::string& epoch, bool& restarted) {
  restarted = false;
  const bool first = linked_.insert(id).second;
  if (!knows_slots(id)) {
    runs_.erase(id);
    return first;
  }
  const std::string run(run_of(id, epoch));
  const auto [before, fresh] = runs_.try_emplace(id, run);
  restarted = !fresh && before->second != run;
  before->second = run;
  return first || restarted;
}

bool LinkedNeighbours::left(const std::string& id) {
  return !was_there(id) && linked_.erase(id) > 0;
}

std::vector<std::string> LinkedNeighbours::gone() const {
  std::vector<std::string> out;
  std::copy_if(linked_.begin(), linked_.end(), std::back_inserter(out),
               [this](const std::string& id) { return !was_there(id); });
  return out;
}

bool LinkedNeighbours::is_master(const std::string& id) const {
  return masters_.session_of(id) != nullptr;
}

bool LinkedNeighbours::is_node(const std::string& id) const {
  return nodes_.session_of(id) != nullptr;
}

bool LinkedNeighbours::knows_slots(const std::string& id) const {
  const NodeSession* const node = nodes_.session_of(id);
  const MasterSession* const master = masters_.linked_session(id);
  return (node != nullptr && node->knows_slots()) || (master != nullptr && master->knows_slots());
}

unsigned LinkedNeighbours::most_listeners(const std::string& id) const {
  const KnownNode* const node = nodes_.known_node(id);
  return node == nullptr ? 0 : node->limits.most.listeners;
}

std::optional<SteadyTime> LinkedNeighbours::was_there(const std::string& id) const {
  std::optional<SteadyTime> at;
  if (const NodeSession* const node = nodes_.session_of(id)) at = node->was_there();
  if (const MasterSession* const master = masters_.linked_session(id))
    at = std::max(at.value_or(SteadyTime{}), master->was_there());
  return at;
}

bool LinkedNeighbours::alone() const { return masters_.empty() && !nodes_.any_configured(); }

template <class Send>
void LinkedNeighbours::on_link(const std::string& id, Send send) {
  if (MasterSession* const master = masters_.linked_session(id))
    send(*master);
  else if (NodeSession* const node = nodes_.session_of(id))
    send(*node);
}

void LinkedNeighbours::send(const std::string& id, const Frame& frame) {
  on_link(id, [&frame](auto& session) { session.send(frame); });
}

void LinkedNeighbours::send_row_frame(const std::string& id, const Frame& frame) {
  on_link(id, [&frame](auto& session) { session.send_rows(frame); });
}

}  // namespace lb
