// The members of an account: of its record, of bodies and of answers.
//
// Source: doc/stores.md.
// Thread: constants, pure functions.
#pragma once

#include <array>

#include "api/request/account.h"
#include "base/object_kinds.h"

namespace lb {

template <auto kMember, std::uint64_t kMax = kMaxQuota>
constexpr auto quota_limit(std::string_view name, std::string_view text = {}) {
  return member<JsonNumber<0, kMax>, kMember>(name)
      .null(Form::kBody | Form::kAnswer | Form::kBrief)
      .about(text);
}
// kBrief: the used part.
inline constexpr auto kQuotaFields = std::to_array(
    {quota_limit<&AccountQuota::listeners>("listeners",
                                           "The sum of limits/listeners of its mounts."),
     quota_limit<&AccountQuota::bitrate>("bitrate", "The sum of limits/bitrate, in kbit/s."),
     quota_limit<&AccountQuota::mounts>("mounts"),
     quota_limit<&AccountQuota::storage, kMaxStorageQuota>("storage",
                                                           "The sum of limits/storage, in bytes."),
     quota_limit<&AccountQuota::hours>("hours",
                                       "Listening hours of its mounts per month (UTC); used: whole "
                                       "hours; null: unknown at this server."),
     quota_limit<&AccountQuota::transfer, kMaxStorageQuota>(
         "transfer",
         "Bytes sent to their listeners per month; used: to listeners that have ended."),
     member<JsonFlag, &AccountQuota::hard>("hard")
         .in(Form::kRecord | Form::kBody | Form::kAnswer)
         .sparse(Form::kRecord)
         .about("true: used-up hours and transfer keep new listeners out; else they only cause "
                "events.")});
struct QuotaObject : JsonObject<kQuotaFields> {
  static void schema(SchemaText& text) { text.reference("Quota"); }
};

inline constexpr char kNoAccountId[] = "1 to 63 small letters, digits, '.', '_' and '-' are needed";
struct AccountId : JsonText<63> {
  static void read(const ObjectValue& value, std::string& out) {
    JsonText::read(value, out);
    if (value.in.faults().empty() && !is_account_id(out)) value.wrong(kNoAccountId);
  }
  static void schema(SchemaText& text) {
    text.type("string");
    if ((text.form & Form::kBody) != 0) text.raw(R"("pattern":"^[a-z0-9][a-z0-9._-]{0,62}$")");
  }
};
// Whether it is suspended; a record without a word is "active".
inline constexpr std::array<std::string_view, 2> kAccountStates{"active", "suspended"};
inline constexpr char kNoAccountState[] = "active or suspended is needed";
struct AccountState : JsonWord<kAccountStates, kNoAccountState> {
  static void read(const ObjectValue& value, bool& out) {
    if (value.in.form() == Form::kRecord)
      out = value.text(kLongest) == kAccountStates[1];
    else
      JsonWord::read(value, out);
  }
};

inline constexpr auto kAccountFields =
    std::to_array({member<AccountId, &Account::id>("id")
                       .in(Form::kNew | Form::kAnswer)
                       .needed(Form::kNew, kNoAccountId),
                   member<JsonText<200>, &Account::name>("name"),
                   member<AccountState, &Account::suspended>("state"),
                   member<JsonNumber<0, 1'000'000'000'000'000>, &Account::made_ms>("made-ms")
                       .in(Form::kRecord)
                       .sparse(Form::kRecord),
                   member<QuotaObject, &Account::quota>("quota")});

// Its mounts' use of it.
struct AccountNow {
  AccountQuota used;
  std::uint64_t recorded = 0;
};
struct QuotaUsed : QuotaObject {
  static void write(JsonWriter& json, const AccountQuota& used) {
    QuotaObject::write(json, used, Form::kBrief);
  }
};
inline constexpr auto kAccountNow =
    std::to_array({member<QuotaUsed, &AccountNow::used>("used").in(Form::kAnswer),
                   member<JsonCount, &AccountNow::recorded>("recorded")
                       .in(Form::kAnswer)
                       .about("Size of its mounts' recordings on this server, in bytes.")});

}  // namespace lb
