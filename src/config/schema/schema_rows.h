// Rows that more than one block has: a port, a number of seconds, a bandwidth, a refused element.
// Thread: constant expressions.
#pragma once

#include "config/schema/schema.h"

namespace lb {

// A row for an element that other servers have and this one does not.
constexpr SchemaElement unsupported(std::string_view name, SchemaOrigin origin,
                                    std::string_view note, std::string_view aliases = {}) {
  return {.name = name,
          .aliases = aliases,
          .kind = ValueKind::kNothing,
          .set_by = SetBy::kFile,
          .origin = origin,
          .support = SchemaSupport::kUnsupported,
          .note = note,
          .help = note};
}

// For an attribute that is checked, but has no meaning to us.
inline Slot no_value(void*) {
  return NumberSlot{nullptr, [](const void*) -> std::int64_t { return 0; },
                    [](void*, std::int64_t) {}};
}

constexpr SchemaElement number_of(std::string_view name, Slot (*where)(void*), std::int64_t max,
                                  std::string_view help) {
  return {
      .name = name, .kind = ValueKind::kNumber, .slot = where, .min = 0, .max = max, .help = help};
}
// max: in ten-thousandths.
constexpr SchemaElement fraction_of(std::string_view name, Slot (*where)(void*), std::int64_t max,
                                    std::string_view help) {
  return {.name = name,
          .kind = ValueKind::kFraction,
          .slot = where,
          .min = 0,
          .max = max,
          .help = help};
}
constexpr SchemaElement seconds_of(std::string_view name, Slot (*where)(void*), SchemaOrigin origin,
                                   std::string_view help) {
  return {.name = name,
          .kind = ValueKind::kSeconds,
          .slot = where,
          .min = 0,
          .max = 86'400,
          .origin = origin,
          .help = help};
}
constexpr SchemaElement bandwidth_of(Slot (*where)(void*)) {
  return {.name = "max-bandwidth",
          .kind = ValueKind::kRate,
          .slot = where,
          .min = 0,
          .max = 1'000'000'000'000'000,
          .example = "100M",
          .help = "What it can send; 0: no limit."};
}
constexpr SchemaElement port_of(std::string_view name, Slot (*where)(void*), SchemaOrigin origin,
                                std::string_view help) {
  return {.name = name,
          .kind = ValueKind::kNumber,
          .slot = where,
          .min = 0,
          .max = 65'535,
          .origin = origin,
          .example = "8000",
          .help = help};
}

}  // namespace lb
