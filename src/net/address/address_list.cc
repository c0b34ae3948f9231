#include "net/address/address_list.h"

#include <fnmatch.h>

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr unsigned kV4PrefixBits = 96;

bool is_digits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_octet(std::string_view text) {
  return is_digits(text) && text.size() <= 3 && (text.size() == 1 || text[0] != '0') &&
         *parse_u64(text) <= 255;
}

// Whether a pattern of dotted groups can be an IPv4 address at all.
bool can_be_dotted(std::string_view pattern) {
  const auto groups = split(pattern, '.');
  const bool star = pattern.find('*') != std::string_view::npos;
  return groups.size() <= 4 && (star || groups.size() == 4) &&
         std::all_of(groups.begin(), groups.end(),
                     [](std::string_view group) { return !is_digits(group) || is_octet(group); });
}

// "10.1.*" → {10, 1}; empty for a pattern other than whole octets and a star at the end.
std::vector<std::string_view> leading_octets(std::string_view pattern) {
  std::vector<std::string_view> octets;
  for (;;) {
    const auto dot = pattern.find('.');
    if (dot == std::string_view::npos)
      return pattern == "*" && octets.size() < 4 ? octets : decltype(octets){};
    if (!is_octet(pattern.substr(0, dot))) return {};
    octets.push_back(pattern.substr(0, dot));
    pattern.remove_prefix(dot + 1);
  }
}

}  // namespace

AddressList AddressList::parse(std::span<const std::string> entries, const Refused& refused) {
  AddressList list;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (auto added = list.add(trim(entries[i])); !added) refused(i, added.error().what);
  for (std::vector<Range>* ranges : {&list.v4_, &list.v6_}) {
    std::sort(ranges->begin(), ranges->end(),
              [](const Range& a, const Range& b) { return a.first < b.first; });
    // Two blocks nest or are disjoint; a nested block is dropped.
    std::vector<Range> kept;
    for (const Range& range : *ranges)
      if (kept.empty() || kept.back().last < range.first)
        kept.push_back(range);
      else
        kept.back().last = std::max(kept.back().last, range.last);
    *ranges = std::move(kept);
  }
  return list;
}

Result<void> AddressList::add(std::string_view entry) {
  if (entry.empty()) return Error::invalid("is empty");
  if (const auto address = Address::parse(entry, 0)) {
    add_range(*address, 128);
    return {};
  }
  if (const auto slash = entry.find('/'); slash != std::string_view::npos)
    return add_block(entry.substr(0, slash), entry.substr(slash + 1));
  if (is_glob(entry)) return add_pattern(entry);
  return Error::invalid("is not an IP address (names are not looked up)");
}

Result<void> AddressList::add_block(std::string_view text, std::string_view prefix) {
  const auto address = Address::parse(text, 0);
  if (!address)
    return Error::invalid(
        "is not a block of IP addresses: the part before the / is not an address");
  const bool dotted = text.find(':') == std::string_view::npos;
  const unsigned longest = dotted ? 32 : 128;
  if (!is_digits(prefix) || prefix.size() > 3 || *parse_u64(prefix) > longest)
    return Error::invalid(
        cat({"is not a block of IP addresses: the part after the / is not a number from 0 to ",
             longest}));
  const auto bits = static_cast<unsigned>(*parse_u64(prefix));
  add_range(*address, dotted ? bits + kV4PrefixBits : bits);
  return {};
}

Result<void> AddressList::add_pattern(std::string_view pattern) {
  const std::string lower = to_lower(pattern);
  if (lower.find_first_not_of("0123456789abcdef.:*?[]-!^") != std::string::npos)
    return Error::invalid(
        "is a pattern with characters that no IP address has (names are not looked up)");
  const bool dotted = lower.find('.') != std::string::npos && lower.find(':') == std::string::npos;
  if (dotted && !can_be_dotted(lower))
    return Error::invalid("is a pattern that no IPv4 address matches");
  if (const auto octets = leading_octets(lower); !octets.empty()) {
    std::string text;
    for (std::size_t i = 0; i < 4; ++i) {
      if (i > 0) text += '.';
      text += i < octets.size() ? octets[i] : "0";
    }
    add_range(*Address::parse(text, 0), kV4PrefixBits + static_cast<unsigned>(octets.size()) * 8);
    return {};
  }
  patterns_.push_back(lower);
  return {};
}

void AddressList::add_range(const Address& address, unsigned prefix_bits) {
  Range range{address.bytes(), address.bytes()};
  for (unsigned byte = 0; byte < 16; ++byte) {
    const unsigned kept = std::min(8u, prefix_bits - std::min(prefix_bits, byte * 8));
    const auto free = static_cast<std::uint8_t>(0xffu >> kept);
    range.first[byte] = static_cast<std::uint8_t>(range.first[byte] & ~free);
    range.last[byte] = static_cast<std::uint8_t>(range.last[byte] | free);
  }
  (address.is_v4() && prefix_bits >= kV4PrefixBits ? v4_ : v6_).push_back(range);
}

bool AddressList::contains(const Address& address) const {
  const std::vector<Range>& ranges = address.is_v4() ? v4_ : v6_;
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), address.bytes(),
                       [](const Bytes& bytes, const Range& range) { return bytes < range.first; });
  if (after != ranges.begin() && address.bytes() <= std::prev(after)->last) return true;
  if (patterns_.empty()) return false;
  const std::string text = address.ip();
  return std::any_of(patterns_.begin(), patterns_.end(), [&](const std::string& p) {
    return ::fnmatch(p.c_str(), text.c_str(), 0) == 0;
  });
}

}  // namespace lb
