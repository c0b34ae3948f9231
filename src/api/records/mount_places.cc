#include "api/records/mount_places.h"

#include <algorithm>
#include <map>
#include <utility>

#include "api/request/record_book.h"
#include "base/cat.h"

namespace lb {
namespace {

std::uint64_t kbps_of(const MountRecord& record) {
  return record.limits.bitrate > 0 ? static_cast<std::uint64_t>(record.limits.bitrate) : kUsualKbps;
}

PlaceWish wish_of(const MountRecord& record) {
  return {record.place, record.mount, kbps_of(record)};
}

Problem no_room(std::string detail, const PlaceWish& wish, const Placed& placed) {
  Problem problem{ProblemName::kNoRoom, std::move(detail)};
  std::vector<std::string> reasons;
  bool known = false;
  for (const PlaceReason& reason : placed.reasons) {
    reasons.push_back(cat({reason.node, ": ", reason.refused}));
    known = known || reason.node == wish.node;
  }
  if (!wish.node.empty() && !known) reasons.push_back(wish.node + ": no such node is linked here");
  problem.lists.emplace_back("nodes", std::move(reasons));
  return problem;
}

// After a move to the backup, the old home becomes the backup.
void give_home(MountRecord& record, const std::string& to) {
  if (record.backup == to) record.backup = record.home;
  record.home = to;
}

}  // namespace

std::vector<std::string> reserved_at(const MountRecord& record) {
  std::vector<std::string> nodes;
  const auto add = [&nodes](const std::string& node) {
    if (!node.empty() && std::find(nodes.begin(), nodes.end(), node) == nodes.end())
      nodes.push_back(node);
  };
  add(record.home);
  add(record.backup);
  if (record.state == RecordState::kMoving) add(record.place.to);
  return nodes;
}

std::vector<PlaceCandidate> candidates(const PlanContext& context, std::string_view but) {
  std::vector<PlaceCandidate> nodes = context.world.nodes;
  std::map<std::string_view, PlaceCandidate*> by_name;
  for (PlaceCandidate& node : nodes) by_name[node.node] = &node;
  const auto reserve = [&by_name](const MountRecord& record, const std::string& node) {
    const auto at = by_name.find(node);
    if (at == by_name.end()) return;
    ++at->second->reserved_mounts;
    at->second->reserved_kbps += kbps_of(record);
    if (!record.place.spread.empty()) at->second->spreads.push_back(record.place.spread);
  };
  for (const auto& [name, row] : context.book.mounts()) {
    if (name == but) continue;
    for (const std::string& node : reserved_at(row->value)) reserve(row->value, node);
  }
  return nodes;
}

std::variant<Placed, Problem> place(const PlanContext& context, const MountRecord& record) {
  PlaceWish wish = wish_of(record);
  auto nodes = candidates(context);
  Placed placed = place_mount(wish, nodes);
  if (placed.node.empty()) return no_room("no node may take mount " + record.mount, wish, placed);
  if (record.place.homes < 2) return placed;
  for (PlaceCandidate& node : nodes)
    if (node.node == placed.node && node.unable.empty()) node.unable = "it is the home";
  wish.node.clear();
  const Placed second = place_mount(wish, nodes);
  if (second.node.empty())
    return no_room("no second node may take mount " + record.mount, wish, second);
  placed.backup = second.node;
  return placed;
}

void note_placed(Planned& plan, const PlanContext& context, const std::string& node) {
  const std::string key = record_key("placed", node);
  std::uint64_t mounts = 1;
  for (const auto& [name, row] : context.book.mounts()) {
    const auto at = reserved_at(row->value);
    mounts += std::find(at.begin(), at.end(), node) != at.end() ? 1 : 0;
  }
  JsonWriter json;
  json.begin_object().key("mounts").number(mounts).end_object();
  plan.write.put(key, json.take(), context.book.revision_of(key));
}

MountRecord moved(MountRecord record) {
  if (record.state != RecordState::kMoving) return record;
  give_home(record, record.place.to);
  record.state = RecordState::kActive;
  record.place.from.clear();
  record.place.to.clear();
  record.place.force_at = 0;
  return record;
}

MountRecord forced(MountRecord record) {
  give_home(record, record.place.to);
  record.place.force_at = 0;
  return record;
}

std::variant<MountRecord, Problem> moving(const PlanContext& context, MountRecord record,
                                          const std::string& to,
                                          std::optional<std::int64_t> force_after) {
  const bool under_way = record.state == RecordState::kMoving;
  if (to == record.home) {
    if (!under_way) return record;
    record.place.to = to;
    return moved(std::move(record));
  }
  const bool same = under_way && record.place.to == to;
  if (!same) {
    PlaceWish wish = wish_of(record);
    wish.node = to;
    const auto nodes = candidates(context, record.mount);
    const auto at = std::find_if(nodes.begin(), nodes.end(),
                                 [&to](const PlaceCandidate& node) { return node.node == to; });
    if (at == nodes.end()) return invalid_at("/to", "no such node is linked here");
    if (const std::string why = refuse_move(wish, *at); !why.empty()) {
      Problem problem{ProblemName::kNoRoom, cat({"mount ", record.mount, " cannot move to ", to})};
      problem.lists.emplace_back("nodes", std::vector<std::string>{cat({to, ": ", why})});
      return problem;
    }
  }
  // No source has to come over, so the move ends at once.
  if (record.state == RecordState::kSuspended || record.has_relay()) {
    give_home(record, to);
    return record;
  }
  record.state = RecordState::kMoving;
  record.place.from = record.home;
  record.place.to = to;
  if (force_after)
    record.place.force_at = unix_seconds(context.now) + *force_after;
  else if (!same)
    record.place.force_at = 0;
  return record;
}

MoveStep next_step(const MountRecord& record, bool arrived, std::int64_t now) {
  if (arrived) return MoveStep::kEnd;
  const std::int64_t at = record.place.force_at;
  return at != 0 && now >= at ? MoveStep::kForce : MoveStep::kWait;
}

}  // namespace lb
