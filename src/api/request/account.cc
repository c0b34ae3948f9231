#include "api/request/account.h"

#include <algorithm>

#include "api/request/account_fields.h"
#include "base/cat.h"

namespace lb {

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
  if (auto fault = record_fault<kAccountFields>("account", id, *parsed, account))
    return *std::move(fault);
  return account;
}

std::string account_json(const Account& account) {
  return object_json<kAccountFields>(Form::kRecord, account);
}

}  // namespace lb
