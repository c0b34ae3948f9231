#include "config/load/reload.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"
#include "config/schema/value.h"

namespace lb {
namespace {

constexpr std::string_view kDefaultMount = "mount[default]/";

// The objects of a repeated block by name: the value of the key element, or the position.  A
// repeated name gets a number, so that no object is lost.
std::map<std::string, const void*> by_name(const SchemaElement& row, const void* parent,
                                           std::vector<std::string>& order) {
  const SchemaElement* key =
      row.block->key.empty() ? nullptr : find_element(*row.block, row.block->key, false);
  std::map<std::string, const void*> objects;
  const auto add = [&](const auto& object) {
    const std::string base =
        key == nullptr ? std::to_string(order.size() + 1) : show_value(*key, &object);
    std::string name = base;
    for (int again = 2; !objects.emplace(name, &object).second; ++again) {
      name = cat({base, "#", again});
    }
    order.push_back(name);
  };
  // Includes the sections and relays of records.
  if (row.block == &kMountBlock) {
    for_each_section(*static_cast<const Config*>(parent), add);
  } else if (row.block == &kRelayBlock) {
    for_each_relay(*static_cast<const Config*>(parent), add);
  } else {
    const std::size_t count = row.nest.count(parent);
    for (std::size_t i = 0; i < count; ++i) add(*static_cast<const char*>(row.nest.at(parent, i)));
  }
  return objects;
}

class Planner {
 public:
  void block(const SchemaBlock& block, const void* old, const void* next, const std::string& path) {
    for (const SchemaElement& row : block.elements) {
      if (!has_value(row)) continue;
      const std::string inner = join_path(path, row);
      if (row.kind != ValueKind::kBlock) {
        value(row, old, next, inner);
      } else if (row.nest.many) {
        repeated(row, old, next, inner);
      } else {
        this->block(*row.block, row.nest.at(old, 0), row.nest.at(next, 0), inner);
      }
    }
  }

  std::vector<Change> take() { return std::move(changes_); }

 private:
  void value(const SchemaElement& row, const void* old, const void* next, const std::string& path) {
    if (show_value(row, old) == show_value(row, next)) return;
    changes_.push_back(
        {Change::Kind::kValue, path, show_masked(row, old), show_masked(row, next), row.reload});
  }

  void repeated(const SchemaElement& row, const void* old, const void* next,
                const std::string& path) {
    std::vector<std::string> old_order, next_order;
    const auto before = by_name(row, old, old_order);
    const auto after = by_name(row, next, next_order);
    for (const std::string& name : old_order) {
      const std::string inner = cat({path, "[", escaped(name), "]"});
      const auto match = after.find(name);
      if (match == after.end()) {
        changes_.push_back({Change::Kind::kRemoved, inner, "", "", row.reload});
      } else {
        block(*row.block, before.at(name), match->second, inner);
      }
    }
    for (const std::string& name : next_order) {
      if (before.count(name) != 0) continue;
      changes_.push_back(
          {Change::Kind::kAdded, cat({path, "[", escaped(name), "]"}), "", "", row.reload});
    }
  }

  std::vector<Change> changes_;
};

// A changed value that all mounts inherit is listed once.
void drop_inherited(std::vector<Change>& changes) {
  std::set<std::tuple<std::string, std::string, std::string>> inherited;
  for (const Change& change : changes) {
    if (!change.path.starts_with(kDefaultMount)) continue;
    inherited.emplace(change.path.substr(kDefaultMount.size()), change.from, change.to);
  }
  std::erase_if(changes, [&](const Change& change) {
    if (!change.path.starts_with("mount[") || change.path.starts_with(kDefaultMount)) return false;
    const std::size_t end = change.path.find("]/");
    return end != std::string::npos &&
           inherited.count({change.path.substr(end + 2), change.from, change.to}) != 0;
  });
}

// The root's port is the first socket's, whose change is in the plan and takes effect at once.
void drop_root_port(std::vector<Change>& changes) {
  const auto at = std::ranges::find(changes, "listen-socket[1]/port", &Change::path);
  if (at == changes.end()) return;
  const Change first = *at;
  std::erase_if(changes, [&first](const Change& change) {
    return change.path == "port" && change.from == first.from && change.to == first.to;
  });
}

// The relay in use; null: none.
const RelaySettings* relay_of(const Config& config, const std::string& mount) {
  for (const RelaySettings& relay : config.relays)
    if (relay.local_mount == mount) return &relay;
  const auto* relay = config.book.relays.look_up(mount);
  return relay == nullptr ? nullptr : relay->get();
}

// The changed relays of these mounts.
void relays_of(const Config& old, const Config& next, std::span<const std::string> mounts,
               std::vector<Change>& changes) {
  if (old.book.relays.empty() && next.book.relays.empty()) return;  // the file is the same
  for (const std::string& name : mounts) {
    const RelaySettings *before = relay_of(old, name), *after = relay_of(next, name);
    if (before == after) continue;
    const std::string path = cat({"relay[", escaped(name), "]"});
    if (before == nullptr || after == nullptr) {
      changes.push_back({after != nullptr ? Change::Kind::kAdded : Change::Kind::kRemoved, path, "",
                         "", ReloadClass::kLive});
      continue;
    }
    Planner planner;
    planner.block(kRelayBlock, before, after, path);
    for (Change& change : planner.take()) changes.push_back(std::move(change));
  }
}

}  // namespace

std::vector<Change> reload_plan(const Config& old, const Config& next) {
  Planner planner;
  planner.block(kRootBlock, &old, &next, "");
  std::vector<Change> changes = planner.take();
  drop_inherited(changes);
  drop_root_port(changes);
  // The first directory can be used at once; a change of directories needs a restart.
  const bool was_recording =
      !old.archive.dir.empty() || (records_anything(old) && !archive_directory_of(old).empty());
  for (Change& change : changes)
    if (change.path == "archive/dir" && !was_recording) change.reload = ReloadClass::kLive;
  return changes;
}

std::vector<Change> reload_plan(const Config& old, const Config& next,
                                std::span<const std::string> mounts) {
  std::vector<Change> changes;
  for (const std::string& name : mounts) {
    const MountSettings *before = named_section(old, name), *after = named_section(next, name);
    const std::string path = cat({"mount[", escaped(name), "]"});
    if (before == nullptr && after == nullptr) continue;
    if (before == nullptr || after == nullptr) {
      changes.push_back({before == nullptr ? Change::Kind::kAdded : Change::Kind::kRemoved, path,
                         "", "", ReloadClass::kSource});
      continue;
    }
    Planner planner;
    planner.block(kMountBlock, before, after, path);
    for (Change& change : planner.take()) changes.push_back(std::move(change));
    if (before->suspended != after->suspended)
      changes.push_back({Change::Kind::kValue, path + "/suspended", before->suspended ? "1" : "0",
                         after->suspended ? "1" : "0", ReloadClass::kSource});
    if (before->logins != after->logins)
      changes.push_back({Change::Kind::kValue, path + "/logins", "", "", ReloadClass::kNew});
    if (before->home != after->home)
      changes.push_back(
          {Change::Kind::kValue, path + "/home", before->home, after->home, ReloadClass::kSource});
    if (before->backup != after->backup)
      changes.push_back({Change::Kind::kValue, path + "/backup", before->backup, after->backup,
                         ReloadClass::kSource});
    if (before->moves_to != after->moves_to)
      changes.push_back({Change::Kind::kValue, path + "/moves-to", before->moves_to,
                         after->moves_to, ReloadClass::kLive});
  }
  relays_of(old, next, mounts, changes);
  return changes;
}

std::shared_ptr<const Config> keep_of_start(const Config& old, std::shared_ptr<const Config> next,
                                            std::vector<Change>& changes) {
  std::shared_ptr<Config> kept;
  const auto shown = [](const std::string& text) { return text.empty() ? "(not set)" : text; };
  const auto keep = [&](std::string_view path, auto field) {
    const std::string &before = field(old), &now = field(*next);
    if (before == now) return;
    changes.push_back({Change::Kind::kValue, std::string(path), shown(before), shown(now),
                       ReloadClass::kRestart});
    if (kept == nullptr) kept = std::make_shared<Config>(*next);
    field(*kept) = before;
  };
  const auto id = [](auto& config) -> auto& { return config.cluster.id; };
  const auto state_dir = [](auto& config) -> auto& { return config.paths.state_dir; };
  keep("cluster/id", id);
  keep("paths/state-dir", state_dir);
  return kept == nullptr ? next : kept;
}

std::string_view to_string(ReloadClass reload) {
  return word_of<ReloadClass::kRestart>(
      reload, {"live", "live, running sources too", "for new connections", "needs restart"});
}

std::string to_string(const Change& change) {
  std::string out = change.path + " ";
  switch (change.kind) {
    case Change::Kind::kAdded:
      out += "added";
      break;
    case Change::Kind::kRemoved:
      out += "removed";
      break;
    case Change::Kind::kValue:
      if (change.from == change.to) {  // a password, which is hidden
        out += "changed";
        break;
      }
      out += cat({change.from.empty() ? "(not set)" : escaped(change.from), "→",
                  change.to.empty() ? "(not set)" : escaped(change.to)});
      break;
  }
  return out.append(" ").append(to_string(change.reload));
}

}  // namespace lb
