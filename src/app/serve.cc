#include "app/serve.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/handover/handover.h"
#include "app/handover/take_over.h"
#include "app/process/service_manager.h"
#include "app/server.h"
#include "app/services/services.h"
#include "base/cat.h"
#include "config/load/loader.h"
#include "program/confine.h"
#include "program/process.h"

namespace lb {
namespace {

// The loader's findings go to standard error, as the logs are not open yet.  An upgrade writes them
// to the log once it is: the standard error of a server that runs is often closed.
bool usable(const LoadedConfig& loaded, const std::string& path) {
  for (const Diagnostic& d : loaded.diagnostics)
    if (d.severity != Severity::kNote) write_console(STDERR_FILENO, to_string(d, path) + "\n");
  return !loaded.refuses_start();
}

std::vector<std::string> findings_of(const LoadedConfig& loaded, const std::string& path) {
  std::vector<std::string> findings;
  for (const Diagnostic& d : loaded.diagnostics) findings.push_back(to_string(d, path));
  return findings;
}

std::string first_reason(const LoadedConfig& loaded, const std::string& path) {
  for (const Diagnostic& d : loaded.diagnostics)
    if (d.severity == Severity::kFatal) return to_string(d, path);
  return path + " cannot be used";
}

// Null: there is no process before.
Result<std::unique_ptr<TakeOver>> begin_take_over(const Options& options) {
  if (options.take_over < 0) return std::unique_ptr<TakeOver>();
  // Before passwords and keys come; become_user() says what holds from then on.
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  auto begun = TakeOver::begin(options.take_over);
  if (!begun) write_console(STDERR_FILENO, cat({"--take-over: ", begun.error().what, "\n"}));
  return begun;
}

// A step of the start writes its failure to the console; the process before gets the error.
Result<LoadedConfig> load_usable(const std::string& path, const LoadOptions& load) {
  auto loaded = load_config_file(path, load);
  if (!loaded) {
    write_console(STDOUT_FILENO, fatal_text(path, loaded.error()));
    return Error::invalid(cat({path, ": ", loaded.error().what}));
  }
  if (!usable(*loaded, path)) return Error::invalid(first_reason(*loaded, path));
  return loaded;
}

// <confine>: whether the process is confined from here on.
bool give_up_rest(const Config& config, const std::string& program, bool already, Log& log) {
  constexpr std::string_view kModule = "main/confine";
  if (already) {
    // Another layer could only remove rights, and the number of layers is limited.
    log.info(kModule, config.security.confine
                          ? "the process is confined like the previous one"
                          : "the process stays confined until a restart, like the previous one");
    for (const std::string& directory : out_of_reach(config))
      log.warn(kModule, cat({"directory ", directory,
                             " is named in the configuration, but was not "
                             "when the process was confined; it is out of reach until a restart"}));
    return true;
  }
  if (!config.security.confine) return false;
  const Confinement made = confine(config, program);
  for (const std::string& text : made.lacking) log.warn(kModule, text);
  if (made.holds) log.info(kModule, made.held);
  return made.holds;
}

// Holds signals until the running server watches for them; until then they would end the process.
void hold_signals(std::initializer_list<int> numbers) {
  sigset_t held;
  ::sigemptyset(&held);
  for (const int number : numbers) ::sigaddset(&held, number);
  ::pthread_sigmask(SIG_BLOCK, &held, nullptr);
}

// What this process lacks of the certificates of the one before; "": nothing.
std::string lacking_certificates(const Server& server, const TakeOver& before) {
  // Without certificates it would accept TLS connections and answer none.
  if (before.has_certificate() && !server.why_no_certificate().empty())
    return "no certificate could be loaded: " + server.why_no_certificate();
  // A reload keeps it; here its names would be shown another one.
  const std::string why = server.why_lost_certificate(before.certificates_in_use());
  return why.empty() ? why : "a certificate that is in use could not be loaded: " + why;
}

Result<void> open_sockets(Server& server, TakeOver* before) {
  if (before != nullptr)
    server.take_sockets(before->sockets(), before->cluster_port(), before->switch_ports(),
                        before->certificates());
  if (auto bound = server.bind(); !bound) {
    write_console(STDERR_FILENO, bound.error().what + "\nServer startup failed. Exiting\n");
    return bound;
  }
  if (before == nullptr) return {};
  const std::string why = lacking_certificates(server, *before);
  return why.empty() ? Result<void>() : Error::not_found(why);
}

// `first`: there is no process before.  As root the pid file is written only if no other user can
// change the configuration that names it.  dumpable: as the kernel has begun this process.
Result<void> become_user(const Options& options, const Config& config, bool first, int dumpable,
                         Result<PidFile>& pid_file) {
  const bool as_root = only_root_writes(options.config_file);
  if (first) hold_signals({SIGTERM, SIGINT});  // the pid file is removed at the end
  if (first && as_root) pid_file = PidFile::write(config.paths.pidfile);
  if (!first && config.security.user.empty()) ::prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
  auto dropped = drop_privileges(config.security, config.paths, options.debuggable);
  if (dropped && first && !as_root) pid_file = PidFile::write(config.paths.pidfile);
  if (!dropped)
    write_console(STDERR_FILENO, dropped.error().what + "\n");
  else if (!pid_file)
    write_console(STDERR_FILENO,
                  cat({"WARNING: ", pid_file.error().what, "; running without one\n"}));
  return dropped;
}

Result<void> open_logs(Server& server, const std::vector<std::string>& findings) {
  auto logs = server.open_logs();
  if (logs)
    for (const std::string& finding : findings)
      server.services().log.warn("config/upgrade", finding);
  if (!logs)
    write_console(STDERR_FILENO, cat({"FATAL: could not open error logging: ", logs.error().what,
                                      "\nFATAL: Could not start logging\n"}));
  return logs;
}

Result<void> make_threads(Server& server) {
  auto made = server.make_threads();
  if (!made) {
    server.services().log.error("main/main", made.error().what + "; the server cannot start");
    write_console(STDERR_FILENO, made.error().what + "\nServer startup failed. Exiting\n");
  }
  return made;
}

// nullopt: the process before goes on.
std::optional<Standing> take_state(Server& server, TakeOver& before, const std::string& path,
                                   Result<PidFile>& pid_file) {
  // The following steps until GO have a deadline, so all problems were found before.
  server.prepare(before);
  if (!before.prepared() || !server.take_over(before)) return std::nullopt;
  Standing standing = before.standing();
  if (standing.stand_in) notify_stand_in(standing.stand_in.get(), ::getpid(), before.upgrades());
  // Without a stand-in, --upgrade finds this process by the pid file.
  if (!before.stands_in()) standing.known_pid = static_cast<std::uint64_t>(::getpid());
  pid_file = before.stands_in() ? Result<PidFile>(PidFile::keep(path))
                                : PidFile::write_again(std::move(standing.pid_file), path);
  standing.upgrades = before.upgrades();
  return standing;
}

}  // namespace

int serve(const Options& options, Launch launch) {
  hold_signals({SIGHUP, SIGUSR1, SIGUSR2});
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a write beyond ulimit -f then fails as on a full disk
  const int dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  auto begun = begin_take_over(options);
  if (!begun) return 1;
  std::unique_ptr<TakeOver> before = std::move(*begun);
  // Reports a failure to the previous process.
  const auto refuse = [&before](std::string_view why) {
    if (before) before->refuse(why);
    return 1;
  };
  if (options.background && !before) go_to_background();
  auto manager = ServiceManager::take_from_environment();
  if (before) manager = before->manager();
  const auto watchdog = manager.watchdog;
  const std::string& path = options.config_file;
  const LoadOptions load{options.allow_default_passwords};
  auto loaded = load_usable(path, load);
  if (!loaded) return refuse(loaded.error().what);
  const auto config = loaded->config;
  const auto findings = before ? findings_of(*loaded, path) : std::vector<std::string>();
  raise_limits();
  // Logs, recordings and streams could not grow any more.
  if (before && file_limit() < before->file_limit())
    return refuse(cat({"its files may have ", file_limit(), " bytes (ulimit -f), those of the ",
                       "previous process ", before->file_limit()}));
  Server server(system_clock(), path, load, std::move(*loaded), std::move(manager),
                before ? before->workers() : 0);
  if (auto opened = open_sockets(server, before.get()); !opened) return refuse(opened.error().what);
  const UniqueFd nothing = options.background ? open_nothing() : UniqueFd();
  Result<PidFile> pid_file{PidFile()};
  if (auto became = become_user(options, *config, !before, dumpable, pid_file); !became)
    return refuse(became.error().what);
  if (auto logs = open_logs(server, findings); !logs) return refuse(logs.error().what);
  if (options.background) leave_console(nothing, config->logging);
  const bool confined =
      give_up_rest(*config, launch.program, before && before->confined(), server.services().log);
  // Before the previous process hands over its state, which a lack of threads would lose.
  if (auto made = make_threads(server); !made) return refuse(made.error().what);
  Standing standing;
  if (before) {
    auto taken = take_state(server, *before, config->paths.pidfile, pid_file);
    if (!taken) {
      before.reset();  // it has notices of listeners, which end before the server
      return 1;
    }
    standing = std::move(*taken);
  } else {
    standing.known_pid = static_cast<std::uint64_t>(::getpid());
  }
  if (pid_file) standing.pid_file = pid_file->share();
  HandoverPlan plan;
  plan.launch = std::move(launch);
  if (config->security.chroot) plan.launch.root = config->paths.basedir;
  plan.background = options.background;
  plan.watchdog = watchdog;
  plan.confined = confined;
  server.may_hand_over(std::move(plan), std::move(standing));
  const bool announce = !options.background && !before;
  server.run(announce, std::move(before));
  return 0;
}

}  // namespace lb
