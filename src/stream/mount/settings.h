// Plain settings of the stream floor; config/ fills them fully merged: a MountSettings has the
// default mount's and the global values where the mount sets none.
// Thread: plain values.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time_zone.h"
#include "http/settings.h"

namespace lb {

enum class LagPolicy : std::uint8_t { kDrop, kSkip };  // <lag-policy>: drop | skip
// over= of <max-listeners-cluster>: listeners beyond it stay, or the newest end.
enum class OverPolicy : std::uint8_t { kKeep, kKick };
enum class DeliveryCall : std::uint8_t { kAuto, kSendfile, kWritev };  // <delivery>

struct LimitSettings {
  unsigned clients = 256;
  unsigned sources = 16;
  std::size_t queue_bytes = 512000;
  std::size_t burst_bytes = 65536;  // 0 when burst-on-connect is 0
  std::chrono::seconds header_timeout{15};
  std::chrono::seconds source_timeout{10};
  std::chrono::seconds client_timeout{30};
  std::chrono::seconds hand_over_time{12 * 3600};
  std::chrono::milliseconds max_pulse{750};
  unsigned threads = 0;  // workers; 0: one a processor, at most 64
  DeliveryCall delivery = DeliveryCall::kAuto;
  unsigned max_listeners = 0;       // KH: over all mounts; 0 = no limit
  std::uint64_t max_bandwidth = 0;  // KH: of what listeners get, bit/s; 0: not limited
  unsigned max_per_address = 0;     // listeners; 0: not limited
};

// <authentication type= > with its <option name= value=/> rows, not interpreted here.
struct AuthenticatorSettings {
  std::string type;  // "htpasswd", "url", …; "": none
  std::vector<std::pair<std::string, std::string>> options;
};

enum class ArchiveListeners : std::uint8_t {
  kMount,  // listeners of the mount
  kNone,   // administrators only
};

// <archive> of a mount, for the archive floor.
struct MountArchive {
  bool enabled = false;
  std::chrono::seconds retention{7 * 86'400};
  std::uint64_t max_bytes = 0;  // 0: not limited
  // limits/storage of its record, whether it is recorded or not; nullopt: none.
  std::optional<std::uint64_t> storage_bytes;
  ArchiveListeners listeners = ArchiveListeners::kMount;
  std::chrono::seconds window{0};  // how far back listeners may go; 0: to the oldest byte
  unsigned downloads = 4;          // at once
  bool fill = false;               // what this node has missed is fetched from others
  // Unix seconds, of a record: older recordings were made for another account of this name, or for
  // none; only administrators may have them. 0: none are older.
  std::int64_t since = 0;
  bool of_record = false;  // the section is a record's

  bool operator==(const MountArchive&) const = default;
};

// <balance> of a mount, for the cluster floor; -1: as for all mounts.
struct MountBalance {
  int policy = -1, when = -1, affinity = -1;
  int min_carriers = -1, busy_listeners = -1;
  std::vector<std::string> tags;  // nodes must have all of them

  bool operator==(const MountBalance&) const = default;
};

// <hls><variant>: another mount with the same programme.
struct HlsVariantRow {
  std::string mount;

  bool operator==(const HlsVariantRow&) const = default;
};

// <encoder>: a login that may feed the mount, and its place among them.
struct EncoderSettings {
  std::string username;  // "": the mount's
  std::string password;  // "": the mount's
  int priority = 0;      // smaller is better

  bool operator==(const EncoderSettings&) const = default;
};

constexpr std::size_t kMaxEncoders = 8;  // of a mount

// <dead-air>: a stream whose sound is silence.
struct DeadAirSettings {
  static constexpr std::chrono::seconds kUsual{20};

  std::chrono::seconds after{0};  // 0: not checked
  int level = -50;                // dB; lower levels are silence
  bool failover = false;          // change to a standby

  bool operator==(const DeadAirSettings&) const = default;
};

// <hours> of a login: each week, on these days.  "20:00" to "02:00" goes over midnight.
struct WeeklyHours {
  std::vector<std::string> days;  // "mon" … "sun", when they begin; empty: each day
  std::string from, until;        // "20:00"; until also "24:00"

  bool operator==(const WeeklyHours&) const = default;
};

// A source's login in a mount's record; when it may be used: stream/mount/login_hours.h.
struct RecordLogin {
  std::string user;
  std::string hash;                  // as in auth/password/password_hash.h; "": `password` counts
  std::string password;              // of external configurations only
  std::int64_t from = 0, until = 0;  // Unix seconds; 0: not limited
  std::vector<WeeklyHours> hours = {};  // empty: always
  std::string zone = {};                // of the hours, "Europe/Berlin"; "": the server's
  std::chrono::seconds grace{0};        // after each end, for a source on the air
  bool live = false;                    // while it sends, pages show its user as the presenter
  // `zone`, in a section of a configuration; null: no hours, or the zone is not known here.
  std::shared_ptr<const TimeZone> clock = nullptr;

  bool operator==(const RecordLogin&) const = default;
};

// The origin of a mount's settings, besides the default mount. kMaster: the external configuration
// of a master of this node.
enum class MountOrigin : std::uint8_t { kFile, kStore, kExternal, kMaster };

struct MountSettings {
  std::string name;  // may be a pattern (fnmatch, FNM_PATHNAME)
  std::string username = "source";
  std::string password;                         // "": the global source password
  int max_listeners = -1;                       // -1: no limit
  int max_listeners_cluster = -1;               // on all nodes together; -1: no limit
  OverPolicy cluster_over = OverPolicy::kKeep;  // … if there are more
  unsigned sessions_per_user = 0;               // on all nodes together; 0: not limited
  std::uint64_t max_bandwidth = 0;              // of what its listeners get, bit/s; 0: not limited
  unsigned max_per_address = 0;                 // listeners; 0: not limited
  std::uint64_t limit_rate = 0;                 // of what its source sends, bit/s; 0: not limited
  std::vector<std::string> source_types;  // types that its source may send beside audio and video
  std::chrono::seconds max_stream_duration{0};  // of a source; 0: not limited
  unsigned max_history = 10;                    // titles that are remembered; 0: none
  std::chrono::milliseconds title_offset{0};    // delay between a title's arrival and its sound
  std::string redirect,
      redirect_to;  // KH: where its listeners are sent; see app/join/redirect_stage.cc
  std::chrono::seconds max_listener_duration{0};
  std::string dump_file;
  std::string intro;
  std::string fallback_mount;
  std::string suspended_mount;  // the fallback while its record is suspended
  bool fallback_override = false;
  bool fallback_when_full = false;
  std::string charset;              // "": not configured (doc/decisions.md B13)
  int metaint = -1;                 // -1: source's or 16000; 0: off
  std::uint32_t segment_ms = 6000;  // of HLS; also if it is off, because all nodes cut alike
  bool hls = false;
  std::uint32_t hls_kept_recorded_ms = 0;  // as hls_kept, while the archive has what leaves the log
  std::chrono::milliseconds hls_kept{0};   // of the stream in its log, for HLS; 0: off
  std::vector<HlsVariantRow> hls_variants;
  bool hidden = false;
  bool no_mount = false;
  int is_public = -1;  // -1: the source decides
  std::size_t burst_bytes = 65536;
  std::size_t queue_bytes = 512000;
  std::chrono::seconds source_timeout{10};
  int linger_seconds = -1;  // <linger-for>: time without a source; -1: relays 10, others 0
  std::chrono::seconds wait_time{0};  // <wait-time>: closed to sources after one has ended
  bool hijack = false;                // a silent source may be replaced by the same user
  // Encoders beside the writing one: their number and logins.
  unsigned standby_sources = 0;
  std::vector<EncoderSettings> encoders;
  std::chrono::milliseconds takeover_after{1500};  // of silence
  std::chrono::seconds return_after{5};            // of a better encoder's flow; -1 s: never
  DeadAirSettings dead_air;
  std::chrono::milliseconds max_pulse{750};
  LagPolicy lag_policy = LagPolicy::kDrop;
  std::string on_connect, on_disconnect;
  // Overrides of the source's values; nullopt: not configured.
  std::optional<std::string> stream_name, stream_description, stream_url, genre, type, subtype;
  std::optional<std::string> bitrate;
  std::string listenurl;  // KH: shown in statistics and directories; "": hostname:port
  std::string cluster_password;
  std::vector<HttpHeader> http_headers;  // of the default mount first, then of the mount
  AuthenticatorSettings authenticator;
  MountBalance balance;
  MountArchive archive;
  // From a record.  Logins replace all others of the mount's sources.
  MountOrigin origin = MountOrigin::kFile;
  bool suspended = false;  // no source may feed it
  std::vector<RecordLogin> logins;
  std::string account;  // "": none
  // Nodes: the one that the source should use, and the one that takes it while the first has none;
  // while it moves, its old and its new home.
  std::string home, backup, moves_from, moves_to;

  // Its source may return at another node than the one that lost it.
  bool has_two_homes() const noexcept { return !backup.empty() && moves_to.empty(); }
  std::size_t standby_places() const noexcept {
    const std::size_t rows = encoders.size();
    return std::max<std::size_t>(standby_sources, rows > 0 ? rows - 1 : 0);
  }
};

}  // namespace lb
