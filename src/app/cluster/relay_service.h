// RelayService: runs the relays of this server that the configuration and the masters want, and
// wakes requests that wait for an on-demand relay.
//
// Thread: control.
// Ownership: Services.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/programs/exec_source.h"
#include "app/services/parked_requests.h"
#include "app/topology/handed_relays.h"
#include "base/random.h"
#include "cluster/balance/redirect_token.h"
#include "cluster/nodes/public_address.h"
#include "cluster/relay/relay_set.h"
#include "net/socket/connector.h"
#include "net/socket/resolver.h"
#include "stream/mount/gate.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Config;
class FdsIn;
struct MasterPlan;
class MasterWatch;
struct StreamListRecord;
struct Network;
struct SourceRecord;
class StaticFiles;
class TlsClientContext;
enum class WriterKind : std::uint8_t;

class RelayService final : public RelayHost {
 public:
  explicit RelayService(Network& network);
  ~RelayService() override;

  // Takes the first or a new configuration; asks the masters again.
  void configure(const Config& config);
  // Stops all relays, as the server stops.
  void stop();
  // A request waits for this idle mount: starts its relay.  A request that may leave is sent to a
  // master of ours if the stream takes longer than kBackAfter.
  // via: the request's Via header, or "".  wants_window: of HLS, whose list has more of the stream
  // than a burst.
  void await(const std::string& mount, const ParkedRequest& request, std::string via,
             bool wants_window = false);
  // Of a stream that is pulled: a request may have to wait as long for what it began with.
  static constexpr std::chrono::seconds kLongestFill{2};
  // The first listener has come to a mount whose relay waits for one.
  void first_waits(const std::string& mount);
  // Fetches the lists of all polled masters soon.
  void ask_lists();
  // Whether this node reports to a polled master; any thread.
  bool publishes() const noexcept { return publishes_.load(std::memory_order_relaxed); }
  // "http://m1:8000" of the first master that answers and supports this scheme.
  std::optional<std::string> master_origin(PublicScheme scheme) const;
  // The way back to a master that gets reports and has named itself, with its id and our name
  // there; with a tag, to a master whose id has it (redirect_token.h).
  std::optional<WayBack> way_back(PublicScheme scheme, std::optional<std::uint8_t> tag) const;
  // Whether a master that gets reports lists the mount.
  bool is_listed(const std::string& mount) const;
  // This node has begun or stopped draining: reports that to the masters.
  void drain_changed();
  // Adds the ids of masters that get reports.
  void add_master_ids(std::set<std::string, std::less<>>& ids) const;
  // Reports to the masters that this node leaves; calls `done` in any case, within a second.
  void leave(UniqueFunction<void()> done);

  // Masters' or nodes' streams of these mounts, or the node that captures them, have changed.  They
  // are judged later in this turn of the loop, many of them over several turns, or now by settle().
  void streams_changed(const std::set<std::string>& mounts);
  // The mount was suspended, or its record deleted: its stream ends at all nodes, so no listener
  // waits for it, here or behind a relay whose upstream ends before or after this.
  void closed(const std::string& mount);
  // Judges this mount now, because an answer waits for it.
  void settle(const std::string& mount);
  // The mounts that cannot be pulled now, with the reasons.
  const std::map<std::string, PullFault, std::less<>>& unable();
  // Changes whenever unable() finds a new result.
  std::uint64_t unable_revision() const noexcept { return unable_revision_; }
  void pulls_changed() noexcept { unable_known_ = false; }
  // The failed path to this server works again.
  void path_opened(const ConnectTarget& to) { relays_.path_opened(to); }
  // Whether data flows for the mount, or its listeners wait for data.
  bool flows(const std::string& mount) const;
  // TLS as a client; the system must trust the peer's certificate.  only_13: no older TLS.
  std::unique_ptr<Underway> make_tls(Loop& loop, std::unique_ptr<Transport> plain,
                                     const std::string& host, Connector::Then then, bool only_13);

  // From workers: a relay's stream has resumed behind its last connection's bytes.
  void went_on(const std::string& mount, const Seam& seam) { relays_.went_on(mount, seam); }

  // Listeners of another process may wait at the fallbacks of idle relays.
  void find_away_soon() { check_timer_.after(std::chrono::microseconds(0)); }
  // Another process wrote this mount until now: its relay asks at once for the following bytes.
  void mount_taken_over(const std::string& mount) {
    settle(mount);
    relays_.demand(mount);
  }

  // For a hand-over.  save(): nullopt: no relay has this lease.  reading(): the connection of a
  // handed-over relay; null: no relay was, or its connection is of another kind.
  ExecSources& programs() noexcept { return programs_; }
  HandedRelays& handed() noexcept { return handed_; }
  std::optional<RelayRecord> save(const std::string& mount, std::uint64_t lease) const;
  std::vector<StreamListRecord> save_lists() const;  // of masters that are asked for them
  void restore(StreamListRecord saved);
  std::unique_ptr<Transport> reading(const SourceRecord& saved, FdsIn& fds);

  // For admission.
  void mount_begun(const Mount& mount);
  void mount_ended(const Mount& mount);
  void mount_waits(const Mount& mount);
  bool fed_elsewhere(const std::string& mount) const;
  // Whether a configured upstream of this mount is connected or soon will be.
  bool captures_own(const std::string& mount) const;
  // Whether the mount's stream has ended while its listeners wait for an encoder at any node, so
  // that another node with listeners may take one in.  For a source of this server only where the
  // mount has two homes.
  bool is_over(const std::string& mount) const;
  // Whether the source may return at another node than the one that lost it.
  bool has_two_homes(const std::string& mount) const;
  // Whether a <relay> of the configuration has this mount.
  bool is_configured(const std::string& mount) const;
  // Null: no relay.
  const Relay* relay_of(const std::string& mount) const { return relays_.of_mount(mount); }
  // Calls f for all relays.
  template <class F>
  void for_each_relay(F&& f) const {
    relays_.for_each(f);
  }
  // How long a mount waits for its source's return.
  std::chrono::milliseconds linger(const Mount& mount, WriterKind kind, EndReason reason) const;

  // RelayHost
  Resolver& names() noexcept { return resolver_; }
  Connector& connector() noexcept override { return connector_; }
  SourceAdmission& admission() noexcept override;
  const MountTable& mounts() const noexcept override;
  MountTable::Rows mounts_in_use() override;
  Log& log() noexcept override;
  Rng& rng() noexcept override { return rng_; }
  std::string user_agent() const override;
  std::string node_mark() const override;
  std::string request_lines(const std::string& mount) const override;
  void past_comes(const std::string& mount, std::uint64_t bytes) override;
  std::vector<std::string> source_types(const std::string& mount) const override;
  std::string pull_line(const Upstream& upstream) override;
  std::chrono::milliseconds head_deadline() const override;
  std::shared_ptr<const MountSettings> settings_of(const std::string& mount) const override;
  unsigned quiet_worker() override;
  void add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                  std::shared_ptr<const SourceFacts> facts) override;
  void end_source(unsigned worker, std::uint64_t lease, EndReason reason) override;
  void promote_spare(unsigned worker, std::uint64_t spare, WriterLease lease,
                     std::shared_ptr<const SourceFacts> facts) override;
  void relay_switched(const std::string& mount, const RelaySwitch& how) override;
  bool is_awaited(const std::string& mount) const override {
    return parked_.contains(mount) || away_.contains(mount);
  }
  void relay_failed(const std::string& mount) override;
  Relay* find_relay(std::uint64_t id) override { return relays_.find(id); }
  void relays_begun(const std::set<std::string>& mounts) override { chosen(mounts); }
  Gate& calls() noexcept override { return calls_; }
  Gate& proofs() noexcept override { return proofs_; }
  Gate& dry() noexcept override { return dry_; }
  Gate& vain() noexcept override { return vain_; }
  void pull_changed(const ConnectTarget& from, PullFault fault) override;
  PullFault path_fault(const ConnectTarget& from) const override;
  Result<std::unique_ptr<Transport>> start_program(const std::string& mount,
                                                   const Upstream& upstream) override {
    return programs_.start(mount, upstream.program);
  }
  std::optional<HandedWriter> take_handed(const std::string& mount) override {
    return handed_.take(mount);
  }

 private:
  void load_roots();
  void find_away();
  // Judges each mount that the configuration, a master or a node has.
  void choose_all();
  void choose_some();
  // nullopt: no relay is wanted.
  std::optional<RelayPlan> plan_of(const std::string& mount);
  std::optional<RelayPlan> offered_plan(const std::string& mount) const;
  void judge(const std::string& mount);
  // touched: mounts that are now pulled from elsewhere.
  void chosen(const std::set<std::string>& touched);
  bool may_be(const StaticFiles& files, const std::string& mount) const;
  void keep_former(const std::string& mount, std::optional<RelayPlan>& plan);
  void hold_capture(const std::string& mount, std::optional<RelayPlan>& plan) const;
  // The mount's relay may have changed.
  void note_unable(const std::string& mount);
  void leave_formers(const std::vector<MasterPlan>& plans);
  void find_raced();
  void release(const std::string& mount, WaitOutcome outcome);
  void find_filled();
  void report_unable();
  bool fallback_plays(const Mount& mount) const;
  bool is_closed(const std::string& mount) const;
  std::chrono::milliseconds usual_linger(const Mount& mount, WriterKind kind) const;

  Network& network_;
  Rng rng_;
  std::shared_ptr<const TlsClientContext> roots_;  // null: not loaded yet
  std::string roots_file_;
  Resolver resolver_;
  Connector connector_;
  ExecSources programs_;
  HandedRelays handed_;
  Gate calls_, proofs_, dry_, vain_;
  std::map<std::string, PullFault, std::less<>> unable_;
  std::map<std::string, PullFault, std::less<>> reported_unable_;
  bool unable_known_ = true;
  std::uint64_t unable_revision_ = 0;
  Timer report_timer_;     // for masters that get reports
  ParkedRequests parked_;  // by idle mount
  // What the requests that wait for a mount ask of its upstream.
  struct Awaited {
    std::string via;  // of the first with a Via:
    bool window = false;
  };
  std::map<std::string, Awaited> awaited_;  // by mount
  // Streams that began with more of the past than a burst, which is not all here yet: listeners
  // that began now would be behind the others for as long as they listen.
  struct Filling {
    std::uint64_t until = 0;  // of the mount's bytes_read
    SteadyTime deadline;
  };
  std::map<std::string, Filling> filling_;  // by mount
  Timer fill_timer_;
  std::set<std::string> away_;  // idle relays whose listeners, at the fallback, want to come back
  Timer check_timer_;
  std::vector<RelayPlan> configured_;
  std::multimap<std::string, std::size_t, std::less<>> configured_at_;  // in configured_, by mount
  std::set<std::string> to_judge_;                                      // mounts for choose_
  SteadyTime next_choice_{};
  std::vector<std::unique_ptr<MasterWatch>> masters_;
  std::vector<StreamListRecord> handed_lists_;      // for the masters of the first configuration
  std::vector<std::unique_ptr<MasterWatch>> left_;  // send a last report to former masters
  std::map<std::string, SteadyTime> former_;        // mounts of former masters, with their deadline
  std::map<std::string, SteadyTime, std::less<>> closed_;  // until the end is seen everywhere
  // Mounts with a source here and one elsewhere, and how many checks in a row found both.
  std::map<std::string, unsigned> raced_;
  unsigned leaving_ = 0;
  bool reported_draining_ = false;
  Timer choose_;
  std::atomic<bool> publishes_{false};
  RelaySet relays_;
  bool stopped_ = false;
};

}  // namespace lb
