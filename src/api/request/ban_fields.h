// The members of a ban: of its record, of the body that makes one, and of answers.
//
// Source: doc/stores.md.
// Thread: constants, pure functions.
#pragma once

#include <array>

#include "api/request/ban.h"
#include "base/object_kinds.h"

namespace lb {

inline constexpr std::array<std::string_view, 4> kBanWords{"address", "network", "user", "country"};
inline constexpr char kNoBanKind[] = "one of address, network, user and country is needed";

// {"country": "DE"}
struct BanMatch : ObjectKind {
  static void read(const ObjectValue& value, Ban& ban);
  static void write(JsonWriter& json, const Ban& ban) {
    json.begin_object().key(ban_word(ban.kind)).text(ban.value).end_object();
  }
  static void schema(SchemaText& text) { text.reference("BanMatch"); }
};

inline constexpr auto kBanFields = std::to_array(
    {member<JsonText<20>, &Ban::id>("id").in(Form::kAnswer),
     member<JsonWord<kBanWords, kNoBanKind>, &Ban::kind>("kind")
         .in(Form::kRecord)
         .needed(Form::kRecord, kNoBanKind),
     member<JsonText<255>, &Ban::value>("value").in(Form::kRecord),
     whole_member<BanMatch, Ban>("match")
         .in(Form::kNew | Form::kAnswer)
         .needed(Form::kNew, kNoBanKind),
     member<MountNames<64>, &Ban::mounts>("mounts")
         .sparse(Form::kRecord)
         .about("Names or patterns; none: all."),
     member<UnixSeconds, &Ban::until>("until")
         .sparse(Form::kRecord)
         .null(Form::kNew | Form::kAnswer)
         .about("Unix seconds; 0 or null: forever"),
     member<JsonText<500>, &Ban::reason>("reason").sparse(Form::kRecord),
     member<JsonText<255>, &Ban::by>("by").in(Form::kRecord | Form::kAnswer),
     member<JsonFlag, &Ban::kick>("kick").about("Ends matching listeners; default true.")});

struct BanNow {
  bool over = false;
};
inline constexpr auto kBanNow = std::to_array({member<JsonFlag, &BanNow::over>("over").about(
    "The ban has expired; its record is removed soon.")});

}  // namespace lb
