#include "config/overlay.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/filler.h"
#include "config/record_relay.h"

namespace lb {
namespace {

using ByName = std::unordered_map<std::string_view, const MountRecord*>;

// Those that count: a record of the store hides an external one, the file hides both.
ByName those_that_count(const Config& parsed, const MountRecords& records,
                        const MountRecords& external) {
  ByName all;
  all.reserve(records.size() + external.size());
  for (const MountRecords* list : {&records, &external})
    for (const MountRecord& record : *list)
      if (!is_in_file(parsed, record.mount)) all.try_emplace(record.mount, &record);
  return all;
}

// No source may feed it.
bool is_off(const MountRecord& record) {
  return record.state == RecordState::kSuspended || record.state == RecordState::kDeleting;
}

// The zones of the hours of logins, each read once.
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
  Filler filler;  // the record was judged when it was read
  filler.fill(kMountBlock, &mount, record.settings, "mount");
  mount.name = record.mount;
  mount.origin = origin;
  mount.suspended = is_off(record);
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
  // Of all nodes together; max-listeners would be a rule that each of them has to have itself.
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

const MountSettings* named_section(const Config& config, std::string_view name) {
  const auto at = config.mount_index->find_name(name);
  return at ? &config.mounts[*at] : nullptr;
}

// What is pulled for the mounts of records, behind the relays of the file.
void add_relays(Config& config, const Config& parsed, const MountRecords& list, bool public_only,
                const ByName& all) {
  std::unordered_set<std::string_view> in_file;
  for (const RelaySettings& relay : parsed.relays) in_file.insert(relay.local_mount);
  for (const MountRecord& record : list) {
    const auto at = all.find(record.mount);
    if (!record.has_relay() || at == all.end() || at->second != &record) continue;
    if (is_off(record) || in_file.contains(record.mount)) continue;
    config.relays.push_back(record_relay(record, parsed.relays_on_demand));
    config.relays.back().public_only = public_only;
  }
}

// laid: has sections of the records that `same` names; null: none.
std::shared_ptr<const Config> lay(const std::shared_ptr<const Config>& parsed,
                                  const MountRecords& records, const MountRecords& external,
                                  const Config* laid, const std::vector<std::string>& changed) {
  if (records.empty() && external.empty()) return parsed;
  const ByName all = those_that_count(*parsed, records, external);
  auto config = std::make_shared<Config>(*parsed);
  SharedList<MountSettings>& sections = config->mounts;
  sections.clear();
  sections.reserve(all.size() + parsed->mounts.size());
  Zones zones;
  const auto add = [&](const MountRecords& list, MountOrigin origin) {
    for (const MountRecord& record : list) {
      const auto at = all.find(record.mount);
      if (at == all.end() || at->second != &record) continue;
      const MountOrigin from = record.of_master ? MountOrigin::kMaster : origin;
      std::optional<std::size_t> same;
      if (laid != nullptr && !std::binary_search(changed.begin(), changed.end(), record.mount))
        same = laid->mount_index->find_name(record.mount);
      if (same && laid->mounts[*same].origin == from)
        sections.push_shared(laid->mounts.shared(*same));
      else
        sections.push_back(section_of(*parsed, record, from, zones));
    }
  };
  add(records, MountOrigin::kStore);
  add(external, MountOrigin::kExternal);
  sections.append(parsed->mounts);
  config->mount_index = std::make_shared<const MountIndex>(config->mounts);
  add_relays(*config, *parsed, records, false, all);
  add_relays(*config, *parsed, external, !parsed->external.private_relays, all);
  return config;
}

// One record in the place of another.
struct Replaced {
  const MountRecord* was;
  const MountRecord* is;
};

// Where nothing but values of records differs; else nullopt.
std::optional<std::vector<Replaced>> replaced(const OverlayParts& before, const OverlayParts& now) {
  const MountRecords &old = *before.records, &next = *now.records;
  if (before.external != now.external || old.size() != next.size()) return std::nullopt;
  std::vector<Replaced> rows;
  for (std::size_t i = 0; i < old.size(); ++i) {
    if (old.shared(i) == next.shared(i)) continue;
    if (old[i].mount != next[i].mount) return std::nullopt;
    if (!(old[i] == next[i]) && !is_in_file(*now.parsed, next[i].mount))
      rows.push_back({&old[i], &next[i]});
  }
  return rows;
}

// `laid` with other sections in the same places.  Null: more than that has changed.
std::shared_ptr<const Config> lay_in_place(const Config& parsed, const Config& laid,
                                           const std::vector<Replaced>& rows) {
  auto config = std::make_shared<Config>(laid);
  Zones zones;
  for (const auto& [was, is] : rows) {
    if (was->has_relay() || is->has_relay() || was->of_master != is->of_master) return nullptr;
    const auto at = laid.mount_index->find_name(is->mount);
    if (!at) return nullptr;
    const MountOrigin origin = is->of_master ? MountOrigin::kMaster : MountOrigin::kStore;
    if (std::as_const(laid).mounts[*at].origin != origin) return nullptr;
    config->mounts.set_shared(
        *at, std::make_shared<const MountSettings>(section_of(parsed, *is, origin, zones)));
  }
  return config;
}

std::vector<std::string> changed_names(const OverlayParts& before, const OverlayParts& now) {
  const ByName old = those_that_count(*before.parsed, *before.records, *before.external);
  const ByName next = those_that_count(*now.parsed, *now.records, *now.external);
  std::vector<std::string> names;
  for (const auto& [name, record] : next) {
    const auto at = old.find(name);
    if (at == old.end() || (at->second != record && *at->second != *record))
      names.emplace_back(name);
  }
  for (const auto& [name, record] : old)
    if (!next.contains(name)) names.emplace_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

bool same_authenticator(const MountSettings& a, const MountSettings& b) {
  return a.authenticator.type == b.authenticator.type &&
         a.authenticator.options == b.authenticator.options &&
         (a.sessions_per_user > 0) == (b.sessions_per_user > 0);
}

}  // namespace

bool is_in_file(const Config& parsed, std::string_view mount) {
  return parsed.mount_index != nullptr && parsed.mount_index->find_name(mount).has_value();
}

std::shared_ptr<const Config> lay_over(const std::shared_ptr<const Config>& parsed,
                                       const MountRecords& records, const MountRecords& external) {
  return lay(parsed, records, external, nullptr, {});
}

OverlayUpdate update_overlay(const OverlayParts& before, const std::shared_ptr<const Config>& laid,
                             OverlayParts now) {
  OverlayUpdate update;
  update.whole = before.parsed != now.parsed;
  if (update.whole) {
    update.config = lay_over(now.parsed, *now.records, *now.external);
    update.plan = reload_plan(*laid, *update.config);
    update.authenticators = update.files = update.relays = true;
  } else {
    const auto rows = replaced(before, now);
    if (rows) {
      for (const Replaced& row : *rows) update.mounts.push_back(row.is->mount);
      std::sort(update.mounts.begin(), update.mounts.end());
      if (!rows->empty()) update.config = lay_in_place(*now.parsed, *laid, *rows);
    } else {
      update.mounts = changed_names(before, now);
    }
    if (update.mounts.empty())
      update.config = laid;
    else if (update.config == nullptr)
      update.config = lay(now.parsed, *now.records, *now.external, laid.get(), update.mounts);
    update.plan = reload_plan(*laid, *update.config, update.mounts);
    update.relays = std::any_of(update.plan.begin(), update.plan.end(), [](const Change& change) {
      return change.path.starts_with("relay[");
    });
    const MountSettings none;
    for (const std::string& name : update.mounts) {
      const MountSettings* before_it = named_section(*laid, name);
      const MountSettings* after_it = named_section(*update.config, name);
      const MountSettings& old = before_it == nullptr ? none : *before_it;
      const MountSettings& next = after_it == nullptr ? none : *after_it;
      update.authenticators = update.authenticators || !same_authenticator(old, next);
      update.files =
          update.files || old.intro != next.intro || old.fallback_mount != next.fallback_mount;
    }
  }
  update.parts = std::move(now);
  return update;
}

}  // namespace lb
