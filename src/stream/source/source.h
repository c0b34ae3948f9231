// Source: the connection that feeds a mount now: a logged-in encoder's, or one to a relay's
// upstream.
//
// Thread: its home worker.
// Ownership: the worker's SourceSet.  It owns the transport and, in its feed, the write lease,
// which it gives back at its end.  It never ends the mount: SourceAdmission decides whether
// listeners wait, move to a fallback or leave.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "stream/source/end_reason.h"
#include "stream/source/feed.h"
#include "stream/source/source_offer.h"

namespace lb {

class FdsOut;
struct FeedRecord;
class Source;
struct SourceRecord;

// How soon a source or standby on the air notices that a reload has shortened its times.
constexpr std::chrono::seconds kSourceTimesPoll{5};

// SourceHost: the functions of the worker that a source calls.
class SourceHost : public FeedHost {
 public:
  // The source has ended; the host takes its lease, logs its end and deletes it.
  virtual void source_ended(Source& source, EndReason reason) = 0;
};

class Source {
 public:
  Source(SourceHost& host, SourceOffer offer, WriterLease lease,
         std::shared_ptr<const SourceFacts> facts);
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;

  // A source that goes on with another process's record; restore(), then go_on(), with the same.
  Source(SourceHost& host, SourceOffer offer, const SourceRecord& saved, WriterLease lease,
         std::shared_ptr<const SourceFacts> facts);
  Result<void> restore(const FeedRecord& saved) { return feed_.restore(saved); }
  void go_on(const FeedRecord& saved);
  // Between two reads.  REQUIRES: cannot_move() is empty
  SourceRecord save(FdsOut& fds) const;
  // A relay whose connection cannot be handed over is not saved; its upstream is asked again.
  bool is_saved() const;
  std::string saved_framer() const { return feed_.saved_framer(); }
  // Why it cannot be handed over now; "": it can.
  std::string cannot_move() const;

  // Takes the bytes that came with the head, then reads.
  void start();
  // Reads at once, because the end of the source may have arrived before the loop has seen it.
  void read_now() { on_readable(EV_READ); }
  // Reads at once without <limit-rate>, because the end of the source comes after its last bytes.
  void drain();
  // Whether the loop watches the socket; otherwise its host reads many sources in one turn.
  void watch(bool on);
  // The last read stopped early, so that listeners had their turn.
  bool has_more() const noexcept { return has_more_; }
  TitleResult set_title(Metadata metadata, std::optional<std::int64_t> wall_ms) {
    return feed_.set_title(std::move(metadata), wall_ms);
  }
  void finish(EndReason reason);
  // The encoder stops writing and stays: returns the offer for its StandbySource.  Only
  // take_lease() may follow.  REQUIRES: can_step_back()
  SourceOffer step_back();
  bool can_step_back() const noexcept { return feed_.has_ring(); }

  const WriterLease& lease() const noexcept { return feed_.lease(); }
  WriterLease take_lease() noexcept { return feed_.take_lease(); }
  const SourceOffer& offer() const noexcept { return offer_; }
  std::uint64_t bytes_read() const noexcept { return bytes_before_ + feed_.bytes_read(); }
  bool is_held() const noexcept { return held_; }
  SteadyTime started() const noexcept { return started_; }
  SteadyTime last_data() const noexcept { return last_data_; }
  // The time since its last data, less the time in which this worker did not read.
  SteadyTime::duration silent() const { return host_.loop().awake() - heard_; }
  // Called by the timer, and by tests with their own clock.
  void on_timeout();

 private:
  void on_readable(short events);
  void read_on(bool limited);
  // <limit-rate>: the bytes that may be read now; 0: none until resume_ fires.
  std::size_t allowance(const MountSettings& settings);
  void hold(const MountSettings& settings);
  void resume();
  bool is_limited(const MountSettings& settings) const noexcept {
    return settings.limit_rate > 0 && !relayed_;
  }
  // The reason for the end if the peer has closed the connection without breaking it.
  EndReason closed_by_peer() const noexcept;
  // False: the source has ended.
  bool went_on(const Result<bool>& taken);
  void finish_with(EndReason reason, std::string_view why);

  SourceHost& host_;
  SourceOffer offer_;
  Feed feed_;
  SteadyTime started_, last_data_;
  SteadyTime heard_;                // the last data, by Loop::awake()
  std::uint64_t bytes_before_ = 0;  // received as a standby
  bool ended_ = false;
  bool has_more_ = false;
  Watch watch_;
  Timer timeout_, resume_;
  const bool relayed_;
  bool held_ = false;  // over its rate, so reading pauses
  bool hold_logged_ = false;
  bool watched_ = false;  // by a watch of its own, unless held_
  double allowed_ = 0;    // bytes; at most kRateWindow of the limit
  SteadyTime allowed_at_;
};

}  // namespace lb
