// Relay: one mount that is pulled from elsewhere: the choice of upstream, retries and the end.
//
// It asks an upstream (UpstreamCall), asks for the right to write the mount (SourceAdmission), and
// gives the connection to a worker as a Source.  When that source ends the mount lingers, and its
// listeners stay while another upstream, or the same one, is asked.
//
//   idle ⇄ asking → entering → running → waiting → asking …
//
// Order: the first upstream that is not resting.  A failed one rests 1 s, then twice as long each
// time, up to retry_delay; one whose stream ended after it had flowed rests 0.1 s at first, so that
// listeners hear only a gap (see RelayTiming).  Rests vary by a quarter, so that a thousand relays
// do not come back to a restarted master at once.  A relay without listeners asks when its
// upstreams have rested, and reads only the head of the answer, so that it is known to work before
// a listener comes.  While a later upstream than the first runs, the better ones are asked again
// after their rest, and take the stream over at a unit boundary.  If a new plan lacks the running
// upstream, any upstream of the plan takes over, and the running one ends only when all of these
// have failed.  An upstream may be a program (<exec>), which rests 1 s after its end, then twice as
// long each time, up to 30 s, and 1 s again after 30 s of flow.  While a source of this server
// feeds the mount the relay is idle; it goes on when that source leaves.
//
// While the mount's listeners have nothing to hear, because its stream is lost or silent, a server
// rests at most 0.25 s at first, later a sixteenth of the silence (relay_dry.cc), and one that does
// not answer within `slow` is skipped.
//
// After a silence of `stall` it asks the next upstream without ending the present one: the first
// that sends data writes, from the byte behind the last one (stream/log/stream_place.h).  The
// present one is asked again once after three times as long, and when its path is open again.
//
// With <standby>hot the best other upstream is always read, without a lease: the spare
// (relay_spare.cc).  It writes when the present one is lost or silent; a better one writes once it
// has flowed for a while.
//
// Thread: control.
// Ownership: RelaySet; other objects keep its id.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/unique_function.h"
#include "cluster/relay/relay_host.h"
#include "cluster/relay/relay_plans.h"
#include "cluster/relay/upstream_call.h"
#include "net/loop/loop.h"
#include "stream/log/stream_place.h"
#include "stream/mount/gate.h"

namespace lb {

struct SourceFacts;
struct WriterLease;
struct WriterLeft;

class Relay {
 public:
  // REQUIRES: plan.upstreams is not empty
  Relay(RelayHost& host, std::uint64_t id, RelayPlan plan);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start();
  // Keeps the present stream if the new plan still has its upstream.
  void update(RelayPlan plan);
  // The source that fed the mount in this relay's place has left.
  void mount_is_free();
  // Whether a stream can be expected: a master offers it, or for upstreams without a link, no
  // failure shows otherwise.
  bool could_flow() const;
  // Whether a linked master reports that another server has the stream.
  bool is_offered() const;
  // A listener waits for an on-demand relay.  False: every upstream rests after a failure.
  bool demand();
  // Called once a second: starts a relay that has listeners, stops one that has none.
  void poll_listeners();

  std::uint64_t id() const noexcept { return id_; }
  const RelayPlan& plan() const noexcept { return plan_; }
  bool flows() const noexcept { return lease_ != 0; }
  // Whether an upstream is connected, or soon will be, but nothing flows yet.
  bool asks() const noexcept { return call_ != nullptr || state_ == State::kEntering; }
  // The upstream that streams now; null: none.
  const Upstream* upstream() const noexcept {
    return flows() && current_ < plan_.upstreams.size() ? &plan_.upstreams[current_] : nullptr;
  }
  // The upstream that streams, or was the last to stream; before the first stream, the first
  // upstream.
  const Upstream& last_upstream() const noexcept {
    return streaming_.target.host.empty() ? plan_.upstreams.front() : streaming_;
  }
  // Called by SourceAdmission: the stream goes on behind the bytes of its last connection.
  void went_on(const Seam& seam);
  // Whether another upstream is read beside the writing one, and flows.
  bool has_spare() const noexcept { return spare_ && spare_->flows; }
  // The gap of its last switch; nullopt: no switch yet.
  std::optional<std::chrono::milliseconds> last_gap() const noexcept { return last_gap_; }
  // Whether it is on-demand and has no listeners.
  bool is_idle() const noexcept { return state_ == State::kIdle; }
  // Whether the relay rests: every upstream has failed, and no request is under way.
  bool rests() const noexcept { return state_ == State::kWaiting && lease_ == 0; }
  // "idle", "connecting", "running", or "waiting": all upstreams rest.
  std::string_view state_text() const noexcept;
  bool has_flowed() const noexcept { return has_flowed_; }
  // Whether the present or last upstream sends the address of its bytes.
  bool is_placed() const noexcept { return placed_; }
  // The reason why a listener would wait in vain; kNone: the stream flows, or is likely to begin.
  PullFault cannot() const;
  // The path to this server works again.
  void path_opened(const ConnectTarget& to);
  // Of a hand-over.  REQUIRES: flows()
  RelayRecord save() const;
  std::uint64_t lease() const noexcept { return lease_; }

 private:
  enum class State : std::uint8_t {
    kIdle,      // on-demand, without listeners
    kAsking,    // asks an upstream
    kEntering,  // has an answer and asks for the mount
    kRunning,
    kWaiting,  // all upstreams rest
  };
  // After so many times `stall` the connection may be dead though its server lives.
  static constexpr int kStallsOfOne = 3;
  struct Try {
    std::chrono::milliseconds delay{0};
    SteadyTime since{};                  // the beginning of its rest
    SteadyTime rested{};                 // may be asked from then on
    double part = 1;                     // random factor of its rests
    bool kept = false;                   // the rest is not shortened for waiting listeners
    std::chrono::milliseconds told{-1};  // the rest that was logged last
    PullFault logged_fault = PullFault::kNone;
    unsigned unanswered = 0;             // times it was skipped for not answering
    PullFault fault = PullFault::kNone;  // of the last try
    unsigned too_young = 0;  // answers in a row that began with their stream's first byte
  };
  // A stream that may ask to write the mount.
  struct Begun {
    Upstream from;
    unsigned worker = 0;
    std::shared_ptr<const SourceFacts> facts;
    std::optional<StreamPlace> place;  // of its first byte
  };
  // An answer that waits for the right to write.
  struct Entry : Begun {
    UpstreamAnswer answer;
  };
  // Another upstream, read beside the writing one.
  struct Spare : Begun {
    std::uint64_t id = 0;
    bool flows = false;
    SteadyTime flows_since{};
  };
  struct Call {
    Upstream from;
    SteadyTime since{};
    bool slow = false;
    GatePass place, proof_place;
    std::unique_ptr<UpstreamCall> call;
  };

  void go_on();
  // True: a writer from before the hand-over streams.
  bool claim();
  void ask(std::size_t upstream);
  std::unique_ptr<Call> make_call(std::size_t upstream, std::int64_t most, UpstreamCall::Then then);
  std::string circle_of(const UpstreamAnswer& answer, const Upstream& from) const;
  std::function<void(const WriterLeft&)> when_left();
  // then: not called if this relay is gone.
  void ask_to_write(const Begun& stream,
                    UniqueFunction<void(Relay& relay, Result<WriterLease> lease)> then);
  void adopt(const Begun& stream, const WriterLease& lease);
  void not_entered(const std::string& why);
  void settle();
  void keep_spare();
  void on_spare_answer(const Upstream& from, Result<UpstreamAnswer> answer, PullFault fault);
  void spare_flows(bool flows);
  void spare_left();
  void drop_spare();
  void use_spare();
  void spare_entered(const Spare& spare, Result<WriterLease> lease);
  std::string request_lines() const;
  std::optional<StreamAddress> next_byte() const;
  void on_timer();
  void prove();
  void plan_proof();
  void note_fault(std::size_t upstream, PullFault fault);
  void on_answer(const Upstream& from, Result<UpstreamAnswer> answer, PullFault fault);
  void enter(std::size_t upstream, UpstreamAnswer answer);
  void entered(Entry entry, Result<WriterLease> lease);
  bool flowed(const WriterLeft& how) const;
  bool end_is_seam(const WriterLeft& how);
  void on_left(const WriterLeft& how);
  std::chrono::microseconds crowd_pause();
  void fall_idle();
  void rest(std::size_t upstream, std::chrono::milliseconds delay);
  std::chrono::milliseconds longest_rest(std::size_t upstream) const;
  bool is_program(std::size_t upstream) const { return !plan_.upstreams[upstream].program.empty(); }
  void failed(std::size_t upstream, const std::string& why, PullFault fault);
  void plan_fail_back();
  bool is_too_young(std::size_t upstream, const std::optional<StreamPlace>& place);
  // Whether listeners get no sound: the stream is lost and its mount lingers, or the stream is
  // silent.
  bool is_dry() const;
  std::chrono::milliseconds dry_rest() const;
  void note_vain();
  std::chrono::milliseconds vain_rest() const;
  bool is_nameless() const;
  SteadyTime due(std::size_t upstream) const;  // when it may be asked
  std::chrono::milliseconds requested_rest(std::size_t upstream);
  void keep_resting(std::size_t upstream);
  std::chrono::milliseconds patience(std::size_t upstream) const;
  bool pass_over_call();  // true: the call was given up
  void watch_flow();
  void on_flow_check();
  void ask_in_silence();
  bool may_ask_once_more() const;
  bool is_stalled() const;
  bool is_span_end(const WriterLeft& how) const;
  bool is_wanted() const;
  // Whether a source of this server feeds the mount.
  bool is_taken() const;
  std::size_t place_of(const Upstream& upstream) const;  // plan_.upstreams.size(): not in the plan
  std::size_t first_rested(SteadyTime now) const;        // plan_.upstreams.size(): none
  void log(LogLevel level, const std::string& text) const;

  RelayHost& host_;
  const RelayTiming timing_;
  const std::uint64_t id_;
  RelayPlan plan_;
  State state_ = State::kIdle;
  std::vector<Try> tries_;   // of plan_.upstreams
  std::size_t current_ = 0;  // the one that streams; plan_.upstreams.size(): it is not in the plan
  Upstream streaming_;       // as it was when asked
  std::uint64_t lease_ = 0;  // 0: nothing flows
  unsigned home_ = 0;
  std::string content_type_;
  unsigned short_spans_ = 0;  // streams in a row that ended at once
  bool placed_ = false;       // the upstream has sent the address of its bytes
  bool has_flowed_ = false;
  SteadyTime flowed_until_{};  // the last data of the last upstream
  // When the first of the present series of brief streams ended; nullopt: no series.
  std::optional<SteadyTime> brief_since_;
  SteadyTime last_wanted_{};
  std::unique_ptr<Call> call_;  // null: no call
  std::unique_ptr<Call> spare_call_;
  std::optional<Spare> spare_;
  std::string spare_text_;  // of the last spare that was logged
  Timer spare_timer_;       // for asking another spare, or for the spare's take-over
  std::string left_why_;    // of the last connection
  bool at_seam_ = false;    // its span has ended, and the same upstream is asked for the next one
  bool is_switch_ = false;
  std::uint64_t crowd_ = 0;  // relays at the upstream; 0: too few to matter
  std::string switched_from_;
  std::optional<std::chrono::milliseconds> last_gap_;
  GatePass dry_place_;
  GatePass vain_place_;
  Timer timer_;
  Timer flow_check_;                    // armed while it streams and silence has to be noticed
  SteadyTime flow_check_at_{};          // when that is due
  std::chrono::milliseconds stall_{0};  // doubles each time that another upstream is silent too
  std::uint64_t bytes_at_switch_ = 0;   // of the mount
};

}  // namespace lb
