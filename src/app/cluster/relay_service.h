// RelayService: the relays of this server: what the configuration and the masters want, made to
// run; and the listeners whose requests wait until an on-demand relay has begun.
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

#include "app/cluster/ingest_service.h"
#include "app/programs/exec_source.h"
#include "app/services/parked_requests.h"
#include "app/topology/handed_relays.h"
#include "base/snapshot.h"
#include "cluster/balance/redirect_token.h"
#include "cluster/nodes/public_address.h"
#include "cluster/polling/master_watch.h"
#include "cluster/relay/relay_set.h"
#include "net/socket/connector.h"
#include "net/socket/resolver.h"
#include "net/tls/tls_client.h"
#include "stream/source/source_admission.h"

namespace lb {

struct Config;
class FdsIn;
struct Network;
struct SourceRecord;
class StaticFiles;

class RelayService final : public RelayHost {
 public:
  explicit RelayService(Network& network);
  ~RelayService() override;

  // The configuration is (another) one; the masters are asked again.
  void configure(const Config& config);
  // The server stops: no upstream is asked any more.
  void stop();
  // A request waits for this mount, which is idle: its relay is started.  One that may leave, for a
  // master of ours, does so when the stream takes longer than kBackAfter.
  // via: of the request.
  void await(const std::string& mount, const ParkedRequest& request, std::string via);
  // The first listener comes to a mount that has waited for its stream without any.
  void first_waits(const std::string& mount);
  // All masters that are polled are asked for their lists, soon.
  void ask_lists();
  // This node reports to a master; any thread.
  bool publishes() const noexcept { return publishes_.load(std::memory_order_relaxed); }
  // "http://m1:8000" of the first master that answers and speaks this scheme.
  std::optional<std::string> master_origin(PublicScheme scheme) const;
  // The same of a master that gets reports and names itself, with its id and our name there; of
  // those whose id has this tag (redirect_token.h), if there is one.
  std::optional<WayBack> way_back(PublicScheme scheme, std::optional<std::uint8_t> tag) const;
  // A master that gets reports lists it.
  bool is_listed(const std::string& mount) const;
  // This node drains, or serves again: the masters that get reports are told.
  void drain_changed();
  // The ids of masters that are reported to.
  void add_master_ids(std::set<std::string, std::less<>>& ids) const;
  // Tells the masters that this node leaves; `done` follows in any case, within a second.
  void leave(UniqueFunction<void()> done);

  // Of masters and nodes: what they have of these mounts is different, or the node that captures
  // them.  They are looked at later in this turn of the loop, where they are many in the next ones,
  // or now by settle().
  void streams_changed(const std::set<std::string>& mounts);
  // mount: an answer about it waits.
  void settle(const std::string& mount);
  // What cannot be pulled now, and why.
  const std::map<std::string, PullFault, std::less<>>& unable();
  // Another one where the last call of unable() has found something else than the one before it.
  std::uint64_t unable_revision() const noexcept { return unable_revision_; }
  void pulls_changed() noexcept { unable_known_ = false; }
  // The way to this server, which had failed, is open again.
  void path_opened(const ConnectTarget& to) { relays_.path_opened(to); }
  // Data flows for the mount, or its listeners wait for it.
  bool flows(const std::string& mount) const;
  // As a client whose peer must have a certificate that the system trusts.  only_13: no older TLS.
  std::unique_ptr<Underway> make_tls(Loop& loop, std::unique_ptr<Transport> plain,
                                     const std::string& host, Connector::Then then, bool only_13);

  // Of the workers: a relay's stream flows again behind what its last connection brought.
  void went_on(const std::string& mount, const Seam& seam) { relays_.went_on(mount, seam); }

  // Another process has written this mount so far: its relay asks at once for what follows.
  void mount_taken_over(const std::string& mount) {
    settle(mount);
    relays_.demand(mount);
  }

  // Of a hand-over.  save(): nullopt: no relay has this lease.  reading(): of a relay that was
  // handed over; null: none was, or its connection is of another kind.
  ExecSources& programs() noexcept { return programs_; }
  HandedRelays& handed() noexcept { return handed_; }
  std::optional<RelayRecord> save(const std::string& mount, std::uint64_t lease) const;
  std::unique_ptr<Transport> reading(const SourceRecord& saved, FdsIn& fds);

  // Of admission.
  void mount_begun(const Mount& mount);
  void mount_ended(const Mount& mount);
  void mount_waits(const Mount& mount);
  bool fed_elsewhere(const std::string& mount) const;
  // An upstream of the configuration is connected for this mount, or soon will be.
  bool captures_own(const std::string& mount) const;
  // Nothing feeds the mount any more, and its listeners wait for an encoder wherever it comes: a
  // node that has listeners of it too may take one in.  So of a source of this server only where
  // the mount has two homes.
  bool is_over(const std::string& mount) const;
  // Its source may come back at another node than the one that has lost it.
  bool has_two_homes(const std::string& mount) const;
  // A <relay> of the configuration has this mount.
  bool is_configured(const std::string& mount) const;
  // Null: there is none.
  const Relay* relay_of(const std::string& mount) const { return relays_.of_mount(mount); }
  // All relays; while the call lasts.
  template <class F>
  void for_each_relay(F&& f) const {
    relays_.for_each(f);
  }
  // How long a mount waits for its source to come back.
  std::chrono::milliseconds linger(const Mount& mount, WriterKind kind, EndReason reason) const;

  // RelayHost
  Connector& connector() noexcept override { return connector_; }
  SourceAdmission& admission() noexcept override;
  const MountTable& mounts() const noexcept override;
  MountTable::Rows mounts_in_use() override;
  Log& log() noexcept override;
  Rng& rng() noexcept override { return rng_; }
  std::string user_agent() const override;
  std::string node_mark() const override;
  std::string request_lines(const std::string& mount) const override;
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
  // The configuration is another one: each mount that it, a master or a node has.
  void choose_all();
  void choose_some();
  // nullopt: there should be no relay.
  std::optional<RelayPlan> plan_of(const std::string& mount);
  std::optional<RelayPlan> offered_plan(const std::string& mount) const;
  void judge(const std::string& mount);
  // touched: mounts that come from elsewhere now.
  void chosen(const std::set<std::string>& touched);
  bool may_be(const StaticFiles& files, const std::string& mount) const;
  void keep_former(const std::string& mount, std::optional<RelayPlan>& plan);
  void hold_capture(const std::string& mount, std::optional<RelayPlan>& plan) const;
  // Its relay may be another one.
  void note_unable(const std::string& mount);
  void leave_formers(const std::vector<MasterPlan>& plans);
  void find_raced();
  void release(const std::string& mount, WaitOutcome outcome);
  void report_unable();
  MasterWatch::Flow flow_of(const std::string& mount) const;
  bool fallback_plays(const Mount& mount) const;
  std::chrono::milliseconds usual_linger(const Mount& mount, WriterKind kind) const;

  Network& network_;
  Rng rng_;
  std::shared_ptr<const TlsClientContext> roots_;  // null: not needed yet
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
  Timer report_timer_;                       // masters that get reports
  ParkedRequests parked_;                    // by mounts, which are idle
  std::map<std::string, std::string> vias_;  // of the first of them that has one
  std::set<std::string>
      away_;  // idle relays whose listeners are at the fallback and want to come back
  Timer check_timer_;
  std::vector<RelayPlan> configured_;
  std::multimap<std::string, std::size_t, std::less<>> configured_at_;  // in configured_, by mount
  std::set<std::string> to_judge_;                                      // mounts, by choose_
  SteadyTime next_choice_{};
  std::vector<std::unique_ptr<MasterWatch>> masters_;
  std::vector<std::unique_ptr<MasterWatch>> left_;  // tell servers that are no longer masters
  std::map<std::string, SteadyTime> former_;  // mounts of such masters, and how long they go on
  // Mounts with a source here and one elsewhere: at how many looks in a row.
  std::map<std::string, unsigned> raced_;
  unsigned leaving_ = 0;
  bool reported_draining_ = false;
  Timer choose_;
  std::atomic<bool> publishes_{false};
  RelaySet relays_;
  bool stopped_ = false;
};

}  // namespace lb
