// Loads a configuration from the text inside <icecast>, and finds messages.  For tests.
#pragma once

#include <string>
#include <string_view>

#include "config/load/loader.h"

namespace lb {

inline LoadedConfig load(const std::string& inside, const LoadOptions& options = {}) {
  auto loaded = load_config_text("<icecast>" + inside + "</icecast>", "test.xml", options);
  return loaded.has_value() ? std::move(*loaded) : LoadedConfig{};
}

// How many diagnostics of this severity contain the text.
inline int count(const LoadedConfig& loaded, Severity severity, std::string_view text) {
  int found = 0;
  for (const Diagnostic& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == severity && diagnostic.text.find(text) != std::string::npos) ++found;
  }
  return found;
}

}  // namespace lb
