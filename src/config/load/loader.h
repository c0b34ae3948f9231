// Loader: a configuration file → Config and everything there is to say about it.
//
// Thread: reads a file, so call it at start or on the clerk, never on a worker.
// Errors: a Result error means that there is no configuration at all (not readable, no XML, another
// root element).  Everything else is a diagnostic, and the Config is complete: an element that
// cannot be used keeps its default, as Icecast 2.4 goes on with whatever it reads.
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

struct LoadOptions {
  bool allow_default_passwords = false;  // "hackme" becomes a warning
};

struct LoadedConfig {
  std::shared_ptr<const Config> config;
  std::vector<Diagnostic> diagnostics;  // in the order of their lines
  std::map<std::string, int> written;   // path of every value taken from the file → its line
  std::vector<Reading> readings;        // the same, in the order of their lines, as it was written

  bool has_errors() const noexcept;     // --check-config fails
  bool refuses_start() const noexcept;  // so does a start
};

Result<LoadedConfig> load_config_file(const std::string& path, const LoadOptions& options = {});
// name: stands for the file in messages.
Result<LoadedConfig> load_config_text(std::string_view text, const std::string& name,
                                      const LoadOptions& options = {});

// What Icecast prints when there is no configuration, for standard output:
// "FATAL: error parsing config file (FILE)\nXML config parsing error: line 3: …".
std::string fatal_text(std::string_view file, const Error& error);

}  // namespace lb
