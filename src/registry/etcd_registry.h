// EtcdRegistry: a Registry in etcd 3.4 or later, by its v3 JSON gateway.
//
// Reading is from memory, which one watch keeps up to date; a commit is one transaction.  While no
// member can write (no quorum, no member at all) commits are kUnavailable at once, and one question
// a second finds out when that is over.  A start without etcd takes the last good copy.
// A prefix that has lost its `format` while records are held is a store that was emptied or
// replaced by mistake: it is not believed, the records stay, and the state says so.
//
// Thread: control; the last good copy is the disk loop's.
// Ownership: both loops and the log outlive it.
// Errors: as Registry.  A commit is given up after kCommitTime.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/loop.h"
#include "registry/etcd_client.h"
#include "registry/etcd_loader.h"
#include "registry/etcd_watch.h"
#include "registry/mirror.h"
#include "registry/registry.h"
#include "registry/settings.h"
#include "registry/store_copy.h"

namespace lb {

class EtcdRegistry final : public Registry {
 public:
  static constexpr std::chrono::seconds kCommitTime{5};
  static constexpr std::chrono::hours kLeaseRenewed{1};  // `made` is kept so much longer at most

  EtcdRegistry(Loop& control, Loop& disk, RegistrySettings settings, Log& log);
  ~EtcdRegistry() override;

  void load(UniqueFunction<void(Result<RegistryContent>)> done) override;
  void watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) override;
  void commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) override;
  RegistryState state() const override;

 private:
  struct Pending {
    RegistryWrite write;
    UniqueFunction<void(CommitAnswer)> done;
    SteadyTime from;
    bool lease_renewed = false;
  };

  void begin_load();
  void on_loaded(Result<EtcdLoader::Loaded> loaded);
  void adopt(EtcdLoader::Loaded loaded);
  void load_failed(const Error& error);
  void make_format();
  void answer_loads(const Error* error);
  void send(Pending pending);
  void on_txn(Pending pending, Result<EtcdAnswer> answer);
  void on_judged(Pending pending, EtcdTxn txn, bool repeated);
  void done(Pending pending, std::uint64_t revision);
  void unavailable(Pending pending, const Error& error);
  void with_lease(Pending pending);
  void on_lease(Result<EtcdAnswer> answer);
  void probe();
  void set_up(bool up, std::string words);
  EtcdWatch::Callbacks watch_callbacks();

  Loop& control_;
  Log& log_;
  const std::string prefix_;
  EtcdClient client_;
  Mirror mirror_;
  StoreCopy copy_;
  EtcdLoader loader_;
  EtcdWatch watch_;
  RegistryState state_;
  std::vector<UniqueFunction<void(Result<RegistryContent>)>> loads_;
  bool loading_ = false, copy_read_ = false, probing_ = false, outage_logged_ = false;
  std::optional<RegistryContent> held_copy_;  // read and not taken
  std::size_t under_way_ = 0;
  std::string lease_;  // for `made`
  SteadyTime lease_until_{};
  std::vector<Pending> wants_lease_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
  Timer retry_, probe_timer_;
};

}  // namespace lb
