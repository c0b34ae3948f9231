// Account: a customer, which owns mounts and users; its record is JSON.
// Thread: plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

// nullopt: not limited.
struct AccountQuota {
  std::optional<std::uint64_t> listeners;  // the sum of limits/listeners of its mounts
  std::optional<std::uint64_t> bitrate;    // the sum of limits/bitrate, kbit/s
  std::optional<std::uint64_t> mounts;
  std::optional<std::uint64_t> storage;  // the sum of limits/storage, bytes
  // The monthly use by listeners of its mounts: account_usage.h.
  std::optional<std::uint64_t> hours;
  std::optional<std::uint64_t> transfer;  // bytes
  bool hard = false;                      // these two refuse listeners; false: only events

  bool operator==(const AccountQuota&) const = default;
};

constexpr std::uint64_t kMaxQuota = 1'000'000'000, kMaxStorageQuota = 1'000'000'000'000'000;

struct Account {
  std::string id;
  std::string name;
  bool suspended = false;    // … so all its mounts are too
  std::int64_t made_ms = 0;  // Unix: an earlier account of this id was another; 0: there was none
  AccountQuota quota;

  bool operator==(const Account&) const = default;
};

// Small letters, digits, '.', '_' and '-', 1 to 63, beginning with a letter or digit.
bool is_account_id(std::string_view id) noexcept;

// id: of the key.
Result<Account> parse_account(std::string_view id, std::string_view json);
std::string account_json(const Account& account);

}  // namespace lb
