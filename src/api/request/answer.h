// An answer: the members of several tables, as of a record, of what is known beside it, and of its
// revision.
// Thread: constants, pure functions.
#pragma once

#include <array>
#include <cstdint>

#include "base/object_kinds.h"

namespace lb {

// 0: it is not known, or of no record.
struct AnswerRevision {
  std::uint64_t revision = 0;
};
inline constexpr auto kRevision = std::to_array(
    {member<NumberAsText, &AnswerRevision::revision>("revision").sparse(Form::kAnswer)});

template <const auto&... kTables, class... T>
void write_answer(JsonWriter& json, const T&... parts) {
  json.begin_object();
  (Fields(kTables, Form::kAnswer).write(json, parts), ...);
  json.end_object();
}

}  // namespace lb
