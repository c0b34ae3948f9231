// Printer: what --dump-config and --dump-reference print.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/loader.h"

namespace lb {

// Every effective value, a line each: "limits/clients = 100".  Behind it "(default)" where the file
// has no value, "(inherited)" where a mount has it from the default mount or the limits.
// Passwords are hidden.
std::string dump_config(const LoadedConfig& loaded);

// kMetrics: the metrics instead.
enum class ReferenceFormat : std::uint8_t { kMarkdown, kMan, kXml, kMetrics };
// "md", "man", "xml", "metrics".
std::optional<ReferenceFormat> parse_reference_format(std::string_view name);

// Every element with its type, range, default and meaning; doc/config.md, the man page and
// doc/metrics.md are this text.
std::string dump_reference(ReferenceFormat format);

}  // namespace lb
