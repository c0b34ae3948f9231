// Members of an answer that may be null: an unknown number, an empty text.
// Thread: pure functions.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"

namespace lb {

// "": null.
inline void text_or_null(JsonWriter& json, std::string_view name, std::string_view text) {
  json.key(name);
  if (text.empty())
    json.null();
  else
    json.text(text);
}

template <class Number>
void number_or_null(JsonWriter& json, std::string_view name, bool known, Number number) {
  json.key(name);
  if (known)
    json.number(number);
  else
    json.null();
}
template <class Number>
void number_or_null(JsonWriter& json, std::string_view name, const std::optional<Number>& number) {
  number_or_null(json, name, number.has_value(), number.value_or(Number{}));
}

}  // namespace lb
