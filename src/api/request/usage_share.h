// UsageShare: one master's counts for accounts and mounts this month, as records of the store that
// other masters read: usage/MASTER/PART.  The reports sent by any master are in usage/*/PART, which
// is no name of a master.
//
// Source: doc/stores.md.
// Thread: plain values, pure functions.
// Bounds: a part has at most kNamesOfPart names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace lb {

struct MonthUsage {
  std::uint64_t ms = 0, bytes = 0;
  std::uint64_t hours() const noexcept { return ms / 3'600'000; }

  MonthUsage& operator+=(const MonthUsage& other) noexcept {
    ms += other.ms;
    bytes += other.bytes;
    return *this;
  }
  bool operator==(const MonthUsage&) const = default;
};

struct UsageShare {
  static constexpr std::size_t kNamesOfPart = 400;

  std::string month;                                    // "2026-11"
  std::map<std::string, MonthUsage, std::less<>> used;  // by id of an account, or name of a mount

  // For usage/*: by that name and "hours" or "transfer", the reported percentage and its limit; a
  // new limit is reported again.
  struct Told {
    std::uint64_t percent = 0, limit = 0;
    bool operator==(const Told&) const = default;
  };
  std::map<std::pair<std::string, std::string>, Told> told{};
};

Result<UsageShare> parse_usage_share(std::string_view json);
std::string usage_share_json(const UsageShare& share);

}  // namespace lb
