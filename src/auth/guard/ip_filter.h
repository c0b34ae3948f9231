// IpList: a set of addresses, networks and patterns.
// AccessLists: addresses and user agents that are refused before any other check.
// AccessFiles: the lists of <deny-ip>, <allow-ip> and <deny-agents>, read again when they change.
//
// Source: Icecast 2.4.4: one address a line, '#' begins a comment, deny first; with an allow list
// all others are refused.  Icecast-KH: '*' and '?' in addresses, and the file of User-Agent
// patterns.  Ours: CIDR networks of both families.
// Thread: IpList and AccessLists are immutable values.  AccessFiles: reload_changed() on the clerk
// (or before the loops start), other functions on any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "auth/guard/watched_file.h"
#include "base/snapshot.h"
#include "net/address/address.h"

namespace lb {

class Log;

class IpList {
 public:
  // Invalid lines are left out and reported in `complaints`.
  static IpList parse(std::string_view text, std::vector<std::string>& complaints);
  bool contains(const Address& address) const;
  bool empty() const noexcept { return ranges_.empty() && patterns_.empty(); }
  std::size_t size() const noexcept { return ranges_.size() + patterns_.size(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  bool add(std::string_view entry);
  bool add_network(std::string_view address, std::string_view bits);
  void add_range(const Bytes& base, unsigned prefix_bits);
  void sort();

  std::vector<std::pair<Bytes, Bytes>> ranges_;  // first, last; sorted, apart
  std::vector<std::string> patterns_;
};

struct AccessLists {
  IpList deny;
  std::optional<IpList> allow;      // nullopt: every address
  std::vector<std::string> agents;  // patterns, lower case

  bool welcome(const Address& peer) const {
    return !deny.contains(peer) && (!allow || allow->contains(peer));
  }
  // "" (not sent) is never refused.
  bool agent_refused(std::string_view agent) const;
};

// "": not configured.
struct AccessPaths {
  std::string deny_ip, allow_ip, deny_agents;
  bool any() const noexcept {
    return !deny_ip.empty() || !allow_ip.empty() || !deny_agents.empty();
  }
};

class AccessFiles {
 public:
  explicit AccessFiles(Log& log) : log_(log), lists_(std::make_shared<const AccessLists>()) {}

  std::shared_ptr<const AccessLists> lists() const { return lists_.read(); }
  // Reads changed files.  A file that cannot be read keeps its last list.
  void reload_changed(const AccessPaths& paths);

 private:
  std::optional<std::string> changed(std::optional<WatchedFile>& file, const std::string& path);
  IpList parse(std::string_view text, const std::string& path);

  Log& log_;
  Snapshot<AccessLists> lists_;
  std::optional<WatchedFile> deny_, allow_, agents_;
};

}  // namespace lb
