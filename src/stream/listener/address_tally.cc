#include "stream/listener/address_tally.h"

#include <utility>

namespace lb {

AddressTally::Pass::Pass(Pass&& other) noexcept
    : tally_(std::exchange(other.tally_, nullptr)), key_(std::move(other.key_)) {}

AddressTally::Pass& AddressTally::Pass::operator=(Pass&& other) noexcept {
  if (this != &other) {
    leave();
    tally_ = std::exchange(other.tally_, nullptr);
    key_ = std::move(other.key_);
  }
  return *this;
}

void AddressTally::Pass::leave() noexcept {
  if (tally_ == nullptr) return;
  Shard& shard = std::exchange(tally_, nullptr)->shard_of(key_);
  const std::lock_guard lock(shard.mutex);
  if (const auto at = shard.inside.find(key_); at != shard.inside.end() && --at->second == 0)
    shard.inside.erase(at);
}

std::string AddressTally::key_of(const Address& address, std::string_view mount) {
  const auto& bytes = address.bytes();
  const std::size_t size = address.is_v4() ? bytes.size() : bytes.size() / 2;
  std::string key(1, address.is_v4() ? '4' : '6');
  key.append(reinterpret_cast<const char*>(bytes.data()), size);
  return key.append(mount);
}

std::optional<AddressTally::Pass> AddressTally::try_enter(const Address& address,
                                                          std::string_view mount, unsigned limit) {
  if (limit == 0) return std::nullopt;
  std::string key = key_of(address, mount);
  Shard& shard = shard_of(key);
  {
    const std::lock_guard lock(shard.mutex);
    unsigned& inside = shard.inside[key];
    if (inside >= limit) return std::nullopt;
    ++inside;
  }
  return Pass(this, std::move(key));
}

AddressTally::Pass AddressTally::enter(std::string key) {
  Shard& shard = shard_of(key);
  {
    const std::lock_guard lock(shard.mutex);
    ++shard.inside[key];
  }
  return Pass(this, std::move(key));
}

unsigned AddressTally::inside(const Address& address, std::string_view mount) const {
  const std::string key = key_of(address, mount);
  const Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto at = shard.inside.find(key);
  return at == shard.inside.end() ? 0 : at->second;
}

}  // namespace lb
