// How a row is written, and rows that more than one block has: a port, a number of seconds, a
// bandwidth, a refused element.
// Thread: constant expressions.
#pragma once

#include "config/schema/schema.h"

namespace lb {

// Rows use the words without the names of their enums.
using enum ValueKind;
using enum ReloadClass;
using enum SetBy;
using enum SchemaOrigin;
using enum SchemaSupport;

constexpr SchemaElement element(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                std::string_view help, RowFacts facts = {}) {
  return {facts, name, kind, where, help};
}
// A block in this one.
constexpr SchemaElement element(std::string_view name, const SchemaBlock* block, Nest nest,
                                RowFacts facts = {}, std::string_view help = {}) {
  return {facts, name, kBlock, nullptr, help, block, nest};
}

// A row that the owner of a mount, or only an administrator, may set in its record.  The default
// reload class applies it to running sources.
constexpr SchemaElement by_owner(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                 std::string_view help, RowFacts facts = {}) {
  facts.set_by = kOwner;
  if (facts.reload == kLive) facts.reload = kSource;
  return element(name, kind, where, help, facts);
}
constexpr SchemaElement by_admin(std::string_view name, ValueKind kind, Slot (*where)(void*),
                                 std::string_view help, RowFacts facts = {}) {
  SchemaElement row = by_owner(name, kind, where, help, facts);
  row.set_by = kAdmin;
  return row;
}

// A row for an element that other servers have and this one does not.
constexpr SchemaElement unsupported(std::string_view name, SchemaOrigin origin,
                                    std::string_view note, std::string_view aliases = {}) {
  return element(name, kNothing, nullptr, note,
                 {.aliases = aliases,
                  .set_by = kFile,
                  .origin = origin,
                  .support = kUnsupported,
                  .note = note});
}

// For an attribute that is checked, but has no meaning to us.
inline Slot no_value(void*) {
  return NumberSlot{nullptr, [](const void*) -> std::int64_t { return 0; },
                    [](void*, std::int64_t) {}};
}

constexpr SchemaElement number_of(std::string_view name, Slot (*where)(void*), std::int64_t max,
                                  std::string_view help) {
  return element(name, kNumber, where, help, {.max = max});
}
// max: in ten-thousandths.
constexpr SchemaElement fraction_of(std::string_view name, Slot (*where)(void*), std::int64_t max,
                                    std::string_view help) {
  return element(name, kFraction, where, help, {.max = max});
}
constexpr SchemaElement seconds_of(std::string_view name, Slot (*where)(void*), SchemaOrigin origin,
                                   std::string_view help) {
  return element(name, kSeconds, where, help, {.max = 86'400, .origin = origin});
}
constexpr SchemaElement bandwidth_of(Slot (*where)(void*)) {
  return element("max-bandwidth", kRate, where, "Bandwidth it can send; 0: no limit.",
                 {.max = 1'000'000'000'000'000, .example = "100M"});
}
constexpr SchemaElement port_of(std::string_view name, Slot (*where)(void*), SchemaOrigin origin,
                                std::string_view help) {
  return element(name, kNumber, where, help, {.max = 65'535, .origin = origin, .example = "8000"});
}

}  // namespace lb
