// Server: builds the floors from a configuration, runs them, reloads and stops them.
//
// Thread: the main thread, which becomes control.
// Ownership: main() owns the server; the server owns everything else.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/drain/drain.h"
#include "app/process/heap_trim.h"
#include "app/process/log_writer.h"
#include "app/process/notify.h"
#include "app/process/service_manager.h"
#include "app/services/listen_sockets.h"
#include "app/switch_service.h"
#include "base/result.h"
#include "config/schema/diagnostic.h"
#include "net/loop/signal_watch.h"
#include "net/tls/tls_context.h"

namespace lb {

struct AdmissionCallbacks;
struct Config;
enum class DeliveryCall : std::uint8_t;
struct EncoderChange;
class Handover;
struct HandoverPlan;
struct LoadedConfig;
class Mount;
struct OverlayUpdate;
struct Services;
struct Standing;
class TakeOver;

class Server {
 public:
  Server(const Clock& clock, std::string config_path, LoadOptions load_options, LoadedConfig first,
         ServiceManager manager, unsigned workers = 0);  // 0: as configured

  ~Server();
  // Binds every <listen-socket>, before privileges are dropped.  Error: none could be bound.
  Result<void> bind();
  Result<void> open_logs();
  // For a hand-over: before bind(); after bind(); before run().
  void take_sockets(std::vector<ListenSockets::Handed> sockets,
                    std::pair<UniqueFd, int> cluster_port,
                    std::vector<ListenSockets::Handed> switch_ports, FileCopies certificates);
  // After bind(): why no configured certificate could be loaded; "": some are loaded.
  const std::string& why_no_certificate() const;
  std::string why_lost_certificate(const std::vector<std::string>& in_use) const;
  void prepare(TakeOver& before);
  Result<void> take_over(TakeOver& before);
  // Makes the threads while a lack of them can still be reported; run() starts them.
  Result<void> make_threads();
  void may_hand_over(HandoverPlan plan, Standing standing);
  // Runs until a signal ends it.  announce: prints the "ready" line that tests wait for.  before:
  // the process whose work this one takes over.
  // REQUIRES: make_threads()
  void run(bool announce, std::unique_ptr<TakeOver> before = nullptr);
  // The part of run() before its loops start; tests call it and run the loops themselves.
  void begin(std::unique_ptr<TakeOver> before = nullptr);
  // The actions of signals: HUP, USR1, TERM, INT.
  void reload();
  void rotate_logs();
  void terminate();                   // the configured drain, or now
  void upgrade(std::uint64_t asker);  // USR2
  void stop();
  Services& services() noexcept { return *services_; }
  const ListenSockets& sockets() const noexcept { return sockets_; }

 private:
  void reopen_logs();
  void watch_signals();
  void go_on();
  void log_pause() const;
  void watch_stand_in();
  void on_stand_in(short events);
  std::string upgrade_obstacle() const;
  void mount_taken_over(const std::shared_ptr<Mount>& mount);
  void begin_records();
  void reloaded(std::string_view status);
  void reload_read(const Result<LoadedConfig>& loaded);
  void reload_done(bool applied);
  void apply(const OverlayUpdate& update);
  void apply_records(const OverlayUpdate& update);
  // Passes the configuration to all parts that follow it.
  enum class Moment : std::uint8_t { kStart, kReload };
  void configure(const std::shared_ptr<const Config>& config, Moment moment);
  void set_delivery(DeliveryCall call);
  // Reads the access lists and the database of countries, which may be edited at any time.
  void read_lists();
  void poll_files(Moment moment);
  void begin_ports();
  void open_ports(ListenSockets::Attempt attempt);
  void try_ports_again();
  void apply_ports(const std::shared_ptr<const Config>& config);
  // Calls then() afterwards, on control.
  void load_certificates(const std::shared_ptr<const Config>& config, std::function<void()> then);
  void end_all();
  void make_operators();
  void make_streams();
  void make_pages();
  void make_admission();
  void make_cluster();
  AdmissionCallbacks admission_callbacks();
  void add_standby_callbacks(AdmissionCallbacks& callbacks);
  void changed_over(const Mount& mount, const EncoderChange& change);
  Drain::Callbacks drain_callbacks();
  struct MountReceiver;
  static std::span<const MountReceiver> mount_receivers();
  void mount_begun(const std::shared_ptr<Mount>& mount);
  void mount_went_on(const std::shared_ptr<Mount>& mount);
  void mount_ended(const std::shared_ptr<Mount>& mount);
  void drain_changed(const DrainPicture& now);
  void open_auth_spool();
  void run_hook(const std::string& program, const Mount& mount, std::string_view trigger);

  const std::string config_path_;
  const LoadOptions load_options_;
  std::unique_ptr<Services> services_;
  std::optional<LogWriter> log_writer_;
  ListenSockets sockets_;
  SwitchService switches_;
  Notifier notifier_;
  SocketStore store_;
  Watchdog watchdog_;
  HeapTrim heap_trim_;
  std::unique_ptr<TakeOver> before_;
  std::unique_ptr<Handover> handover_;
  Watch stand_in_watch_;
  bool records_begun_ = false;
  std::vector<std::unique_ptr<SignalWatch>> signals_;
  Timer file_timer_, port_timer_;
  bool reloading_ = false, reload_again_ = false;
  unsigned reading_certificates_ = 0;          // times, for new ports
  std::optional<std::uint64_t> upgrade_next_;  // its asker: it comes behind the reload
  bool stopping_ = false;
};

}  // namespace lb
