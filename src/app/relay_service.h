// RelayService: the relays of this server: what the configuration and the masters want, made to
// run; and the listeners whose requests wait until an on-demand relay has begun.
//
// Thread: control.  Ownership: Services.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "app/services.h"
#include "cluster/master_watch.h"
#include "cluster/public_address.h"
#include "cluster/relay_set.h"
#include "net/connector.h"
#include "net/resolver.h"
#include "net/tls_client.h"

namespace lb {

class RelayService final : public RelayGround {
 public:
  explicit RelayService(Services& services);
  ~RelayService() override;

  // The configuration is (another) one; the masters are asked again.
  void configure(const Config& config);
  // The server stops: no upstream is asked any more.
  void stop();
  // A connection's request waits for this mount, which is idle.  It is taken up again by
  // listen_again() (app/listen_stage.h) on its worker.
  // via: of the request.
  void await(const std::string& mount, unsigned worker, std::uint64_t connection, std::string via);

  // A connection's request waits for a mount that is not known: the masters are asked for it.
  void learn(const std::string& mount, unsigned worker, std::uint64_t connection);
  // This node reports to a master; any thread.
  bool publishes() const noexcept { return publishes_.load(std::memory_order_relaxed); }
  // "http://m1:8000" of the first master that answers and speaks this scheme.
  std::optional<std::string> master_origin(PublicScheme scheme) const;
  // This node drains, or serves again: the masters that get reports are told.
  void drain_changed();
  // A master that is reported to has this id.
  bool has_master(std::string_view id) const;
  // Tells the masters that this node leaves; `done` follows in any case, within a second.
  void leave(UniqueFunction<void()> done);

  // Of the links: the masters offer other streams.  They are looked at later in this turn of the
  // loop, or now by settle().
  void streams_changed();
  void settle();
  // Data flows for the mount, or its listeners wait for it.
  bool flows(const std::string& mount) const { return flow_of(mount) == MasterWatch::Flow::kFlows; }
  // As a client whose peer must have a certificate that the system trusts.  only_13: no older TLS.
  std::unique_ptr<Underway> make_tls(Loop& loop, std::unique_ptr<Transport> plain,
                                     const std::string& host, Connector::Then then, bool only_13);

  // Of admission.
  void mount_begun(const Mount& mount);
  void mount_ended(const Mount& mount);
  // Null: there is none.
  const Relay* relay_of(const std::string& mount) const { return relays_.of_mount(mount); }
  // All relays; while the call lasts.
  template <class F>
  void for_each_relay(F&& f) const {
    relays_.for_each(f);
  }
  // How long a mount waits for its source to come back.
  std::chrono::milliseconds linger(const Mount& mount, WriterKind kind, EndReason reason) const;

  // RelayGround
  Connector& connector() noexcept override { return connector_; }
  SourceAdmission& admission() noexcept override { return *services_.admission; }
  const MountTable& mounts() const noexcept override { return services_.mounts; }
  Log& log() noexcept override { return services_.log; }
  Rng& rng() noexcept override { return rng_; }
  std::string user_agent() const override;
  std::string node_mark() const override;
  std::string request_lines(const std::string& mount) const override;
  std::chrono::milliseconds head_deadline() const override;
  std::shared_ptr<const MountSettings> settings_of(const std::string& mount) const override;
  unsigned quiet_worker() override;
  void add_source(unsigned worker, SourceOffer offer, WriterLease lease,
                  std::shared_ptr<const SourceFacts> facts) override;
  void end_source(unsigned worker, std::uint64_t lease, EndReason reason) override;
  bool is_awaited(const std::string& mount) const override {
    return waiting_.contains(mount) || away_.contains(mount);
  }
  void relay_failed(const std::string& mount) override;
  Relay* find_relay(std::uint64_t id) override { return relays_.find(id); }
  Gate& calls() noexcept override { return calls_; }

 private:
  struct Waiter {
    unsigned worker = 0;
    std::uint64_t connection = 0;
  };
  struct Waiting {
    std::vector<Waiter> listeners;
    std::string via;  // of the first of them that has one
    std::unique_ptr<Timer> deadline;
  };
  void load_roots();
  void look_for_away();
  void choose_relays();
  void go_on_learning();
  void release(const std::string& mount, bool give_up);
  void release_one(const Waiter& waiter, bool give_up);
  MasterWatch::Flow flow_of(const std::string& mount) const;
  bool fallback_plays(const Mount& mount) const;

  Services& services_;
  Rng rng_;
  std::shared_ptr<const TlsClientContext> roots_;  // null: not needed yet
  std::string roots_file_;
  Resolver resolver_;
  Connector connector_;
  Gate calls_;
  std::map<std::string, Waiting> waiting_;
  std::set<std::string>
      away_;  // idle relays whose listeners are at the fallback and want to come back
  Timer look_;
  std::vector<RelayPlan> configured_;
  std::vector<std::unique_ptr<MasterWatch>> masters_;
  unsigned leaving_ = 0;
  bool told_draining_ = false;
  Timer choose_;
  std::atomic<bool> publishes_{false};
  std::map<std::string, Waiting> learning_;
  RelaySet relays_;
  bool stopped_ = false;
};

// The plans that a configuration holds.
std::vector<RelayPlan> relay_plans(const Config& config);
std::vector<MasterPlan> master_plans(const Config& config);

}  // namespace lb
