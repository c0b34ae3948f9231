// AddressList: a set of IP addresses, as configurations write them: a literal address, a block
// (10.0.0.0/8, 2001:db8::/32) or a pattern of * ? [] over the printed address, as in Icecast-KH's
// deny-ip and x-forwarded-for (192.168.1.*, 2001:db8:*).  IPv4 also matches as ::ffff:a.b.c.d; a
// block of IPv6 addresses, even ::/0, never contains an IPv4 address, but * does.
//
// Thread: immutable; any.  Cost: a look-up is a binary search over blocks (an octet pattern such as
// 10.1.* is one) and one fnmatch for each other pattern.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/address/address.h"

namespace lb {

class AddressList {
 public:
  // Called for an entry that can never match, with its index and the reason ("is not an IP address
  // …"); the entry is left out.
  using Refused = std::function<void(std::size_t index, const std::string& reason)>;

  AddressList() = default;
  static AddressList parse(std::span<const std::string> entries, const Refused& refused);

  bool contains(const Address& address) const;
  bool empty() const noexcept { return v4_.empty() && v6_.empty() && patterns_.empty(); }

 private:
  using Bytes = std::array<std::uint8_t, 16>;
  struct Range {
    Bytes first, last;
  };
  Result<void> add(std::string_view entry);
  Result<void> add_block(std::string_view address, std::string_view prefix);
  Result<void> add_pattern(std::string_view pattern);
  void add_range(const Address& address, unsigned prefix_bits);

  std::vector<Range> v4_, v6_;  // sorted, without overlaps
  std::vector<std::string> patterns_;
};

}  // namespace lb
