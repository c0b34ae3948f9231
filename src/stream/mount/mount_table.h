// MountTable: name → Mount, of all mounts that can be listened to now.
//
// A change copies one path of the map (base/persistent_map.h), so ten thousand mounts can come one
// by one, and mounts in use are found without walking over the others.
//
// Thread: find() and all() from any thread; the others on control only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/persistent_map.h"
#include "base/snapshot.h"
#include "stream/mount/mount.h"

namespace lb {

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
  Rows in_use() {
    for (const std::string& name : noted_->take())
      if (auto mount = find(name)) in_use_.set(name, std::move(mount));
    for (const Rows before = in_use_; const auto& [name, mount] : before)
      if (mount->rests()) in_use_.erase(name);
    return in_use_;
  }

  void put(std::shared_ptr<Mount> mount) {
    const std::string name = mount->name();
    in_use_.erase(name);
    mount->note_uses_in(noted_);
    auto next = std::make_shared<Rows>(*rows_.read());
    next->set(name, std::move(mount));
    rows_.publish(std::move(next));
  }
  void erase(std::string_view name) {
    in_use_.erase(name);
    auto next = std::make_shared<Rows>(*rows_.read());
    if (next->erase(name)) rows_.publish(std::move(next));
  }

 private:
  Snapshot<Rows> rows_;
  const std::shared_ptr<NotedMounts> noted_ = std::make_shared<NotedMounts>();
  Rows in_use_;
};

}  // namespace lb
