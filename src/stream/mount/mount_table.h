// MountTable: name → Mount, of all mounts that can be listened to now.
//
// A change copies one path of the map (base/persistent_map.h), so ten thousand mounts can come one
// by one, and mounts in use are found without walking over the others.
//
// Thread: find() and all() from any thread; the others on control only.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/persistent_map.h"
#include "base/snapshot.h"

namespace lb {

class Mount;

// Mounts that have got a listener or a source since control last looked; any thread adds them, each
// once until control has removed it again (Mount::rests()).
class NotedMounts {
 public:
  void note(const std::string& mount) {
    std::lock_guard<std::mutex> guard(mutex_);
    names_.push_back(mount);
  }
  std::vector<std::string> take() {
    std::lock_guard<std::mutex> guard(mutex_);
    return std::exchange(names_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
};

class MountTable {
 public:
  using Rows = PersistentMap<std::shared_ptr<Mount>>;

  MountTable() : rows_(std::make_shared<const Rows>()) {}

  // Null: no such mount.
  std::shared_ptr<Mount> find(std::string_view name) const {
    const auto rows = rows_.read();
    const auto* const mount = rows->look_up(name);
    return mount == nullptr ? nullptr : *mount;
  }
  // Another object after each change.
  std::shared_ptr<const Rows> all() const { return rows_.read(); }
  // Mounts that have a source, wait for one to return, or have listeners.
  Rows in_use();

  void put(std::shared_ptr<Mount> mount);
  void erase(std::string_view name);

 private:
  Snapshot<Rows> rows_;
  const std::shared_ptr<NotedMounts> noted_ = std::make_shared<NotedMounts>();
  Rows in_use_;
};

}  // namespace lb
