// Relay: one mount that is pulled from elsewhere: which upstream, when to try again, when to stop.
//
// It asks an upstream (UpstreamCall), asks for the right to write the mount (SourceAdmission), and
// gives the connection to a worker as a Source.  When that source ends the mount lingers, and the
// listeners stay while another upstream, or the same one, is asked.
//
//   idle ⇄ asking → entering → running → waiting → asking …
//
// Order: the first upstream that is not resting.  One that failed rests: 1 s, then twice as long
// each time, up to retry_delay; one whose stream ended after it had flowed rests 0.1 s at first, so
// that listeners hear no more than a gap (see RelayTiming).  Every rest varies by a quarter, or a
// thousand relays would come back to a restarted master in the same instant.  While another one
// than the first runs, the better ones are asked again when they have rested, and take the stream
// over at a unit boundary.
//
// Thread: control.  Ownership: RelaySet; others know its id.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/random.h"
#include "cluster/settings.h"
#include "cluster/upstream_call.h"
#include "net/loop.h"
#include "stream/source_admission.h"

namespace lb {

class Relay;

// How patient relays are; a test makes them quick.
struct RelayTiming {
  std::chrono::milliseconds first_delay{1000};      // after a failure
  std::chrono::milliseconds delay_after_flow{100};  // after the end of a stream that had flowed
  std::chrono::milliseconds flowed{2000};           // a stream that lasted so long was one
  std::chrono::milliseconds least_run_on{1000};
  std::chrono::milliseconds look_every{1000};  // whether somebody listens
};

// What relays need from the server.  Thread: control.
class RelayGround {
 public:
  virtual ~RelayGround() = default;
  virtual Connector& connector() noexcept = 0;
  virtual SourceAdmission& admission() noexcept = 0;
  virtual const MountTable& mounts() const noexcept = 0;
  virtual Log& log() noexcept = 0;
  virtual Rng& rng() noexcept = 0;
  virtual std::string user_agent() const = 0;
  // The mark of this node in its cluster, and the lines that mark a relay's request; "": none.
  virtual std::string node_mark() const { return {}; }
  virtual std::string request_lines(const std::string& /*mount*/) const { return {}; }
  virtual std::chrono::milliseconds head_deadline() const = 0;
  virtual std::shared_ptr<const MountSettings> settings_of(const std::string& mount) const = 0;
  // The worker with the fewest sources.
  virtual unsigned quiet_worker() = 0;
  virtual void add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                          std::shared_ptr<const SourceFacts> facts) = 0;
  virtual void end_source(unsigned worker, std::uint64_t lease, EndReason reason) = 0;
  // Listeners whose requests wait for the mount to begin.
  virtual bool is_awaited(const std::string& mount) const = 0;
  // All upstreams have been asked in vain.
  virtual void relay_failed(const std::string& mount) = 0;
  // Null when it has gone.
  virtual Relay* find_relay(std::uint64_t id) = 0;
  // Upstreams that are being asked, over all relays: a list of thousands must not use up the
  // descriptors in one moment.
  virtual Gate& calls() noexcept = 0;
  virtual RelayTiming timing() const noexcept { return {}; }
};

class Relay {
 public:
  // REQUIRES: plan.upstreams is not empty
  Relay(RelayGround& ground, std::uint64_t id, RelayPlan plan);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void start();
  // Goes on with the present stream where the new plan still has its upstream.
  void update(RelayPlan plan);
  // On-demand: somebody wants to listen.  False: every upstream rests after a failure.
  bool demand();
  // Once a second: is anybody listening (still)?
  void look_for_listeners();

  std::uint64_t id() const noexcept { return id_; }
  const RelayPlan& plan() const noexcept { return plan_; }
  bool flows() const noexcept { return lease_ != 0; }
  // On-demand, and nobody has asked for it.
  bool is_idle() const noexcept { return state_ == State::kIdle; }
  // "idle", "connecting", "running", "waiting": all upstreams rest.
  std::string_view state_text() const noexcept;
  bool has_flowed() const noexcept { return has_flowed_; }

 private:
  enum class State : std::uint8_t {
    kIdle,      // on-demand, nobody listens
    kAsking,    // an upstream
    kEntering,  // has an answer, asks for the mount
    kRunning,
    kWaiting,  // all upstreams rest
  };
  struct Try {
    std::chrono::milliseconds delay{0};
    SteadyTime rested{};  // may be asked from then on
  };
  // An answer that waits for the right to write the mount.
  struct Entry {
    Upstream from;
    unsigned worker = 0;
    std::shared_ptr<const SourceFacts> facts;
    UpstreamAnswer answer;
  };

  struct Call {
    GatePass place;
    std::unique_ptr<UpstreamCall> call;
  };

  void go_on();
  void ask(std::size_t upstream);
  std::string request_lines() const;
  void on_answer(std::size_t upstream, Result<UpstreamAnswer> answer);
  void enter(std::size_t upstream, UpstreamAnswer answer);
  void entered(Entry entry, Result<WriterLease> lease);
  void on_left(const WriterLeft& how);
  void fall_idle();
  void rest(std::size_t upstream, std::chrono::milliseconds delay);
  std::chrono::milliseconds longest_rest() const;
  void failed(std::size_t upstream, const std::string& why);
  void plan_fail_back();
  bool is_wanted() const;
  std::size_t first_rested(SteadyTime now) const noexcept;  // plan_.upstreams.size(): none
  void say(LogLevel level, const std::string& text) const;

  RelayGround& ground_;
  const RelayTiming timing_;
  const std::uint64_t id_;
  RelayPlan plan_;
  State state_ = State::kIdle;
  std::vector<Try> tries_;   // of plan_.upstreams
  std::size_t current_ = 0;  // the one that streams
  std::uint64_t lease_ = 0;  // 0: nothing flows
  unsigned home_ = 0;
  std::string content_type_;
  bool has_flowed_ = false;
  SteadyTime flowed_until_{};  // the last data of the last upstream
  SteadyTime last_wanted_{};
  std::unique_ptr<Call> call_;  // null: none under way
  Timer timer_;
};

}  // namespace lb
