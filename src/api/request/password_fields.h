// The password in bodies that create a user or set its password, and secrets in answers.
// Thread: constants, pure functions.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "base/object_kinds.h"

namespace lb {

constexpr std::size_t kMaxPassword = 512;

struct GivenPassword {
  std::optional<std::string> old, password;
};

inline constexpr auto kPasswordFields =
    std::to_array({member<JsonText<kMaxPassword>, &GivenPassword::old>("old")
                       .in(Form::kChange)
                       .about("Required for the login's own password."),
                   member<JsonText<kMaxPassword, 8>, &GivenPassword::password>("password")
                       .in(Form::kBody)
                       .about("Default: a generated one.")});

// The password in an answer about a user.
struct ShownPassword {
  bool is_set = false;
  std::string made;  // the generated one, shown in this answer
};
struct PasswordShown : ObjectKind {
  static void read(const ObjectValue&, ShownPassword&) {}
  static void write(JsonWriter& json, const ShownPassword& password) {
    if (password.made.empty())
      json.boolean(password.is_set);
    else
      json.text(password.made);
  }
  static void schema(SchemaText& text) { text.raw(R"("type":["boolean","string"])"); }
};
inline constexpr auto kShownPassword = std::to_array(
    {whole_member<PasswordShown, ShownPassword>("password")
         .about("Whether a password is set; a text only in the answer that made it.")});

struct MadeToken {
  std::string token;
};
inline constexpr auto kMadeToken =
    std::to_array({member<JsonText<64>, &MadeToken::token>("token").sparse(Form::kAnswer)});

}  // namespace lb
