#include "app/topology/link_arrivals.h"

#include <algorithm>
#include <utility>

namespace lb {

bool LinkArrivals::has_key(std::string_view master) const {
  const auto keys = keys_.read();
  return std::any_of(keys->begin(), keys->end(),
                     [&](const LinkKey& key) { return key.master == master; });
}

void LinkArrivals::set_key(const std::string& master, std::uint8_t name, std::string bytes) {
  const auto before = keys_.read();
  const auto is_its = [&](const LinkKey& key) { return key.master == master; };
  const auto last = std::find_if(before->begin(), before->end(), is_its);
  if (last != before->end() && last->name == name && last->bytes == bytes) return;
  auto next = std::make_shared<Keys>();
  next->push_back(make_link_key(master, name, std::move(bytes)));
  if (last != before->end()) next->push_back(*last);
  std::copy_if(before->begin(), before->end(), std::back_inserter(*next),
               [&](const LinkKey& key) { return !is_its(key); });
  keys_.publish(std::move(next));
}

void LinkArrivals::keep(const std::set<std::string, std::less<>>& masters) {
  auto next = std::make_shared<Keys>(*keys_.read());
  std::erase_if(*next, [&](const LinkKey& key) { return !masters.contains(key.master); });
  keys_.publish(std::move(next));
}

void LinkArrivals::note(std::uint8_t master, ClientKey client) {
  if (client == 0) return;
  std::lock_guard<std::mutex> guard(mutex_);
  if (waiting_.size() < kMaxWaiting) waiting_.push_back({master, client});
}

std::vector<ClientKey> LinkArrivals::take(std::string_view master, std::size_t most) {
  const std::uint8_t tag = token_tag(master);
  std::vector<ClientKey> out;
  std::lock_guard<std::mutex> guard(mutex_);
  std::erase_if(waiting_, [&](const Waiting& each) {
    if (each.master != tag || out.size() == most) return false;
    out.push_back(each.client);
    return true;
  });
  return out;
}

}  // namespace lb
