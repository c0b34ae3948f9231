#include "api/request/account.h"

#include <algorithm>
#include <vector>

#include "api/request/fields.h"
#include "base/cat.h"

namespace lb {
namespace {

void store_limit(JsonWriter& json, std::string_view name,
                 const std::optional<std::uint64_t>& limit) {
  if (limit) json.key(name).number(*limit);
}

}  // namespace

bool is_account_id(std::string_view id) noexcept {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !id.empty() && id.size() <= 63 && plain(id.front()) &&
         std::all_of(id.begin(), id.end(),
                     [&](char c) { return plain(c) || c == '.' || c == '_' || c == '-'; });
}

Result<Account> parse_account(std::string_view id, std::string_view json) {
  const auto parsed = Json::parse(json);
  if (!parsed) return parsed.error();
  if (!parsed->is_object() || !is_account_id(id))
    return Error::invalid(cat({"account ", id, ": no object, or no name of an account"}));
  Account account;
  account.id = id;
  std::vector<ProblemFault> faults;
  BodyFields fields(*parsed, faults);
  account.name = fields.text("name", 200).value_or("");
  account.suspended = fields.text("state", 20).value_or("active") == "suspended";
  BodyFields quota(fields.take("quota"), faults, "/quota");
  account.quota.listeners = quota.limit("listeners", kMaxQuota).value_or(std::nullopt);
  account.quota.bitrate = quota.limit("bitrate", kMaxQuota).value_or(std::nullopt);
  account.quota.mounts = quota.limit("mounts", kMaxQuota).value_or(std::nullopt);
  account.quota.storage = quota.limit("storage", kMaxStorageQuota).value_or(std::nullopt);
  account.quota.hours = quota.limit("hours", kMaxQuota).value_or(std::nullopt);
  account.quota.transfer = quota.limit("transfer", kMaxStorageQuota).value_or(std::nullopt);
  account.quota.hard = quota.boolean("hard").value_or(false);
  if (!faults.empty())
    return Error::invalid(
        cat({"account ", id, ": ", faults.front().pointer, ": ", faults.front().detail}));
  return account;
}

std::string account_json(const Account& account) {
  JsonWriter json;
  json.begin_object();
  json.key("name").text(account.name);
  json.key("state").text(account.suspended ? "suspended" : "active");
  json.key("quota").begin_object();
  store_limit(json, "listeners", account.quota.listeners);
  store_limit(json, "bitrate", account.quota.bitrate);
  store_limit(json, "mounts", account.quota.mounts);
  store_limit(json, "storage", account.quota.storage);
  store_limit(json, "hours", account.quota.hours);
  store_limit(json, "transfer", account.quota.transfer);
  if (account.quota.hard) json.key("hard").boolean(true);
  json.end_object().end_object();
  return json.take();
}

}  // namespace lb
