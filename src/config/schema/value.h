// Values: text of the file → slot of a settings object, and back.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "config/schema/schema.h"

namespace lb {

struct ValueReport {
  bool stored = false;  // false and no problem: the text was empty, or means "not set"
  std::string problem;  // why the value cannot be used: "\"64x\" is not a number of bytes (…)"
  std::string hint;     // the value was used, but a warning is due
  bool hint_for_24 = false;  // but not where the file is one for Icecast 2.5
};

// Stores `text` at the element's slot of `object`, unless it breaks the element's rule.
ValueReport store_value(const SchemaElement& element, void* object, std::string_view text);

// The value at the element's slot, as the file may have it; "": not set.
std::string show_value(const SchemaElement& element, const void* object);

// The value for display: a password is hidden, and so are the login and the query of a URL.
std::string show_masked(const SchemaElement& element, const void* object);

// "a number of bytes (0…16777216)", for messages and the reference.
std::string describe_type(const SchemaElement& element);

}  // namespace lb
