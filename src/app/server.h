// Server: builds the floors from a configuration, runs them, reloads and stops them.
//
// Thread: the main thread, which becomes control.
// Ownership: main() owns the server; the server owns everything else.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/access_stage.h"
#include "app/listen_sockets.h"
#include "app/notify.h"
#include "app/service_manager.h"
#include "app/services.h"
#include "app/switch_service.h"
#include "app/watchdog.h"
#include "base/result.h"
#include "config/loader.h"
#include "net/signal_watch.h"

namespace lb {

class Server {
 public:
  Server(const Clock& clock, std::string config_path, LoadOptions load_options, LoadedConfig first,
         ServiceManager manager);

  // Binds every <listen-socket>; before privileges are dropped.  An error: none could be bound.
  Result<void> bind();
  Result<void> open_logs();
  // Until a signal ends it.  announce: print the "ready" line that tests wait for.
  void run(bool announce);
  Log& log() noexcept { return services_->log; }

 private:
  void watch_signals();
  void reload();
  void reloaded(std::string_view status);
  void apply(LoadedConfig next);
  void reopen_logs();
  void stop();
  void end_all();
  void terminate();  // TERM: as the configuration says, or now
  SourceAdmission::Doors admission_doors();
  Drain::Doors drain_doors();
  void source_begun(const std::shared_ptr<Mount>& mount);
  void source_ended(const std::shared_ptr<Mount>& mount);
  void open_auth_spool();
  void run_hook(const std::string& program, const Mount& mount, std::string_view trigger);

  const std::string config_path_;
  const LoadOptions load_options_;
  std::unique_ptr<Services> services_;
  ListenSockets sockets_;
  SwitchService switches_;
  Notifier notifier_;
  Watchdog watchdog_;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  std::unique_ptr<AccessWatch> access_watch_;
  bool reloading_ = false, reload_again_ = false;
  bool stopping_ = false;
};

}  // namespace lb
