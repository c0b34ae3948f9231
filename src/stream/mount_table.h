// MountTable: name → Mount, of all mounts that can be listened to now.
// Thread: find() and all() from any thread; put() and erase() on control only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/snapshot.h"
#include "stream/mount.h"

namespace lb {

class MountTable {
 public:
  using Rows = std::map<std::string, std::shared_ptr<Mount>, std::less<>>;

  MountTable() : rows_(std::make_shared<const Rows>()) {}

  // Null when there is no such mount.
  std::shared_ptr<Mount> find(std::string_view name) const {
    const auto rows = rows_.read();
    const auto at = rows->find(name);
    return at == rows->end() ? nullptr : at->second;
  }
  std::shared_ptr<const Rows> all() const { return rows_.read(); }

  void put(std::shared_ptr<Mount> mount) {
    auto next = std::make_shared<Rows>(*rows_.read());
    const std::string name = mount->name();
    (*next)[name] = std::move(mount);
    rows_.publish(std::move(next));
  }
  void erase(std::string_view name) {
    auto next = std::make_shared<Rows>(*rows_.read());
    if (const auto at = next->find(name); at != next->end()) next->erase(at);
    rows_.publish(std::move(next));
  }

 private:
  Snapshot<Rows> rows_;
};

}  // namespace lb
