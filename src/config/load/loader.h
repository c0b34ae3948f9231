// Loader: a configuration file → Config and all diagnostics.
//
// Thread: reads a file, so call it at start or on the clerk, never on a worker.
// Errors: an error means no configuration (not readable, no XML, another root element).  Everything
// else is a diagnostic, and the Config is complete: an unusable element keeps its default, as in
// Icecast 2.4.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/schema/diagnostic.h"
#include "config/settings/config.h"

namespace lb {

struct LoadedConfig {
  std::shared_ptr<const Config> config;
  std::vector<Diagnostic> diagnostics;  // in the order of their lines
  std::map<std::string, int> written;   // path of every value taken from the file → its line
  std::vector<Reading> readings;        // the same by lines, as written

  bool has_errors() const noexcept;     // --check-config fails
  bool refuses_start() const noexcept;  // a start is refused
};

Result<LoadedConfig> load_config_file(const std::string& path, const LoadOptions& options = {});
// name: of the file, for messages.
Result<LoadedConfig> load_config_text(std::string_view text, const std::string& name,
                                      const LoadOptions& options = {});

// What Icecast prints when there is no configuration, for standard output:
// "FATAL: error parsing config file (FILE)\nXML config parsing error: line 3: …".
std::string fatal_text(std::string_view file, const Error& error);

}  // namespace lb
