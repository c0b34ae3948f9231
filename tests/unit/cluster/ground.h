// A server around a relay, as small as it can be: control and one worker are the same loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/relay.h"
#include "http/loopback.h"
#include "stream/support.h"

namespace lb::test {

class Ground final : public RelayGround {
 public:
  Ground() : book(system_clock()), resolver(loop_), connector_(loop_, resolver) {
    SourceAdmission::Doors doors;
    doors.settings = [this](std::string_view name) {
      MountSettings made = settings;
      made.name = name;
      return lb::test::mount_settings(made);
    };
    doors.linger = [this](const Mount&, WriterKind, EndReason reason) {
      return reason == EndReason::kRemoved || reason == EndReason::kKilled
                 ? std::chrono::milliseconds(0)
                 : linger;
    };
    doors.wake = [](Channel::Loops, const std::shared_ptr<Mount>&) {};
    doors.revoke = [this](unsigned, std::uint64_t lease, std::chrono::milliseconds silence,
                          UniqueFunction<void(bool)> then) {
      loop_.post([this, lease, silence, then = std::move(then)]() mutable {
        then(sources.replace_if_silent(lease, silence));
      });
    };
    doors.look = [this](unsigned, std::uint64_t lease, UniqueFunction<void(bool)> then) {
      loop_.post(
          [this, lease, then = std::move(then)]() mutable { then(sources.has_ended(lease)); });
    };
    doors.begun = [this](const std::shared_ptr<Mount>& mount) { begun.push_back(mount->name()); };
    doors.ended = [](const std::shared_ptr<Mount>&) {};
    admission_ =
        std::make_unique<SourceAdmission>(loop_, mounts_, book.log, 1, std::move(doors), Rng(1));
  }

  Connector& connector() noexcept override { return connector_; }
  SourceAdmission& admission() noexcept override { return *admission_; }
  const MountTable& mounts() const noexcept override { return mounts_; }
  Log& log() noexcept override { return book.log; }
  Rng& rng() noexcept override { return rng_; }
  std::string user_agent() const override { return "Test"; }
  std::string request_lines(const std::string&) const override { return lines; }
  std::chrono::milliseconds head_deadline() const override {
    return std::chrono::milliseconds(200);
  }
  std::shared_ptr<const MountSettings> settings_of(const std::string&) const override {
    return lb::test::mount_settings(settings);
  }
  unsigned quiet_worker() override { return 0; }
  void add_source(unsigned, SourceOffer offer, WriterLease lease,
                  std::shared_ptr<const SourceFacts> facts) override {
    sources.add(std::move(offer), std::move(lease), std::move(facts));
  }
  void end_source(unsigned, std::uint64_t lease, EndReason reason) override {
    sources.kill(lease, reason);
  }
  bool is_awaited(const std::string& mount) const override { return awaited.contains(mount); }
  void relay_failed(const std::string& mount) override {
    failed.push_back(mount);
    awaited.erase(mount);
  }
  Relay* find_relay(std::uint64_t id) override { return find ? find(id) : nullptr; }
  Gate& calls() noexcept override { return calls_; }
  RelayTiming timing() const noexcept override { return quick; }

  Loop& loop() noexcept { return loop_; }
  std::shared_ptr<Mount> mount(const std::string& name) const { return mounts_.find(name); }
  std::string stream(const std::string& name) const {
    const auto found = mounts_.find(name);
    return found ? read_view(*found->channel().newest(), 0) : "(no mount)";
  }
  template <class Condition>
  void until(Condition condition) {
    while (!condition()) loop_.run_once(true);
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop_, [] {});
    later.after(time);
    while (later.armed()) loop_.run_once(true);
  }

 private:
  Loop loop_{0, system_clock()};

 public:
  LogBook book;
  Resolver resolver;
  MountSettings settings;
  std::chrono::milliseconds linger{10'000};
  RelayTiming quick{std::chrono::milliseconds(20), std::chrono::milliseconds(5),
                    std::chrono::milliseconds(30), std::chrono::milliseconds(20),
                    std::chrono::milliseconds(10)};
  std::vector<std::string> failed, begun;
  std::set<std::string> awaited;
  std::string lines;  // of a relay's request
  std::function<Relay*(std::uint64_t)> find;
  SourceSet sources{
      loop_, book.log,
      SourceSet::Doors{[](Channel::Loops, const std::shared_ptr<Mount>&) {},
                       [this](SourceEnd end) {
                         loop_.post([this, end = std::make_shared<SourceEnd>(std::move(end))] {
                           admission_->give_back(std::move(*end));
                         });
                       }}};

 private:
  MountTable mounts_;
  std::unique_ptr<SourceAdmission> admission_;
  Connector connector_;
  Rng rng_{1};
  Gate calls_;
};

}  // namespace lb::test
