// Any bytes as a configuration file: never a crash, never a half-made Config, never a difference
// between a configuration and itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/load/loader.h"
#include "config/load/reload.h"
#include "config/print/printer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto loaded = lb::load_config_text(text, "fuzz.xml");
  if (!loaded.has_value()) {
    if (lb::fatal_text("fuzz.xml", loaded.error()).empty()) std::abort();
    return 0;
  }
  const lb::Config& config = *loaded->config;
  if (config.listen.empty() || !lb::reload_plan(config, config).empty()) std::abort();
  for (const auto& diagnostic : loaded->diagnostics) {
    const std::string line = lb::to_string(diagnostic, "fuzz.xml");
    if (line.find('\n') != std::string::npos) std::abort();  // one message, one line of the log
  }
  static const auto empty = lb::load_config_text("<icecast/>", "empty.xml");
  for (const lb::Change& change : lb::reload_plan(*empty->config, config)) {
    if (lb::to_string(change).find('\n') != std::string::npos) std::abort();
  }
  for (const char* mount : {"/", "/a", "/live/a.mp3"}) {
    if (lb::mount_settings(config, mount).name != mount) std::abort();
  }
  if (lb::dump_config(*loaded).empty()) std::abort();
  return 0;
}
