// Mount: a published path with its settings, its stream and its listeners' gate.
//
// Thread: every member is immutable, atomic, a Snapshot or a Channel; any thread may read.
// Written by: control (settings, phase, table membership), the home worker (facts, metadata,
// stream).
// Ownership: shared_ptr, held by the MountTable, fan-outs and the writer's lease.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/snapshot.h"
#include "media/framer.h"
#include "stream/log/channel.h"
#include "stream/log/stream_log.h"
#include "stream/mount/gate.h"
#include "stream/mount/settings.h"

namespace lb {

class NotedMounts;

// A source's announced facts and conclusions from them; made once for each source.
struct SourceFacts {
  std::string content_type;  // as listeners get it
  const FramerPlugin* plugin = nullptr;
  std::map<std::string, std::string> stats;  // server_name, genre, bitrate, ice-* …; UTF-8
  std::string listener_headers;              // "icy-name:…\r\n" lines, raw bytes as sent
  bool ice_name = false;                     // the first icy-name of these was sent as ice-name
  unsigned metaint = 0;                      // unless the mount sets one; 0: no ICY metadata
  std::string source_ip;
  std::string login;  // its login name; "": a relay
  std::string user_agent;
  bool shoutcast = false;  // came by the Shoutcast v1 login
  bool relayed = false;    // pulled by this server; source_ip is then the server's name
  bool from_file = false;  // an intro, or a fallback file
  std::string passed;      // the nodes of our cluster that it has passed, "m1 edge2"
  WallTime started_wall{};
  SteadyTime started{};
};

// kIdle → kRunning ⇄ kLingering → kEnded.  Changed only by control (SourceAdmission).
enum class MountPhase : std::uint8_t {
  kIdle,  // an on-demand relay that waits for a listener; no content type yet
  kRunning,
  kLingering,  // its source is gone, its listeners are kept for a while
  kEnded,
};

class Mount final : private Gate::Watcher {
 public:
  // promised: null: not counted.
  Mount(std::string name, std::shared_ptr<const MountSettings> settings, unsigned workers,
        PromisedBits* promised = nullptr);

  const std::string& name() const noexcept { return *name_; }
  // For those that keep the name beyond the mount, and must not keep its stream.
  const std::shared_ptr<const std::string>& shared_name() const noexcept { return name_; }
  std::shared_ptr<const MountSettings> settings() const { return settings_.read(); }
  std::shared_ptr<const SourceFacts> facts() const { return facts_.read(); }
  std::shared_ptr<const Metadata> metadata() const { return metadata_.read(); }
  std::shared_ptr<const CodecFacts> codec() const { return codec_.read(); }
  Channel& channel() noexcept { return channel_; }
  const Channel& channel() const noexcept { return channel_; }
  Gate& gate() noexcept { return gate_; }
  // Its listeners that are other servers.
  Gate& relay_gate() noexcept { return relay_gate_; }
  std::int64_t listeners() const noexcept { return gate_.inside(); }
  std::int64_t relays() const noexcept { return relay_gate_.inside(); }
  // The number of other listeners.  Two counters are read, so the difference is kept at 0 or more.
  std::int64_t audience() const noexcept {
    return std::max<std::int64_t>(0, listeners() - relays());
  }
  // Its listeners whose bytes do not come from the log (stream/listener/direct_streams.h).
  Gate& direct_gate() noexcept { return direct_gate_; }
  std::int64_t direct() const noexcept { return direct_gate_.inside(); }

  void set_settings(std::shared_ptr<const MountSettings> next) {
    settings_.publish(std::move(next));
  }
  // Until the next settings.
  void set_fallback(const std::string& fallback) {
    auto next = std::make_shared<MountSettings>(*settings());
    next->fallback_mount = fallback;
    set_settings(std::move(next));
  }
  void set_facts(std::shared_ptr<const SourceFacts> next) { facts_.publish(std::move(next)); }
  void set_metadata(std::shared_ptr<const Metadata> next) { metadata_.publish(std::move(next)); }
  void set_codec(std::shared_ptr<const CodecFacts> next) { codec_.publish(std::move(next)); }

  MountPhase phase() const noexcept { return phase_.load(std::memory_order_relaxed); }
  // Its source has sent nothing yet.
  bool is_silent() const;
  void set_phase(MountPhase phase) {
    phase_.store(phase, std::memory_order_relaxed);
    if (is_in_use()) note_use();
  }
  // It has a source, waits for one to return, or has listeners.
  bool is_in_use() const noexcept {
    return phase() == MountPhase::kRunning || phase() == MountPhase::kLingering || listeners() > 0;
  }
  // Called by MountTable before other threads see the mount: each start of its use is noted there.
  void note_uses_in(std::shared_ptr<NotedMounts> list);
  // It is not in use; its next use is noted again.
  bool rests();
  // Whether bytes come in.  False once the home worker sees the end of the source; the phase
  // follows on control.
  bool is_fed() const noexcept { return fed_.load(std::memory_order_relaxed); }
  void set_fed(bool fed) noexcept { fed_.store(fed, std::memory_order_relaxed); }

  // When its source last sent bytes; set by the home worker.
  void note_data(SteadyTime when) noexcept { last_data_.store(when, std::memory_order_relaxed); }
  SteadyTime last_data() const noexcept { return last_data_.load(std::memory_order_relaxed); }

  // When a player last asked for the place of a byte at which it will begin.
  void note_place(SteadyTime when) noexcept { last_place_.store(when, std::memory_order_relaxed); }
  SteadyTime last_place() const noexcept { return last_place_.load(std::memory_order_relaxed); }

  // Statistics; relaxed, added to once a pass, not once a delivery.
  std::atomic<std::uint64_t> bytes_read{0}, bytes_sent{0}, slow_listeners{0},
      listener_connections{0};
  std::atomic<std::int64_t> listener_peak{0};
  std::atomic<std::uint64_t> bytes_per_second{0};  // of the source; 0: not known
  // From StreamLog: the lasting rate of a listener; 0: not known.
  void set_usual_rate(std::uint64_t rate) noexcept;  // bytes a second
  std::uint64_t usual_bytes_per_second() const noexcept {
    return usual_rate_.load(std::memory_order_relaxed);
  }
  // The rate in kbit/s for display, which changes only with larger changes of the rate.
  unsigned shown_kbps() const noexcept { return shown_kbps_.load(std::memory_order_relaxed); }
  // The end of what its live list of HLS had last, a position in its log; 0: none was made.
  std::atomic<std::uint64_t> hls_listed_end{0};
  // Encoders that stand by; written by control.
  std::atomic<unsigned> standbys{0};
  void note_peak(std::int64_t listeners) noexcept;

 private:
  void first_entered() override { note_use(); }
  void note_use();

  const std::shared_ptr<const std::string> name_;
  Snapshot<MountSettings> settings_;
  Snapshot<SourceFacts> facts_;
  Snapshot<Metadata> metadata_;
  Snapshot<CodecFacts> codec_;
  Channel channel_;
  PromisedBits* const promised_;
  std::atomic<std::uint64_t> usual_rate_{0};
  std::atomic<unsigned> shown_kbps_{0};
  Gate gate_, relay_gate_, direct_gate_;
  std::atomic<MountPhase> phase_{MountPhase::kRunning};
  std::atomic<bool> fed_{true};
  std::shared_ptr<NotedMounts> uses_;  // null: in no table yet
  std::atomic<bool> use_noted_{false};
  std::atomic<SteadyTime> last_data_{}, last_place_{};
};

// The right to write a mount, granted only by control, so a mount cannot have two writers.
// Move-only; travels to the home worker and back.
struct WriterLease {
  std::shared_ptr<Mount> mount;
  std::unique_ptr<StreamLog> log;
  // The last writer's framer, in the state in which the writer ended, even within a unit; null: the
  // mount has no framer yet.
  std::unique_ptr<Framer> framer;
  StreamIdentity identity{};
  std::uint64_t id = 0;   // 0: void
  bool goes_on = false;   // of a relay: the mount lacked a writer only for a moment
  bool is_logged = true;  // its login is in the log, and so is its end

  WriterLease() = default;
  WriterLease(WriterLease&&) = default;
  WriterLease& operator=(WriterLease&&) = default;
};

}  // namespace lb
