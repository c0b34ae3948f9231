#include "config/load/checks_files.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "auth/listener/authenticator.h"
#include "base/cat.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/file_stamp.h"
#include "config/load/checks.h"
#include "config/load/command_words.h"
#include "config/load/named_paths.h"
#include "net/tls/tls_context.h"

namespace lb {
namespace {

// The pages of Debian's Icecast package.
constexpr std::string_view kIcecastPages = "/usr/share/icecast2/";
constexpr std::size_t kLargestPage = 1 << 20;

std::string directory_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// For the effective user; "": no fault.
std::string path_fault(const std::string& path, int mode) {
  if (::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0) return "";
  return std::generic_category().message(errno);
}

bool is_there(const std::string& path) { return path_fault(path, F_OK).empty(); }

class FileChecks {
 public:
  explicit FileChecks(const LoadedConfig& loaded) : loaded_(loaded), config_(*loaded.config) {}

  std::vector<Diagnostic> run() {
    certificates();
    // A pid file that only root may name is written before the change of user.
    writable("paths/pidfile", config_.paths.pidfile, Severity::kWarning, "it is not written");
    if (::geteuid() == 0 && !config_.security.user.empty())
      user_ = cat({" for the user \"", config_.security.user, "\""});
    const auto as = AsUser::become(config_.security.user, config_.security.group);
    if (!as)
      add("security/changeowner", Severity::kError,
          cat({"<changeowner>: ", as.error().what, "; the server does not start"}));
    logs();
    paths();
    audience();
    stores();
    mount(config_.default_mount, "mount[default]");
    for (std::size_t i = 0; i < config_.mounts.size(); ++i)
      mount(config_.mounts[i], numbered("mount", i));
    programs();
    return std::move(lines_);
  }

 private:
  int line_of(const std::string& path) const {
    const auto at = loaded_.written.find(path);
    return at == loaded_.written.end() ? 0 : at->second;
  }
  // Other values are defaults, or inherited from a section that is checked.
  bool is_written(const std::string& path) const { return line_of(path) != 0; }
  void add(const std::string& path, Severity severity, std::string text) {
    lines_.push_back({line_of(path), severity, std::move(text)});
  }
  static std::string element(std::string_view path) {
    if (const std::size_t at = path.rfind("/@"); at != path.npos)
      return cat({"<", path.substr(0, at), " ", path.substr(at + 2), "=>: "});
    return cat({"<", path.substr(path.rfind('/') + 1), ">: "});
  }
  void complain(const std::string& path, Severity severity, const std::string& file,
                const std::string& fault, std::string_view consequence) {
    add(path, severity, cat({element(path), quoted(file), ": ", fault, user_, "; ", consequence}));
  }

  void readable(const std::string& path, const std::string& file, Severity severity,
                std::string_view consequence) {
    if (file.empty()) return;
    std::string fault = path_fault(file, R_OK);
    if (fault.empty() && !FileStamp::of_file(file).is_regular()) fault = "it is not a regular file";
    if (!fault.empty()) complain(path, severity, file, fault, consequence);
  }
  void directory(const std::string& path, const std::string& name, int mode, Severity severity,
                 std::string_view consequence) {
    if (name.empty()) return;
    std::string fault = path_fault(name, mode | X_OK);
    if (fault.empty() && !is_directory(name)) fault = "it is not a directory";
    if (!fault.empty()) complain(path, severity, name, fault, consequence);
  }
  // A file that must be writable, or its directory if the file is missing.
  void writable(const std::string& path, const std::string& file, Severity severity,
                std::string_view consequence) {
    if (file.empty() || file == "-") return;
    const bool there = is_there(file);
    const std::string fault =
        there ? path_fault(file, W_OK) : path_fault(directory_of(file), W_OK | X_OK);
    if (!fault.empty())
      complain(path, severity, there ? file : directory_of(file), fault, consequence);
  }
  // A directory that the server creates if it is missing.
  void made(const std::string& path, const std::string& name, Severity severity,
            std::string_view consequence) {
    if (name.empty()) return;
    if (is_there(name)) return directory(path, name, W_OK, severity, consequence);
    const std::string parent = directory_of(name);
    std::string fault = path_fault(parent, W_OK | X_OK);
    if (fault.empty() && !is_directory(parent)) fault = "it is not a directory";
    if (!fault.empty())
      complain(path, severity, name, cat({"cannot be made in ", quoted(parent), ": ", fault}),
               consequence);
  }

  void logs() {
    const LogSettings& logging = config_.logging;
    const std::string at = is_written("paths/logdir") ? "paths/logdir" : "logging/errorlog";
    const std::string_view no_start = "the server does not start";
    // One line for a directory that cannot be written is enough.
    const std::size_t before = lines_.size();
    writable(at, logging.error_path, Severity::kError, no_start);
    if (lines_.size() == before) writable(at, logging.access_path, Severity::kError, no_start);
    if (lines_.size() == before) writable(at, logging.playlist_path, Severity::kError, no_start);
  }

  void readable_for_tls(std::string_view consequence) {
    const auto each = [&](const std::string& path, const std::vector<std::string>& files) {
      for (const std::string& file : files) readable(path, file, Severity::kWarning, consequence);
    };
    each("paths/ssl-certificate", config_.paths.ssl_certificate);
    each("paths/ssl-private-key", config_.paths.ssl_private_key);
    each("security/tls-context/tls-certificate", config_.security.tls_certificate);
    each("security/tls-context/tls-key", config_.security.tls_key);
  }
  // A socket for TLS stays closed, never plain, without a certificate; a server opens at least one.
  void no_socket() {
    const std::vector<ListenSettings>& all = config_.listen;
    const bool plain =
        std::any_of(all.begin(), all.end(), [](const auto& one) { return !one.tls; });
    if (plain || all.empty() || !acme_names(config_).empty() || !config_.masters.empty()) return;
    lines_.push_back({all.front().line, Severity::kError,
                      "<listen-socket>: every port is for TLS, and there is no usable certificate; "
                      "the server does not start"});
  }
  // The user that starts the server loads the certificates before it changes to another user.
  void certificates() {
    readable_for_tls("sockets for TLS stay closed");
    tls_is_read_ = lines_.empty();
    const TlsSettings files = tls_files(config_);
    if (!tls_is_read_ || files.certificates.empty()) return no_socket();
    const auto loaded = TlsContext::load(files, nullptr);
    const std::string at = config_.paths.ssl_certificate.empty()
                               ? "security/tls-context/tls-certificate"
                               : "paths/ssl-certificate";
    for (const std::string& complaint : loaded.complaints)
      add(at, Severity::kWarning,
          cat({complaint, loaded.context ? "" : "; sockets for TLS stay closed"}));
    if (!loaded.context) return no_socket();
    for (const TlsContext::Certificate& one : loaded.context->certificates())
      if (one.expires <= std::chrono::system_clock::now())
        add(at, Severity::kWarning,
            cat({"the certificate for ", one.names, " in ", one.file, " has expired on ",
                 utc_text(one.expires, UtcForm::kDay), "; players refuse it"}));
  }

  void paths() {
    const PathSettings& paths = config_.paths;
    if (tls_is_read_)
      readable_for_tls("it is read at a start alone, so a renewed one needs a restart");
    for (const std::string& path : config_.security.confine_read)
      directory("security/confine/read", path, 0, Severity::kWarning, "nothing is read there");
    for (const std::string& path : config_.security.confine_write)
      directory("security/confine/write", path, W_OK, Severity::kWarning,
                "nothing is written there");
    readable("paths/ssl-ticket-key", paths.ssl_ticket_key, Severity::kWarning,
             "clients of TLS do not resume their sessions");
    readable("paths/ssl-cafile", paths.ssl_cafile, Severity::kWarning,
             "servers that this one pulls from by TLS are not trusted");
    readable("paths/deny-ip", paths.deny_ip, Severity::kWarning, "no address is refused by it");
    readable("paths/allow-ip", paths.allow_ip, Severity::kWarning, "every address is let in");
    readable("paths/deny-agents", paths.deny_agents, Severity::kWarning,
             "no program is refused by it");
    readable("paths/geoipdb", paths.geoipdb, Severity::kWarning, "listeners have no country");
    if (is_written("paths/mime-types"))
      readable("paths/mime-types", paths.mime_types, Severity::kWarning,
               "files have the types that are built in");
    for (const auto& [path, name] : {std::pair("paths/webroot", &paths.webroot),
                                     std::pair("paths/adminroot", &paths.adminroot)})
      if (is_written(path)) {
        directory(path, *name, R_OK, Severity::kWarning, "the pages that are built in are shown");
        if (name->starts_with(kIcecastPages) && is_directory(*name))
          add(path, Severity::kNote,
              cat({element(path), quoted(*name),
                   " has Icecast's pages; without this line the server's own are shown"}));
        if (is_of_icecast25(*name))
          add(path, Severity::kWarning,
              cat({element(path), quoted(*name),
                   " has pages that only Icecast 2.5 can show; without this line the server's own "
                   "are shown"}));
      }
    own_status_json();
    writable("paths/auth-spool", paths.auth_spool, Severity::kWarning,
             "a backend is not sent the listeners that a killed server has left");
    std::string lost = "sessions and their keys end with the server";
    if (config_.audience.enabled) lost += ", nothing of the audience is written down";
    if (first_acme(config_) != nullptr) lost += ", no certificate is ordered";
    if (records_anything(config_) && config_.archive.dir.empty()) lost += ", nothing is recorded";
    const bool loses = lost.find(',') != std::string::npos;
    made("paths/state-dir", paths.state_dir, loses ? Severity::kError : Severity::kWarning, lost);
  }

  // Its pages of both folders include files of the admin folder by a path that only it knows.
  static bool is_of_icecast25(const std::string& root) {
    const auto includes = [&root](std::string_view page, std::string_view file) {
      const auto found = read_file(cat({root, page}), {.limit = kLargestPage});
      return found && found->text.find(file) != std::string::npos;
    };
    return includes("/status.xsl", "includes/web-page.xsl") ||
           includes("/stats.xsl", "includes/mountnav.xsl");
  }
  // Icecast's, in all versions, imports this file; a station's own has other members.
  void own_status_json() {
    const std::string& root = config_.paths.webroot;
    if (!is_written("paths/webroot") || root.empty()) return;
    const auto file = read_file(root + "/status-json.xsl", {.limit = kLargestPage});
    if (file && file->text.find("xml2json.xslt") == std::string::npos)
      add("paths/webroot", Severity::kWarning,
          cat({element("paths/webroot"), quoted(root),
               " has a status-json.xsl of its own, which is not used: that address has the members "
               "of Icecast's; under another name it is served"}));
  }

  void audience() {
    const AudienceSettings& audience = config_.audience;
    writable("audience/database", audience.database, Severity::kError,
             "nothing of the audience is written to it");
    for (std::size_t i = 0; i < audience.reports.size(); ++i)
      directory(numbered("audience/report", i) + "/directory", audience.reports[i].directory, W_OK,
                Severity::kError,
                cat({"the report ", audience.reports[i].name, " is not written"}));
  }

  void stores() {
    made("archive/dir", config_.archive.dir, Severity::kError, "nothing is recorded");
    made("archive/cache-dir", config_.archive.cache_dir, Severity::kWarning,
         "recordings of other nodes are not kept");
    const StoreSettings& store = config_.store;
    if (store.type == StoreType::kFiles)
      made("store/@path", store.path, Severity::kError, "no record can be read or changed");
    if (store.type != StoreType::kEtcd) return;
    writable("store/@path", store.path, Severity::kWarning, "the last good copy is not kept");
    readable("store/ca-file", store.ca_file, Severity::kError, "etcd cannot be asked");
    readable("store/certificate", store.certificate, Severity::kError, "etcd cannot be asked");
    readable("store/key-file", store.key_file, Severity::kError, "etcd cannot be asked");
  }

  void mount(const MountSettings& mount, const std::string& path) {
    if (is_written(path + "/intro") && !mount.intro.empty())
      readable(path + "/intro", in_webroot(mount.intro), Severity::kWarning,
               "listeners hear no intro");
    if (is_written(path + "/dump-file"))
      writable(path + "/dump-file", directory_of(mount.dump_file) + "/x", Severity::kWarning,
               "nothing is dumped");
    for (const auto& [name, command] : {std::pair("on-connect", &mount.on_connect),
                                        std::pair("on-disconnect", &mount.on_disconnect)})
      if (is_written(cat({path, "/", name})) && !command->empty())
        program(cat({path, "/", name}), hook_words(*command).front());
    if (mount.authenticator.type != "htpasswd") return;
    const std::string block = path + "/authentication";
    const std::string at = is_written(block + "/@type") ? block + "/@type" : block;
    if (!is_written(at)) return;
    const std::string file(auth_option(mount.authenticator.options, "filename"));
    if (file.empty()) return;
    const std::string fault = path_fault(file, R_OK);
    if (fault.empty()) return;
    // If the file can be created, the first user added by an administrator creates it.
    const bool can_be_made = !is_there(file) && path_fault(directory_of(file), W_OK | X_OK).empty();
    add(at, can_be_made ? Severity::kWarning : Severity::kError,
        cat({"<authentication>: the file ", quoted(file), ": ", fault, user_,
             "; every listener is refused", can_be_made ? " until it is there" : ""}));
  }

  void programs() {
    program("cluster/on-node-event", config_.cluster.on_node_event);
    for (std::size_t i = 0; i < config_.acme.size(); ++i) {
      const std::string& hook = config_.acme[i].dns_hook;
      if (const std::string fault = hook.empty() ? "" : program_fault(hook); !fault.empty())
        complain(numbered("acme", i) + "/dns-hook", Severity::kError, hook, fault,
                 "dns-01 will fail");
      for (std::size_t j = 0; j < config_.acme[i].authorities.size(); ++j)
        readable(numbered(numbered("acme", i) + "/authority", j) + "/ca-file",
                 config_.acme[i].authorities[j].ca_file, Severity::kError,
                 "nothing is ordered there");
    }
    for (const RelaySettings& relay : config_.relays) {
      const auto words = command_words(relay.exec);
      if (relay.exec.empty() || !words || words->empty()) continue;
      const std::string fault = program_fault(words->front());
      if (!fault.empty())
        lines_.push_back({relay.line, Severity::kError,
                          cat({"<exec>: ", quoted(words->front()), ": ", fault, user_,
                               "; nothing is started"})});
    }
  }
  void program(const std::string& path, const std::string& command) {
    if (command.empty()) return;
    if (const std::string fault = program_fault(command); !fault.empty())
      complain(path, Severity::kWarning, command, fault, "it is not run");
  }
  // A name without a '/' is looked up in $PATH, which may differ for the service.
  static std::string program_fault(const std::string& name) {
    if (name.find('/') == std::string::npos) return "";
    if (is_directory(name)) return "it is a directory";
    return path_fault(name, X_OK);
  }

  std::string in_webroot(const std::string& name) const {
    return config_.paths.webroot + (name.starts_with('/') ? "" : "/") + name;
  }

  const LoadedConfig& loaded_;
  const Config& config_;
  std::string user_;
  bool tls_is_read_ = false;
  std::vector<Diagnostic> lines_;
};

}  // namespace

std::vector<Diagnostic> check_files(const LoadedConfig& loaded) {
  if (loaded.config->security.chroot) return {};
  return FileChecks(loaded).run();
}

Result<AsUser> AsUser::become(const std::string& user, const std::string& group) {
  AsUser as;
  if (::geteuid() != 0 || user.empty() || group.empty()) return as;
  const struct passwd* const to = ::getpwnam(user.c_str());
  if (to == nullptr) return Error::not_found(cat({"there is no user \"", user, "\""}));
  const uid_t id = to->pw_uid;
  const struct group* const of = ::getgrnam(group.c_str());
  if (of == nullptr) return Error::not_found(cat({"there is no group \"", group, "\""}));
  const gid_t own = of->gr_gid;
  const int count = ::getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count > 0 && ::getgroups(count, groups.data()) < 0) groups.clear();
  as.groups_ = std::move(groups);
  // The user is changed last, as groups cannot be changed after it.
  if (::initgroups(user.c_str(), own) != 0 || ::setegid(own) != 0 || ::seteuid(id) != 0)
    return Error::io(cat({"the user cannot be changed to \"", user, "\""}));
  return as;
}

AsUser::AsUser(AsUser&& other) noexcept : groups_(std::exchange(other.groups_, std::nullopt)) {}

AsUser::~AsUser() {
  if (!groups_) return;
  // After a failure the process has fewer rights, which is safe: it only prints and ends.
  if (::seteuid(0) != 0 || ::setegid(::getgid()) != 0 ||
      ::setgroups(groups_->size(), groups_->data()) != 0)
    return;
}

}  // namespace lb
