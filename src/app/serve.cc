#include "app/serve.h"

#include <unistd.h>

#include <string>
#include <string_view>
#include <utility>

#include "app/process/service_manager.h"
#include "app/server.h"
#include "base/cat.h"
#include "config/loader.h"
#include "program/process.h"

namespace lb {
namespace {

// What the loader found goes to standard error: the logs are not open yet.
bool usable(const LoadedConfig& loaded, const std::string& path) {
  for (const Diagnostic& d : loaded.diagnostics)
    if (d.severity != Severity::kNote) write_console(STDERR_FILENO, to_string(d, path) + "\n");
  return !loaded.refuses_start();
}

}  // namespace

int serve(const Options& options) {
  if (options.background) go_to_background();
  auto manager = ServiceManager::take_from_environment();
  const std::string& path = options.config_file;
  const LoadOptions load{options.allow_default_passwords};
  auto loaded = load_config_file(path, load);
  if (!loaded) {
    write_console(STDOUT_FILENO, fatal_text(path, loaded.error()));
    return 1;
  }
  if (!usable(*loaded, path)) return 1;
  const auto config = loaded->config;
  raise_limits();
  Server server(system_clock(), path, load, std::move(*loaded), std::move(manager));
  if (auto bound = server.bind(); !bound) {
    write_console(STDERR_FILENO, bound.error().what + "\nServer startup failed. Exiting\n");
    return 1;
  }
  const UniqueFd nothing = options.background ? open_nothing() : UniqueFd();
  // The pid file is written as root only where no other user can change the configuration that
  // names it.
  const bool as_root = only_root_writes(path);
  Result<PidFile> pid_file = as_root ? PidFile::write(config->paths.pidfile) : PidFile();
  if (auto dropped = drop_privileges(config->security, config->paths, options.debuggable);
      !dropped) {
    write_console(STDERR_FILENO, dropped.error().what + "\n");
    return 1;
  }
  if (!as_root) pid_file = PidFile::write(config->paths.pidfile);
  if (!pid_file)
    write_console(STDERR_FILENO,
                  cat({"WARNING: ", pid_file.error().what, "; running without one\n"}));
  if (auto logs = server.open_logs(); !logs) {
    write_console(STDERR_FILENO, cat({"FATAL: could not open error logging: ", logs.error().what,
                                      "\nFATAL: Could not start logging\n"}));
    return 1;
  }
  if (options.background) leave_console(nothing, config->logging);
  server.run(!options.background);
  return 0;
}

}  // namespace lb
