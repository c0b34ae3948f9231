// Printer: what --dump-config and --dump-reference print.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "config/load/loader.h"

namespace lb {

// Every effective value, a line each: "limits/clients = 100", with "(default)" if the file has no
// value, "(inherited)" if a mount has it from the default mount or the limits.  Passwords are
// hidden.
std::string dump_config(const LoadedConfig& loaded);

// kMetrics: the metrics. kRecord: the JSON Schema of a mount's record.
enum class ReferenceFormat : std::uint8_t {
  kMarkdown,
  kMan,
  kXml,
  kMetrics,
  kRecord,
  kOpenApi,
  kApi
};
// "md", "man", "xml", "metrics", "record", "openapi", "api".
std::optional<ReferenceFormat> parse_reference_format(std::string_view name);

// Every element with its type, range, default and meaning: the text of doc/config.md, the man page
// and doc/metrics.md.  The floor above makes kOpenApi and kApi: api/openapi.h.
std::string dump_reference(ReferenceFormat format);

}  // namespace lb
