// EtcdFixture: a registry of a FakeEtcd with a format, one user and a neighbour's record.
// Thread: the test's, which runs the loop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/log_book.h"
#include "base/temporary_directory.h"
#include "registry/etcd_registry.h"
#include "registry/fake_etcd.h"

#include "CppUTest/TestHarness.h"

namespace lb {

struct EtcdFixture : Utest {
  Loop loop{0, system_clock()};
  test::CapturedLog log{system_clock()};
  TemporaryDirectory folder = TemporaryDirectory::quick();
  std::unique_ptr<FakeEtcd> etcd = std::make_unique<FakeEtcd>();
  StoreSettings settings;
  std::unique_ptr<EtcdRegistry> registry;
  std::vector<RegistryChange> told;

  void setup() override {
    settings.prefix = "/t";
    settings.members = {etcd->url() + "/"};
    settings.path = folder.file("store.copy");
    etcd->put("/t/format", "1");
    etcd->put("/t/users/anna", "{\"a\":1}");
    etcd->put("/tt/users/other", "{}");
  }
  void make() { registry = std::make_unique<EtcdRegistry>(loop, loop, settings, log.log); }
  template <class Fact>
  void run_until(Fact fact) {
    bool late = false;
    Timer limit(loop, [&late] { late = true; });
    limit.after(std::chrono::seconds(120));  // with asan on a busy machine, too
    while (!fact() && !late) loop.run_once(true);
    CHECK(!late);
  }
  Result<RegistryContent> load() {
    std::optional<Result<RegistryContent>> answer;
    registry->load([&](Result<RegistryContent> content) { answer.emplace(std::move(content)); });
    run_until([&] { return answer.has_value(); });
    return std::move(*answer);
  }
  RegistryContent loaded() {
    make();
    auto content = load();
    CHECK_TEXT(content.has_value(), content ? "" : content.error().what.c_str());
    registry->watch(content->revision,
                    [this](RegistryChange change) { told.push_back(std::move(change)); });
    return std::move(*content);
  }
  CommitAnswer commit(RegistryWrite write) {
    std::optional<CommitAnswer> answer;
    registry->commit(std::move(write), [&](CommitAnswer done) { answer = std::move(done); });
    CHECK(!answer);
    run_until([&] { return answer.has_value(); });
    return *answer;
  }
  // On the disk, the last good copy.
  void copied() {
    run_until([this] { return folder.has("store.copy"); });
  }
};

}  // namespace lb
