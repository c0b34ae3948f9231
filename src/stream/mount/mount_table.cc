#include "stream/mount/mount_table.h"

#include "stream/mount/mount.h"

namespace lb {

MountTable::Rows MountTable::in_use() {
  for (const std::string& name : noted_->take())
    if (auto mount = find(name)) in_use_.set(name, std::move(mount));
  for (const Rows before = in_use_; const auto& [name, mount] : before)
    if (mount->rests()) in_use_.erase(name);
  return in_use_;
}

void MountTable::put(std::shared_ptr<Mount> mount) {
  const std::string name = mount->name();
  in_use_.erase(name);
  mount->note_uses_in(noted_);
  auto next = std::make_shared<Rows>(*rows_.read());
  next->set(name, std::move(mount));
  rows_.publish(std::move(next));
}

void MountTable::erase(std::string_view name) {
  in_use_.erase(name);
  auto next = std::make_shared<Rows>(*rows_.read());
  if (next->erase(name)) rows_.publish(std::move(next));
}

}  // namespace lb
