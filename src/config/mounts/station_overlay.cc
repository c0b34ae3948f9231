#include "config/mounts/station_overlay.h"

#include <algorithm>
#include <memory>

namespace lb {
namespace {

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

bool may_show(const Config& config, const StationRecord& record, const std::string& mount) {
  if (record.account.empty()) return true;
  const auto* section = config.book.sections.look_up(mount);
  return section != nullptr && (*section)->account == record.account;
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
  std::erase_if(station->mounts,
                [&](const std::string& mount) { return !may_show(config, **record, mount); });
  book.stations.set(id, std::move(station));
}

}  // namespace

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
