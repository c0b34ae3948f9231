#include "app/pages/heard_titles.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "app/audience/audience_service.h"
#include "app/cluster/relay_service.h"
#include "app/pages/now_sight.h"
#include "app/services/network.h"
#include "base/strings.h"
#include "config/settings/config.h"
#include "stream/source/source_facts.h"

namespace lb {

// If masters have the database, the source's server tells the titles.
bool HeardTitles::tells(const std::string& mount, bool relayed) const {
  return !relayed || network_.relays->captures_own(mount) || !network_.listenings->sends_up();
}

void HeardTitles::tell(const std::string& name, const std::string& title, WallTime at) {
  const auto config = network_.config.read();
  const auto row = told_.find(name);
  const bool had_one = row != told_.end() && !row->second.title.empty();
  if (!title.empty() && !had_one) note(*config, name);
  if (title.empty() && had_one && named_section(*config, name) == nullptr) note(name, "");
  if (!title.empty() || falls_back_.contains(name))
    told_.insert_or_assign(name, Told{title, at});
  else
    told_.erase(name);
  if (had_one || !title.empty()) network_.listenings->title(name, title, at);
}

void HeardTitles::titled(const std::string& mount, bool relayed, const std::string& title,
                         WallTime at) {
  if (!network_.listenings->on()) return;
  if (tells(mount, relayed)) tell(mount, title, at);
  see_fallbacks(mount, at);
}

void HeardTitles::begun(const Mount& mount) {
  if (!network_.listenings->on()) return;
  const WallTime now = network_.clock.wall();
  // That of its fallback.  A relay that goes on has a title of its own.
  if (mount.metadata()->song().empty()) tell(mount.name(), "", now);
  see_fallbacks(mount.name(), now);
}

void HeardTitles::taken_over(const Mount& mount) {
  const std::string song = mount.metadata()->song();
  if (network_.listenings->on() && !song.empty() && tells(mount.name(), mount.facts()->relayed))
    if (told_.insert_or_assign(mount.name(), Told{song, {}}).second)
      note(*network_.config.read(), mount.name());
}

void HeardTitles::ended(const Mount& mount) {
  if (!network_.listenings->on()) return;
  const WallTime now = network_.clock.wall();
  const std::string& name = mount.name();
  // The stream of a relay within the cluster goes on, and its source's server tells its end.
  if (!mount.facts()->relayed || network_.relays->is_configured(name))
    tell(name, of_fallback(*network_.config.read(), name), now);
  else
    told_.erase(name);
  see_fallbacks(name, now);
}

// The title of the fallback that is heard under this name; "": none.
std::string HeardTitles::of_fallback(const Config& config, const std::string& name) const {
  if (network_.relays->fed_elsewhere(name)) return {};
  const auto heard = heard_instead(network_, config, name);
  if (!heard || heard->phase() != MountPhase::kRunning || heard->facts()->from_file ||
      !tells(heard->name(), heard->facts()->relayed))
    return {};
  return heard->metadata()->song();
}

void HeardTitles::configure(const Config& config) {
  falls_back_.clear();
  behind_.clear();
  if (!config.audience.enabled) return;
  for_each_section(config, [&](const MountSettings& section) { note(section); });
  for (const auto& [name, title] : told_) note(config, name);
}

void HeardTitles::resume() {
  const auto config = network_.config.read();
  for (const auto& [name, fallback] : falls_back_)
    if (std::string title = told_.contains(name) ? "" : of_fallback(*config, name); !title.empty())
      told_.emplace(name, Told{std::move(title), {}});
}

void HeardTitles::changed(const Config& config, const std::string& name) {
  if (config.audience.enabled) note(config, name);
  // Of a deleted mount nothing is told any more.
  if (const auto row = told_.find(name);
      row != told_.end() && row->second.title.empty() && named_section(config, name) == nullptr)
    told_.erase(row);
}

void HeardTitles::note(const MountSettings& section) {
  // Names with patterns stand for any number of mounts; those that had a title are in told_.
  if (!is_glob(section.name)) note(section.name, section.fallback_mount);
}

void HeardTitles::note(const Config& config, const std::string& name) {
  note(name, mount_section(config, name).fallback_mount);
}

void HeardTitles::note(const std::string& name, const std::string& fallback) {
  const auto known = falls_back_.find(name);
  if (known != falls_back_.end()) {
    if (known->second == fallback) return;
    if (const auto at = behind_.find(known->second); at != behind_.end()) {
      at->second.erase(name);
      if (at->second.empty()) behind_.erase(at);
    }
    falls_back_.erase(known);
  }
  if (fallback.empty()) return;
  behind_[fallback].insert(name);
  falls_back_.emplace(name, fallback);
}

void HeardTitles::see_fallbacks(const std::string& changed, WallTime at) {
  const auto config = network_.config.read();
  std::vector<std::string> heard_at{changed};
  std::set<std::string> seen{changed};
  for (std::size_t i = 0; i < heard_at.size() && seen.size() <= kMaxNames; ++i) {
    const auto behind = behind_.find(heard_at[i]);
    if (behind == behind_.end()) continue;
    for (const std::string& name : behind->second) {
      const auto mount = network_.mounts.find(name);
      const bool runs = mount && mount->phase() == MountPhase::kRunning;
      if (seen.size() > kMaxNames || !seen.insert(name).second || runs) continue;
      heard_at.push_back(name);
      const std::string title = of_fallback(*config, name);
      const auto told = told_.find(name);
      const Told last = told == told_.end() ? Told() : told->second;
      if (title != last.title) tell(name, title, std::max(at, last.at));
    }
  }
}

}  // namespace lb
