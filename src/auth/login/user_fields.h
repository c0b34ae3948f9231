// The members of users and tokens: of their records, of bodies and of answers.
//
// Source: doc/stores.md.
// Thread: constants, pure functions.
#pragma once

#include <array>

#include "auth/login/user_book.h"
#include "base/object_kinds.h"

namespace lb {

struct RoleWord : ObjectKind {
  static void read(const ObjectValue& value, Role& out) {
    const auto word = value.text(20);
    if (!word) return;
    if (const auto role = parse_role(*word))
      out = *role;
    else
      value.wrong("viewer, operator, owner or admin is needed");
  }
  static void write(JsonWriter& json, Role role) { json.text(to_text(role)); }
  static void schema(SchemaText& text) { text.reference("Role"); }
};

inline constexpr auto kRightsFields = std::to_array(
    {member<RoleWord, &LoginRights::role>("role").needed(
         Form::kRecord | Form::kNew, "it is needed: viewer, operator, owner or admin"),
     member<JsonText<63>, &LoginRights::account>("account").null(Form::kAnswer),
     member<MountNames<1000>, &LoginRights::mounts>("mounts").about(
         "Names or patterns, for operators and viewers.")});

struct LoginName : JsonText<UserBook::kMaxNameBytes> {
  static void read(const ObjectValue& value, std::string& out) {
    JsonText::read(value, out);
    if (value.in.faults().empty() && !is_login_name(out)) value.wrong(kFault);
  }
  static constexpr std::string_view kFault =
      "1 to 64 bytes without ':', '/' and spaces at the ends are needed, and no . or ..";
};

inline constexpr auto kUserFields =
    std::to_array({member<LoginName, &User::name>("name")
                       .in(Form::kRecord | Form::kNew | Form::kAnswer)
                       .needed(Form::kNew, LoginName::kFault),
                   member<JsonText<512>, &User::hash>("hash").in(Form::kRecord),
                   whole_member<MembersOf<kRightsFields>, User>(),
                   member<JsonCount, &User::epoch>("epoch").in(Form::kRecord),
                   member<JsonFlag, &User::disabled>("disabled"),
                   member<JsonFlag, &User::addresses>("addresses")
                       .about("Whether a viewer sees listeners' addresses.")});

inline constexpr auto kTokenFields =
    std::to_array({member<JsonText<64>, &ApiToken::id>("id").in(Form::kRecord | Form::kAnswer),
                   member<JsonText<200>, &ApiToken::name>("name"),
                   member<JsonText<64>, &ApiToken::digest>("digest").in(Form::kRecord),
                   whole_member<MembersOf<kRightsFields>, ApiToken>(),
                   member<UnixSeconds, &ApiToken::expires>("expires")
                       .null(Form::kNew | Form::kAnswer)
                       .about("Unix seconds; 0 or null: never")});

}  // namespace lb
