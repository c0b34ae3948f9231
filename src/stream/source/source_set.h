// SourceSet: the sources of one worker.
//
// A few sources are read when their sockets are ready, so listeners hear bytes within a
// millisecond.  With many, each frame would wake the worker: from kMany sources on it asks for the
// ready ones in turns, so that a read brings several frames (doc/decisions.md A9: the price is per
// call).
//
// Thread: its worker; admission's requests come by Loop::post.
// Ownership: owns the sources; a finished one gives its lease back to admission.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/unique_fd.h"
#include "stream/source/source.h"
#include "stream/source/standby_source.h"

namespace lb {

class FdsOut;
struct SourceRecord;
struct StandbyRecord;

struct SourceEnd {
  WriterLease lease;  // of a standby: without a log
  EndReason reason = EndReason::kDone;
  std::uint64_t bytes_read = 0;
  std::chrono::milliseconds lasted{0};
  std::chrono::milliseconds silent{0};  // since its last data
  SteadyTime last_data{};
  bool stepped_back = false;  // the encoder stays as a standby
};

class SourceSet final : public SourceHost, private StandbyHost {
 public:
  // wake: reaches fan-outs of other workers. ended: gives the lease back, from this worker.
  struct Callbacks {
    std::function<void(Channel::Loops, const std::shared_ptr<Mount>&)> wake;
    std::function<void(SourceEnd)> ended;
    std::function<void(const Mount&, const std::string& song, const TitlePlace&)> titled =
        {};  // from this worker; may be empty
    std::function<void(const Mount&, const std::string& song)> logged_title = {};  // likewise
    // A standby flows or not; a source was silent as long as watch_silence() asked for.  From this
    // worker; empty if no mount has standbys.
    std::function<void(const std::string& mount, std::uint64_t id, bool flows)> flows = {};
    std::function<void(const std::string& mount, std::uint64_t lease)> silent = {};
    // A relay's stream has gone on; from this worker, may be empty.
    std::function<void(const std::string& mount, const Seam&)> went_on = {};
    // From this worker, may be empty.
    std::function<void(const Mount&, StreamPicture)> pictured = {};
    // As in FeedHost; on this worker, may be empty.
    std::function<std::optional<SegmentNumbers>(const Mount&)> after_recorded = {};
  };
  SourceSet(Loop& loop, Log& log, Callbacks callbacks);
  ~SourceSet() override;

  // A lease without a log is the place of a standby.
  void add(SourceOffer offer, WriterLease lease, std::shared_ptr<const SourceFacts> facts);
  // The standby of this id writes the mount; since: the mount's last byte before.  If the standby
  // is gone, the lease goes back.
  void promote(WriterLease lease, std::shared_ptr<const SourceFacts> facts, SteadyTime since);
  // Makes a relay's spare the writer.  If the spare cannot continue exactly, the lease goes back
  // too (EndReason::kSpan) and the spare ends: its server may have the missing bytes.
  void promote_spare(std::uint64_t spare, WriterLease lease,
                     std::shared_ptr<const SourceFacts> facts);
  // StandbySource::let_hear(); the pipe is closed if the standby is gone.
  void let_hear(std::uint64_t id, UniqueFd pipe);
  // Makes a source a standby, if it was silent so long; 0: at once.  One that cannot is ended.
  // True: it stopped writing, and its lease is on the way back.
  bool step_back(std::uint64_t lease, std::chrono::milliseconds silence);
  // Callbacks::silent is called once, when the source has been silent so long.
  void watch_silence(std::uint64_t lease, std::chrono::milliseconds silence);
  // By the id of the lease; ignored if it has ended.
  void kill(std::uint64_t lease, EndReason reason);
  // Ends it in favour of another one if it was silent for `silence`.  True: it has ended, now or
  // before, and its lease is on the way back.
  bool replace_if_silent(std::uint64_t lease, std::chrono::milliseconds silence);
  // Reads its socket first.  True: it has ended, now or before, and its lease is on the way back.
  bool has_ended(std::uint64_t lease);
  // wall_ms: when the title begins to sound, Unix; nullopt: now.
  TitleResult set_title(std::uint64_t lease, Metadata metadata,
                        std::optional<std::int64_t> wall_ms = {});
  void end_all(EndReason reason);

  // Of a hand-over, between two turns of the loop. cannot_move(): why not now; "": it can.
  // forget(): another process takes them, and nothing is written or reported.  The mount of an
  // unsaved relay (Source::is_saved) goes over as if its upstream had just been lost
  // (SourceAdmission); spares of relays are asked for again.
  std::string cannot_move() const;
  std::vector<SourceRecord> save(FdsOut& fds) const;
  std::vector<StandbyRecord> save_standbys(FdsOut& fds) const;
  void forget();
  bool is_saved(std::uint64_t lease) const;
  // Null: no such source.
  const StreamLog* log_of(std::uint64_t lease) const;
  std::string framer_of(std::uint64_t lease) const;  // a record
  // offer: with transport and gates.  Nothing is read before go_on().
  Result<void> restore(SourceOffer offer, const SourceRecord& saved, WriterLease lease,
                       std::shared_ptr<const SourceFacts> facts);
  void go_on(const std::vector<SourceRecord>& saved);
  Result<void> restore_standby(SourceOffer offer, const StandbyRecord& saved, UniqueFd hearing,
                               std::shared_ptr<Mount> mount, const SourceFacts& facts);
  void go_on_standbys(const std::vector<std::uint64_t>& ids);

  static constexpr std::size_t kMany = 50, kFewAgain = 40;
  static constexpr std::chrono::milliseconds kTurn{50};  // between two polls of many sources
  bool by_turns() const noexcept { return by_turns_; }

  Loop& loop() noexcept override { return loop_; }
  Log& log() noexcept override { return log_; }
  std::span<std::byte> scratch() noexcept override { return scratch_; }
  std::size_t size() const noexcept { return sources_.size(); }
  std::size_t standbys() const noexcept { return standbys_.size(); }
  void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) override {
    callbacks_.wake(loops, mount);
  }
  void titled(const Mount& mount, const std::string& song, const TitlePlace& place) override {
    if (callbacks_.titled) callbacks_.titled(mount, song, place);
  }
  void logged_title(const Mount& mount, const std::string& song) override {
    if (callbacks_.logged_title) callbacks_.logged_title(mount, song);
  }
  void pictured(const Mount& mount, StreamPicture picture) override {
    if (callbacks_.pictured) callbacks_.pictured(mount, std::move(picture));
  }
  void went_on(const Mount& mount, const Seam& seam) override {
    if (callbacks_.went_on) callbacks_.went_on(mount.name(), seam);
  }
  std::optional<SegmentNumbers> after_recorded(const Mount& mount) override {
    return callbacks_.after_recorded ? callbacks_.after_recorded(mount) : std::nullopt;
  }
  void source_ended(Source& source, EndReason reason) override;
  void count_received(std::size_t bytes) noexcept override {
    bytes_read_.store(bytes_read_.load(std::memory_order_relaxed) + bytes,
                      std::memory_order_relaxed);
  }
  // By all sources so far; any thread.
  std::uint64_t bytes_read() const noexcept { return bytes_read_.load(std::memory_order_relaxed); }

 private:
  void choose_reading();
  void read_by_turns(std::uint64_t lease, Source& source);
  void take_turn();
  void log_end(const SourceOffer& offer, const Mount& mount, EndReason reason,
               std::uint64_t bytes_read, std::chrono::milliseconds lasted);
  void add_standby(SourceOffer offer, const WriterLease& place, const SourceFacts& facts);
  void standby_ended(StandbySource& standby, EndReason reason) override;
  void standby_flows(StandbySource& standby, bool flows) override;
  void check_silence(std::uint64_t lease);

  Loop& loop_;
  Log& log_;
  Callbacks callbacks_;
  bool by_turns_ = false;
  UniqueFd ready_;                  // an epoll with the sockets that are read by turns
  std::vector<epoll_event> found_;  // in one turn
  Timer turn_;
  struct SilenceWatch {
    SilenceWatch(Loop& loop, UniqueFunction<void()> check) : timer(loop, std::move(check)) {}
    std::chrono::milliseconds silence{0};
    Timer timer;
  };
  std::unordered_map<std::uint64_t, std::unique_ptr<Source>> sources_;
  std::unordered_map<std::uint64_t, std::unique_ptr<StandbySource>> standbys_;
  std::unordered_map<std::uint64_t, std::unique_ptr<SilenceWatch>> silence_;  // by lease
  std::atomic<std::uint64_t> bytes_read_{0};  // written on the worker alone
  std::array<std::byte, 65536> scratch_;
};

}  // namespace lb
