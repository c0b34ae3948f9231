// The registry of a <store>, as the server and the commands for stores open it.
// Thread: control.
// Ownership: the loops and the log outlive the returned registry.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "net/crypto/seal_keys.h"
#include "net/loop/loop.h"
#include "registry/registry.h"
#include "registry/settings.h"

namespace lb {

// SealedRegistry: a Registry that stores the secrets of mount records sealed and gives them to its
// user open.
//
// Records with a secret in the clear (edited by hand) or sealed by an older key are written again
// after a load.  Watched changes are sealed again only if they are in the clear; otherwise two
// masters with another order of keys would rewrite each other for ever.
// Ownership: owns the registry below; loop and log outlive it.
// Errors: without a key a write with a secret fails with kUnavailable; plans are checked earlier,
// with a better message (api/records/mount_body.h).  A secret that cannot be opened is logged and
// stays sealed.
class SealedRegistry final : public Registry {
 public:
  SealedRegistry(Loop& control, Log& log, SealKeys keys, std::unique_ptr<Registry> below);
  ~SealedRegistry() override;

  void load(UniqueFunction<void(Result<RegistryContent>)> done) override;
  void watch(std::uint64_t from, UniqueFunction<void(RegistryChange)> on_change) override;
  void commit(RegistryWrite write, UniqueFunction<void(CommitAnswer)> done) override;
  RegistryState state() const override { return below_->state(); }
  void reload() override { below_->reload(); }
  RegistryContent content() const override;
  void rest(UniqueFunction<void()> then) override { below_->rest(std::move(then)); }
  void go_on() override { below_->go_on(); }
  void let_go() override { below_->let_go(); }
  void keep() override { below_->keep(); }

 private:
  enum class Again : bool { kInClear, kOldKeysToo };
  // Opens the secrets in place and notes the records to be sealed again.
  void open(std::vector<RegistryRecord>& records, Again again);
  void seal_again();

  Loop& control_;
  Log& log_;
  const SealKeys keys_;
  struct Stale {
    std::string key, open;
    std::uint64_t revision = 0;
  };
  std::vector<Stale> stale_;
  bool sealing_ = false;
  std::size_t sealed_again_ = 0;  // in the present run
  // Last member: its callbacks end before the members that they use.
  std::unique_ptr<Registry> below_;
};

// The registry as stored on disk or in etcd, with sealed secrets.  Null: type none.
std::unique_ptr<Registry> open_store_as_kept(const StoreSettings& store, Loop& control, Loop& disk,
                                             Log& log);
// With open secrets.
std::unique_ptr<Registry> open_store(const StoreSettings& store, Loop& control, Loop& disk,
                                     Log& log);

// "files:/var/lib/icecast-lb/records", "etcd:/radio/ at https://e1:2379 …".
std::string store_name(const StoreSettings& store);

}  // namespace lb
