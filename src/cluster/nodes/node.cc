#include "cluster/nodes/node.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace lb {

// FNV-1a, then the end of splitmix64, because FNV alone maps names with different last letters to
// neighbouring values.
NodeKey node_key(std::string_view id) noexcept {
  std::uint64_t x = 0xcbf29ce484222325ULL;
  for (const char c : id) x = (x ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  x ^= x >> 31;
  return x == 0 ? 1 : x;
}

double sane_kbps(double kbps) noexcept {
  constexpr double kMaxKbps = 1e12;
  return std::isfinite(kbps) ? std::clamp(kbps, 0.0, kMaxKbps) : 0.0;
}

std::string_view to_text(NodeKind kind) noexcept {
  return word_of<NodeKind::kStatic>(kind, {"self", "link", "legacy", "static"});
}

std::string_view to_text(NodeState state) noexcept {
  return word_of<NodeState::kDead>(state, {"joining", "up", "suspect", "draining", "dead"});
}

NodeAddress make_node_address(PublicScheme scheme, std::string host, std::uint16_t port) {
  in6_addr scratch{};
  NodeAddress address{scheme, std::move(host), port, NodeAddress::Host::kName};
  if (::inet_pton(AF_INET, address.host.c_str(), &scratch) == 1) {
    address.kind = NodeAddress::Host::kIpv4;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &scratch) == 1) {
    address.kind = NodeAddress::Host::kIpv6;
  }
  return address;
}

bool reaches(const NodeAddress& address, PublicScheme scheme, ClientFamily family) noexcept {
  if (address.scheme != scheme) return false;
  switch (address.kind) {
    case NodeAddress::Host::kName:
      return true;
    case NodeAddress::Host::kIpv4:
      return family != ClientFamily::kIpv6;
    case NodeAddress::Host::kIpv6:
      return family == ClientFamily::kIpv6;
  }
  return false;
}

void UnackedRedirects::push(SteadyTime when, double kbps, std::uint64_t redirects) {
  count_ += redirects;
  kbps_ += kbps * static_cast<double>(redirects);
  if (!runs_.empty() && runs_.back().kbps == kbps && when - runs_.back().when < kSameMoment) {
    runs_.back().redirects += redirects;
  } else {
    runs_.push_back({when, kbps, redirects});
  }
}

double UnackedRedirects::pop(std::uint64_t redirects) {
  const double before = kbps_;
  while (redirects > 0 && !runs_.empty()) {
    Run& run = runs_.front();
    const std::uint64_t n = std::min(redirects, run.redirects);
    redirects -= n;
    run.redirects -= n;
    count_ -= n;
    kbps_ -= static_cast<double>(n) * run.kbps;
    if (run.redirects == 0) runs_.pop_front();
  }
  if (runs_.empty()) clear();  // removes rounding errors
  return before - kbps_;
}

std::uint64_t UnackedRedirects::pop_before(SteadyTime when) {
  const std::uint64_t before = count_;
  while (!runs_.empty() && runs_.front().when < when) pop(runs_.front().redirects);
  return before - count_;
}

UnackedRedirects::Sum UnackedRedirects::since(SteadyTime when) const noexcept {
  Sum sum;
  for (auto run = runs_.rbegin(); run != runs_.rend() && run->when >= when; ++run) {
    const auto redirects = static_cast<double>(run->redirects);
    sum.redirects += redirects;
    sum.kbps += redirects * run->kbps;
  }
  return sum;
}

void UnackedRedirects::clear() {
  runs_.clear();
  count_ = 0;
  kbps_ = 0;
}

SteadyTime UnackedRedirects::oldest() const noexcept {
  return runs_.empty() ? SteadyTime::max() : runs_.front().when;
}

void AcceptRate::set(double per_second) noexcept {
  if (per_second == per_second_) return;
  per_second_ = per_second;
  limit_ = {};
  const auto pause = std::chrono::duration<double>(per_second > 0 ? 1 / per_second : 0);
  rate_ = {std::max(1.0, per_second / 4),
           std::chrono::duration_cast<std::chrono::nanoseconds>(pause)};
}

const NodeAddress* Node::address_for(PublicScheme scheme, ClientFamily family) const noexcept {
  const NodeAddress* found = nullptr;
  for (const NodeAddress& address : addresses) {
    if (!reaches(address, scheme, family)) continue;
    if (address.kind == NodeAddress::Host::kName) return &address;
    if (found == nullptr) found = &address;
  }
  return found;
}

}  // namespace lb
