// AudienceSums: one transaction's additions to the sums by time, mount, country and player.
//
// The quarters' parts of a listening add up to it exactly, in milliseconds and bytes.
// Bounds: kMaxKept sums; then they are written before further ones. (The rows of one BOOK may have
// 700 mounts with a month each.)
// Thread: one.
// Ownership: AudienceMerge.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>

#include "audience/database.h"

namespace lb {

class AudienceSums {
 public:
  static constexpr std::size_t kMaxKept = 20'000;

  explicit AudienceSums(Sqlite& database);

  struct Of {
    std::int64_t mount = 0, player = 0;
    std::string country;
  };
  void heard(const Of& of, std::int64_t began, std::int64_t ended, std::int64_t bytes);
  void sessions(const Of& of, std::int64_t began, std::int64_t count);
  void write();
  void forget();

 private:
  struct Sum {
    std::int64_t ms = 0, bytes = 0, sessions = 0;
  };
  using Splits = std::map<std::tuple<std::int64_t, std::int64_t, std::string, std::int64_t>, Sum>;
  static Of of_all(const Of& of) { return {kAllMounts, of.player, of.country}; }
  Sum& slot_of(const Of& of, std::int64_t quarter) { return slots_[{of.mount, quarter}]; }
  Sum& split_of(const Of& of, std::int64_t hour) {
    return splits_[{of.mount, hour, of.country, of.player}];
  }
  Statement put_slot_, put_split_, put_day_;
  std::map<std::pair<std::int64_t, std::int64_t>, Sum> slots_;
  Splits splits_;
};

// The bytes of listenings that are open, or were cut: those that their stream has in that time. The
// rate is the one last measured, else that of the mount's newest sums.
class MountRates {
 public:
  static constexpr std::int64_t kMaxRate = 12'500'000;  // bytes a second: 100 Mbit/s

  explicit MountRates(Sqlite& database);

  std::int64_t rate_of(std::int64_t mount);  // bytes a second; 0: not known
  void put(std::int64_t mount, std::int64_t rate);
  static std::int64_t bytes_in(std::int64_t ms, std::int64_t rate) noexcept {
    return ms * rate / 1000;
  }

 private:
  const bool is_kept_;  // an older file has no rates
  Statement find_, put_, summed_;
};

}  // namespace lb
