// An answer: the members of several tables, such as those of a record, its state, and its revision.
// Thread: constants, pure functions.
#pragma once

#include <array>
#include <cstdint>

#include "base/object_kinds.h"

namespace lb {

// 0: not known, or without a record.
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
