#include "config/mounts/overlay.h"

#include <algorithm>
#include <memory>
#include <set>
#include <unordered_map>
#include <utility>

#include "config/load/filler.h"
#include "config/mounts/record_relay.h"

namespace lb {
namespace {

// No source may feed the mount.
bool is_off(const MountRecord& record) {
  return record.state == RecordState::kSuspended || record.state == RecordState::kDeleting;
}

// The time zones of logins, each read once.
class Zones {
 public:
  void resolve(std::vector<RecordLogin>& logins) {
    for (RecordLogin& login : logins)
      if (!login.hours.empty()) login.clock = find(login.zone);
  }

 private:
  std::shared_ptr<const TimeZone> find(const std::string& name) {
    const auto [at, fresh] = known_.try_emplace(name);
    if (fresh)
      if (auto zone = find_time_zone(name)) at->second = *std::move(zone);
    return at->second;
  }
  std::unordered_map<std::string, std::shared_ptr<const TimeZone>> known_;
};

MountSettings section_of(const Config& parsed, const MountRecord& record, MountOrigin origin,
                         Zones& zones) {
  MountSettings mount = begin_section(parsed.default_mount);
  Filler filler;  // the record was checked when it was read
  filler.fill(kMountBlock, &mount, record.settings, "mount");
  end_section(mount, parsed.default_mount);
  mount.name = record.mount;
  mount.origin = origin;
  mount.suspended = is_off(record);
  if (mount.suspended && !mount.suspended_mount.empty() && mount.suspended_mount != mount.name)
    mount.fallback_mount = mount.suspended_mount;
  mount.logins = record.sources;
  zones.resolve(mount.logins);
  mount.account = record.account;
  mount.archive.since = record.made;
  mount.archive.of_record = true;
  mount.home = record.home;
  if (record.takes_backup()) mount.backup = record.backup;
  if (record.state == RecordState::kMoving) {
    mount.moves_from = record.place.from;
    mount.moves_to = record.place.to;
  }
  // The limit is for all nodes together; max-listeners would apply to each node.
  if (const std::int64_t most = record.limits.listeners;
      most >= 0 && (mount.max_listeners_cluster < 0 || most < mount.max_listeners_cluster))
    mount.max_listeners_cluster = static_cast<int>(std::min<std::int64_t>(most, 10'000'000));
  if (record.limits.over == OverPolicy::kKick) mount.cluster_over = OverPolicy::kKick;
  if (const std::int64_t most = record.limits.storage; most >= 0) {
    mount.archive.storage_bytes = static_cast<std::uint64_t>(most);
    if (most == 0) mount.archive.enabled = false;
  }
  resolve_hls(parsed, mount);
  return mount;
}

// The record in use for a mount.
struct Counting {
  const MountRecord* record = nullptr;  // null: none
  bool is_external = false;

  MountOrigin origin() const {
    return record == nullptr || record->of_master ? MountOrigin::kMaster
           : is_external                          ? MountOrigin::kExternal
                                                  : MountOrigin::kStore;
  }
  bool is_same_record(const Counting& other) const {
    return record == other.record ||
           (record != nullptr && other.record != nullptr && *record == *other.record);
  }
};

Counting counting(const MountLayers& layers, const std::string& name) {
  if (file_section(*layers.file, name) != nullptr) return {};
  if (const auto* stored = layers.store.look_up(name)) return {stored->get(), false};
  const auto* record = layers.external.look_up(name);
  return {record == nullptr ? nullptr : record->get(), true};
}

bool is_file_alone(const MountLayers& layers) {
  return layers.store.empty() && layers.external.empty() && layers.stations.empty();
}

// Applies the records of single mounts to a configuration under construction.
class Layer {
 public:
  Layer(Config& config, PullsHere pulls_here)
      : config_(config), file_(*config.book.layers.file), pulls_here_(pulls_here) {
    for (const RelaySettings& relay : file_.relays) file_relays_.insert(relay.local_mount);
  }

  void put(const std::string& name) {
    MountBook& book = config_.book;
    const Counting now = counting(book.layers, name);
    if (now.record == nullptr)
      book.sections.erase(name);
    else
      book.sections.set(name, std::make_shared<const MountSettings>(
                                  section_of(file_, *now.record, now.origin(), zones_)));
    if (!is_pulled(now)) {
      book.relays.erase(name);
      return;
    }
    RelaySettings relay = record_relay(*now.record, file_.relays_on_demand);
    relay.public_only = now.is_external && !file_.external.private_relays;
    book.relays.set(name, std::make_shared<const RelaySettings>(std::move(relay)));
  }

 private:
  bool is_pulled(const Counting& now) const {
    return now.record != nullptr && now.record->has_relay() && !is_off(*now.record) &&
           !file_relays_.contains(now.record->mount) &&
           (now.is_external || pulls_here_ == nullptr || pulls_here_(file_, *now.record));
  }

  Config& config_;
  const Config& file_;
  const PullsHere pulls_here_;
  std::set<std::string_view> file_relays_;
  Zones zones_;
};

std::set<std::string> changed_names(const MountLayers& before, const MountLayers& now) {
  std::set<std::string> names;
  const auto note = [&](const std::string& name, const auto*, const auto*) { names.insert(name); };
  for_each_change(before.store, now.store, note);
  for_each_change(before.external, now.external, note);
  return names;
}

bool same_authenticator(const MountSettings& a, const MountSettings& b) {
  return a.authenticator.type == b.authenticator.type &&
         a.authenticator.options == b.authenticator.options &&
         (a.sessions_per_user > 0) == (b.sessions_per_user > 0);
}

void compare(const Config& before, const Config& now, OverlayUpdate& update) {
  const MountSettings none;
  for (const std::string& name : update.mounts) {
    const MountSettings* was = named_section(before, name);
    const MountSettings* is = named_section(now, name);
    const MountSettings& old = was == nullptr ? none : *was;
    const MountSettings& next = is == nullptr ? none : *is;
    update.authenticators = update.authenticators || !same_authenticator(old, next);
    update.files =
        update.files || old.intro != next.intro || old.fallback_mount != next.fallback_mount;
  }
  update.relays = std::any_of(update.plan.begin(), update.plan.end(), [](const Change& change) {
    return change.path.starts_with("relay[");
  });
}

void note_naming(MountBook& book, const std::string& mount, const std::string& id, bool names) {
  const auto* known = book.naming.look_up(mount);
  std::set<std::string> ids = known == nullptr ? std::set<std::string>() : **known;
  if (names)
    ids.insert(id);
  else
    ids.erase(id);
  if (ids.empty())
    book.naming.erase(mount);
  else
    book.naming.set(mount, std::make_shared<const std::set<std::string>>(std::move(ids)));
}

void put_station(Config& config, const std::string& id) {
  MountBook& book = config.book;
  const auto* record = book.layers.stations.look_up(id);
  const bool in_file =
      std::ranges::find(config.stations, id, &StationSettings::id) != config.stations.end();
  if (record == nullptr || in_file) {
    book.stations.erase(id);
    return;
  }
  auto station = std::make_shared<StationSettings>(**record);
  std::erase_if(station->mounts, [&](const std::string& mount) {
    return !(*record)->may_show(mount_account(config, mount));
  });
  book.stations.set(id, std::move(station));
}

}  // namespace

MountLayers layers_of(const std::shared_ptr<const Config>& config) {
  MountLayers layers = config->book.layers;
  if (layers.file == nullptr) layers.file = config;
  return layers;
}

std::shared_ptr<const Config> lay_over(MountLayers layers, PullsHere pulls_here) {
  if (is_file_alone(layers)) return layers.file;
  auto config = std::make_shared<Config>(*layers.file);
  config->book.layers = std::move(layers);
  Layer layer(*config, pulls_here);
  for (const auto& [name, record] : config->book.layers.store) layer.put(name);
  for (const auto& [name, record] : config->book.layers.external)
    if (!config->book.layers.store.contains(name)) layer.put(name);
  lay_stations(*config, {}, {});
  return config;
}

OverlayUpdate update_overlay(const std::shared_ptr<const Config>& laid, MountLayers now,
                             PullsHere pulls_here) {
  OverlayUpdate update;
  const MountLayers before = layers_of(laid);
  if (before.file != now.file) {
    update.whole = update.authenticators = update.files = update.relays = true;
    update.config = lay_over(std::move(now), pulls_here);
    update.plan = reload_plan(*laid, *update.config);
    return update;
  }
  if (is_file_alone(now)) {
    update.config = now.file;
    for (const std::string& name : changed_names(before, now))
      if (laid->book.sections.contains(name)) update.mounts.push_back(name);
  } else {
    auto config = std::make_shared<Config>(*laid);
    config->book.layers = now;
    Layer layer(*config, pulls_here);
    const std::set<std::string> changed = changed_names(before, now);
    for (const std::string& name : changed) {
      const Counting was = counting(before, name), is = counting(now, name);
      const bool same = was.is_same_record(is);
      if (same && was.origin() == is.origin()) continue;
      layer.put(name);
      if (!same) update.mounts.push_back(name);
    }
    lay_stations(*config, before.stations, changed);
    update.config = std::move(config);
  }
  update.plan = reload_plan(*laid, *update.config, update.mounts);
  compare(*laid, *update.config, update);
  return update;
}

void lay_stations(Config& config, const StationRecords& before,
                  const std::set<std::string>& mounts) {
  std::set<std::string> due;
  for_each_change(before, config.book.layers.stations,
                  [&](const std::string& id, const auto* was, const auto* is) {
                    due.insert(id);
                    if (was != nullptr)
                      for (const std::string& mount : (*was)->mounts)
                        note_naming(config.book, mount, id, false);
                    if (is != nullptr)
                      for (const std::string& mount : (*is)->mounts)
                        note_naming(config.book, mount, id, true);
                  });
  for (const std::string& mount : mounts)
    if (const auto* naming = config.book.naming.look_up(mount))
      due.insert((*naming)->begin(), (*naming)->end());
  for (const std::string& id : due) put_station(config, id);
}

}  // namespace lb
