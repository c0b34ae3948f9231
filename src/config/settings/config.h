// Config: the content of the configuration file, as one immutable value.
//
// Thread: built on one thread by the loader; afterwards shared as shared_ptr<const Config> and read
// by any thread.  Nothing in it is ever changed again: a reload makes another Config.
// Resolved by the loader for the floors below: mounts have the values of the default mount and the
// global limits; log files are absolute (or "-"); there is at least one listening socket; the flat
// <master-server> elements are one MasterSettings.
// Source: Icecast 2.4.4's file format with the names that 2.5 and Icecast-KH added.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "acme/settings.h"
#include "archive/files/settings.h"
#include "audience/settings.h"
#include "auth/login/settings.h"
#include "auth/password/passwords.h"
#include "base/log.h"
#include "base/shared_list.h"
#include "config/settings/cluster_config.h"
#include "config/settings/external_settings.h"
#include "config/settings/mount_book.h"
#include "config/settings/station_settings.h"
#include "config/settings/webhook_settings.h"
#include "hls/settings.h"
#include "http/credentials.h"
#include "http/settings.h"
#include "net/socket/settings.h"
#include "registry/settings.h"
#include "stream/mount/settings.h"

namespace lb {

// The <encoder> rows, completed from the mount; without rows, the mount's own login.
std::vector<EncoderSettings> source_logins(const MountSettings& mount);

// LoginIndex: whether a configuration file has a login, as administrator, relay or source of a
// mount.  The cost is the same for any number of mounts.
//
// Records and lists have hashes instead, which are compared one by one.
// Thread: built once with its configuration, then read by any thread.
// Ownership: keyed digests (HMAC-SHA-256, a random key), so it has no copy of the passwords, and
// the time of a look-up reveals none.
class LoginIndex {
 public:
  explicit LoginIndex(const Config& config);
  bool knows(const Credentials& given) const;

 private:
  void add(std::string_view user, std::string_view password);
  std::string digest(std::string_view user, std::string_view password) const;

  const std::string key_;
  std::unordered_set<std::string> logins_;
};

// MountIndex: finds the <mount> section of a name without trying all sections.
//
// The rule is that of the file: the first section with the mount's name, or with a pattern
// (fnmatch, FNM_PATHNAME) that matches it.  Names are found by their hash; only patterns before the
// section of that name are tried, in order.
// Thread: built once, then read by any thread.
class MountIndex {
 public:
  // A list of MountSettings of any kind.
  template <class Sections>
  explicit MountIndex(const Sections& sections) : size_(sections.size()) {
    names_.reserve(size_);
    std::uint32_t position = 0;
    for (const MountSettings& section : sections) add(section.name, position++);
  }

  // The position of the section; nullopt: none.
  std::optional<std::size_t> find(std::string_view mount) const;
  // The position of the section with exactly this name.
  std::optional<std::size_t> find_name(std::string_view name) const;
  std::size_t size() const noexcept { return size_; }  // sections

 private:
  void add(const std::string& name, std::uint32_t position);

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  struct Pattern {
    std::uint32_t position;
    std::uint32_t plain;  // bytes before its first wildcard
    std::string text;
  };
  std::unordered_map<std::string, std::uint32_t, Hash, std::equal_to<>> names_;
  std::vector<Pattern> patterns_;
  std::size_t size_;
};

// Where "make install" puts pages and templates; no trailing '/'.
std::string data_directory();

// <paths>; "": not set.  Relative paths stay as written: relative to the working directory, or to
// the new root after a chroot, as in Icecast.
struct PathSettings {
  std::string basedir;
  std::string logdir;
  std::string webroot = data_directory() + "/web";      // no trailing '/'
  std::string adminroot = data_directory() + "/admin";  // no trailing '/'
  std::string pidfile;
  std::string mime_types = "/etc/mime.types";  // content types by file extension
  std::string deny_ip;
  std::string allow_ip;
  std::string deny_agents;                   // patterns of User-Agent headers
  std::string geoipdb;                       // of countries; "": none
  std::string auth_spool;                    // "": auth.spool in logdir
  std::string state_dir;                     // "": see state_directory()
  std::vector<std::string> ssl_certificate;  // the client's SNI chooses
  std::vector<std::string> ssl_private_key;  // keys that are not in ssl_certificate
  std::string ssl_allowed_ciphers;
  std::string ssl_ticket_key;  // a file
  std::string ssl_cafile;      // roots to trust as a client; "": the system's
  std::vector<Alias> aliases;
  std::vector<std::string> x_forwarded_for;  // proxies whose X-Forwarded-For is trusted
};

struct SecuritySettings {
  bool chroot = false;
  std::string user;  // <changeowner>; both or neither are set
  std::string group;
  // <tls-context> of Icecast 2.5; adds to the ssl-* of <paths>.
  std::vector<std::string> tls_certificate, tls_key;
  std::string tls_allowed_ciphers;
  bool confine = false;
  std::vector<std::string> confine_read, confine_write;  // more directories besides the named paths
};

// <directory>: where public streams are announced ("YP").
struct DirectorySettings {
  std::string url;
  std::chrono::seconds timeout{6};
  std::chrono::seconds touch_interval{600};
};

// <metrics>
struct MetricsSettings {
  std::vector<std::string> allow;  // empty: this machine; "none": only the administrator
};

// <now>
struct NowSettings {
  unsigned max_readers = 20'000, per_address = 64;  // of event streams
};

struct Config {
  std::string file;  // the name it was read from, for messages

  std::string location = "Earth";
  std::string admin = "icemaster@localhost";
  std::string server_id = "Icecast 2.4.4 (icecast-lb " LB_VERSION ")";
  std::string hostname = "localhost";
  bool fileserve = true;
  bool icelogin = false;
  std::string shoutcast_mount = "/stream";
  bool relays_on_demand = false;
  int port = 8000;           // the port that playlists and listenurl print
  std::string bind_address;  // for the socket made from <port> without a <listen-socket>

  std::vector<ListenSettings> listen;  // never empty
  LimitSettings limits;
  PasswordSettings authentication;
  PathSettings paths;
  LogSettings logging;
  SecuritySettings security;
  std::vector<HttpHeader> http_headers;

  SharedList<MountSettings> mounts;  // <mount type="normal"> in file order
  // The index of `mounts`; null: sections are tried one by one.
  std::shared_ptr<const MountIndex> mount_index;
  // The file's logins; records add none.  Null only without a loader.
  std::shared_ptr<const LoginIndex> login_index;
  MountBook book;               // the mounts of records; a loader makes none
  MountSettings default_mount;  // for every path that no entry of mounts matches

  std::vector<RelaySettings> relays;  // of the file
  std::vector<MasterSettings> masters;
  std::vector<DirectorySettings> directories;
  ClusterSettings cluster;
  MetricsSettings metrics;
  NowSettings now;
  ArchiveSettings archive;
  HlsSettings hls;
  ExternalSettings external;
  ConsoleSettings console;
  AudienceSettings audience;
  // Each <acme> in file order; empty: no certificate is ordered.  The first <acme> with a name
  // orders it; an <acme> may be switched off.
  std::vector<AcmeSettings> acme;
  std::vector<WebhookSettings> webhooks;
  std::vector<StationSettings> stations;
  PlayerSettings player;
  ArtSettings art;
  bool api = true;  // /api/v1; it needs <console>
  StoreSettings store;
};

// The mount of Shoutcast sources and players at this socket, or that of the root.
const std::string& shoutcast_mount(const Config& config, const ListenSettings& socket);

// The section of a mount: that of its record; otherwise the first <mount> in file order whose name
// is `mount` or a pattern (fnmatch, FNM_PATHNAME) that matches it; otherwise the default mount,
// whose name is "".
const MountSettings& mount_section(const Config& config, std::string_view mount);
// The section with exactly this name, of a record or of the file; null: none.
const MountSettings* named_section(const Config& config, std::string_view name);
// Looks only at the file.
const MountSettings* file_section(const Config& config, std::string_view name);
// All sections except the default mount: of records by name, then of the file in its order.
template <class Each>
void for_each_section(const Config& config, Each each) {
  for (const auto& [name, section] : config.book.sections) each(*section);
  for (const MountSettings& section : config.mounts) each(section);
}
// Relays of the file, then of records; the file's relay of a mount has priority.
template <class Each>
void for_each_relay(const Config& config, Each each) {
  for (const RelaySettings& relay : config.relays) each(relay);
  for (const auto& [mount, relay] : config.book.relays) each(*relay);
}
// The account of the record in use for this mount; "": none, as for mounts of the file.  Valid as
// long as the configuration.
std::string_view mount_account(const Config& config, std::string_view mount);

// The settings of a mount's section, under the name `mount`.
MountSettings mount_settings(const Config& config, std::string_view mount);

// Whether /api/v1 is served.
bool api_is_on(const Config& config) noexcept;
// Whether mounts of <config-external> are passed on to the nodes.
bool external_is_for_cluster(const Config& config);
// The initial values of a section: the default mount without its authenticator and encoders.
MountSettings begin_section(const MountSettings& default_mount);
// Completes a section: the default mount's headers follow its own, as in Icecast.
void end_section(MountSettings& mount, const MountSettings& default_mount);
// Sets the HLS values of a section that depend on the whole configuration.
void resolve_hls(const Config& config, MountSettings& mount);

// <paths><state-dir>, or the first directory in $STATE_DIRECTORY (systemd's); "": unknown.
std::string state_directory(const Config& config);
// The names in the ordered certificates that an authority can sign; empty: none.
std::vector<std::string> acme_names(const Config& config);
// The names of one <acme>, signed or not, in lower case: its own, or <hostname> and the https
// <public-address>es.
std::vector<std::string> names_of_acme(const Config& config, const AcmeSettings& acme);
// The first enabled <acme>; null: none.
const AcmeSettings* first_acme(const Config& config);
// The <acme> whose certificate has this name, otherwise the first; null: none.
const AcmeSettings* acme_of_name(const Config& config, std::string_view name);
// Whether the configured authority cannot sign the name.
bool is_left_out(const AcmeSettings& acme, const std::string& name);
std::vector<WantedCertificate> wanted_certificates(const Config& config);
// The name of the certificate's files, see acme/kept_certificate.h.
std::string file_of(const WantedCertificate& certificate);
// The <node>s whose <certificates> or <allow-public> have this name.
std::vector<std::string> nodes_of_name(const Config& config, std::string_view name);
// <archive><dir>, or "archive" in the state directory; "": unknown.
std::string archive_directory_of(const Config& config);
// Whether a section of the file or of a record has an <archive>.
bool records_anything(const Config& config);

}  // namespace lb
