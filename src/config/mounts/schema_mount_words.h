// The choices of rows of <mount>, and rows of one kind.
// Thread: constants.
#pragma once

#include <string_view>

#include "config/schema/schema_rows.h"
#include "stream/mount/settings.h"

namespace lb {

inline constexpr SchemaChoice kMountTypes[] = {{"normal", 0}, {"default", 1}};
inline constexpr SchemaChoice kOverrideChoices[] = {{"none", 0}, {"all", 1}, {"own", 1}};
// KH's words.
inline constexpr SchemaChoice kPublicChoices[] = {{"yes", 1}, {"true", 1},  {"on", 1},
                                                  {"no", 0},  {"false", 0}, {"off", 0}};
inline constexpr SchemaChoice kNoYpChoices[] = {{"1", 0}, {"0", -1}};
inline constexpr SchemaChoice kDirectAccessChoices[] = {{"0", 1}, {"1", 0}};
inline constexpr SchemaChoice kLagChoices[] = {{"drop", LagPolicy::kDrop},
                                               {"skip", LagPolicy::kSkip}};

inline constexpr SchemaChoice kOverChoices[] = {{"keep", OverPolicy::kKeep},
                                                {"kick", OverPolicy::kKick}};

// A text of the source that the mount may override.
constexpr SchemaElement shown_text(std::string_view name, Slot (*where)(void*),
                                   std::string_view example,
                                   std::string_view help = "Shown instead of the source's value.") {
  return by_owner(name, kText, where, help,
                  {.origin = kIcecast24, .standard = "the source's", .example = example});
}

// A program that is run with the mount as its argument.
constexpr SchemaElement program(std::string_view name, Slot (*where)(void*),
                                std::string_view example, std::string_view help) {
  return element(name, kPath, where, help,
                 {.set_by = kFile, .reload = kNew, .origin = kIcecast24, .example = example});
}

}  // namespace lb
