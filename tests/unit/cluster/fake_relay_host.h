// A server around a relay, as small as it can be: control and one worker are the same loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cluster/relay/relay.h"
#include "http/loopback.h"
#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"
#include "stream/support.h"

#include "CppUTest/TestHarness.h"

namespace lb::test {

class FakeRelayHost final : public RelayHost {
 public:
  FakeRelayHost() : captured(system_clock()), resolver(loop_), connector_(loop_, resolver) {
    SourceAdmission::Callbacks callbacks;
    callbacks.settings = [this](std::string_view name) {
      MountSettings made = settings;
      made.name = name;
      return lb::test::mount_settings(made);
    };
    callbacks.linger = [this](const Mount&, WriterKind, EndReason reason) {
      return reason == EndReason::kRemoved || reason == EndReason::kKilled
                 ? std::chrono::milliseconds(0)
                 : linger;
    };
    callbacks.wake = [](Channel::Loops, const std::shared_ptr<Mount>&) {};
    callbacks.revoke = [this](unsigned, std::uint64_t lease, std::chrono::milliseconds silence,
                              UniqueFunction<void(bool)> then) {
      loop_.post([this, lease, silence, then = std::move(then)]() mutable {
        then(sources.replace_if_silent(lease, silence));
      });
    };
    callbacks.has_ended = [this](unsigned, std::uint64_t lease, UniqueFunction<void(bool)> then) {
      loop_.post(
          [this, lease, then = std::move(then)]() mutable { then(sources.has_ended(lease)); });
    };
    callbacks.fed_elsewhere = [this](const std::string& name) {
      if (fed_elsewhere) return fed_elsewhere(name);
      const auto found = mount(name);
      return found && found->phase() != MountPhase::kLingering;
    };
    callbacks.waits = [this](const std::shared_ptr<Mount>& waiting) {
      if (Relay* relay = find_relay(1);
          relay != nullptr && relay->plan().local_mount == waiting->name())
        relay->mount_is_free();
    };
    callbacks.begun = [this](const std::shared_ptr<Mount>& mount) {
      begun.push_back(mount->name());
    };
    callbacks.went_on = [this](const std::shared_ptr<Mount>& mount) {
      went_on.push_back(mount->name());
    };
    callbacks.ended = [](const std::shared_ptr<Mount>&) {};
    admission_ = std::make_unique<SourceAdmission>(loop_, mounts_, captured.log, 1,
                                                   std::move(callbacks), Rng(1));
  }

  Connector& connector() noexcept override { return connector_; }
  SourceAdmission& admission() noexcept override { return *admission_; }
  const MountTable& mounts() const noexcept override { return mounts_; }
  MountTable::Rows mounts_in_use() override { return mounts_.in_use(); }
  Log& log() noexcept override { return captured.log; }
  Rng& rng() noexcept override { return rng_; }
  std::string user_agent() const override { return "Test"; }
  std::string request_lines(const std::string&) const override { return lines; }
  std::string pull_line(const Upstream& upstream) override {
    return marks == 0 ? ""
                      : "X-LB-Pull: " + upstream.mount + " " + std::to_string(marks++) + "\r\n";
  }
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
  void promote_spare(unsigned, std::uint64_t spare, WriterLease lease,
                     std::shared_ptr<const SourceFacts> facts) override {
    loop_.post(
        [this, spare, lease = std::make_shared<WriterLease>(std::move(lease)),
         facts = std::move(facts)] { sources.promote_spare(spare, std::move(*lease), facts); });
  }
  void relay_switched(const std::string&, const RelaySwitch& how) override {
    switches.push_back(std::string(seam_name(how.seam.how)) + ", " + how.why);
  }
  std::vector<std::string> switches;
  bool is_awaited(const std::string& mount) const override {
    ++asked_awaited;
    return awaited.contains(mount);
  }
  mutable std::size_t asked_awaited = 0;
  void relays_begun(const std::set<std::string>& mounts) override { now_begun = mounts; }
  std::set<std::string> now_begun;
  void relay_failed(const std::string& mount) override {
    failed.push_back(mount);
    awaited.erase(mount);
  }
  Relay* find_relay(std::uint64_t id) override { return find ? find(id) : nullptr; }
  Gate& calls() noexcept override { return calls_; }
  Gate& proofs() noexcept override { return proofs_; }
  Gate& dry() noexcept override { return dry_; }
  Gate& vain() noexcept override { return vain_; }
  void pull_changed(const ConnectTarget&, PullFault fault) override { faults.push_back(fault); }
  PullFault path_fault(const ConnectTarget&) const override { return path; }
  Result<std::unique_ptr<Transport>> start_program(const std::string& mount,
                                                   const Upstream& upstream) override {
    return program(mount, upstream);
  }
  std::function<Result<std::unique_ptr<Transport>>(const std::string&, const Upstream&)> program;
  std::optional<HandedWriter> take_handed(const std::string&) override {
    return std::exchange(handed, std::nullopt);
  }
  std::optional<HandedWriter> handed;
  std::vector<PullFault> faults;
  PullFault path = PullFault::kNone;
  RelayTiming timing() const noexcept override { return quick; }

  Loop& loop() noexcept { return loop_; }
  std::shared_ptr<Mount> mount(const std::string& name) const { return mounts_.find(name); }
  std::string stream(const std::string& name) const {
    const auto found = mounts_.find(name);
    return found ? read_view(*found->channel().newest(), 0) : "(no mount)";
  }
  // Fails the test at the caller's line when it has not come true in time.
  template <class Condition>
  void until(Condition condition, const char* file = __builtin_FILE(),
             std::size_t line = __builtin_LINE()) {
    bool late = false;
    Timer deadline(loop_, [&late] { late = true; });
    deadline.after(kPatience);
    while (!late && !condition()) loop_.run_once(true);
    deadline.cancel();
    if (late && !condition()) {
      const std::string what = "until(): not true after " + std::to_string(kPatience.count()) +
                               " s; the mount /local has: " + stream("/local");
      FAIL_LOCATION(what.c_str(), file, line);
    }
  }
  void pass(std::chrono::milliseconds time) {
    Timer later(loop_, [] {});
    later.after(time);
    while (later.armed()) loop_.run_once(true);
  }

 private:
  static constexpr std::chrono::seconds kPatience{120};
  Loop loop_{0, system_clock()};

 public:
  CapturedLog captured;
  Resolver resolver;
  MountSettings settings;
  std::chrono::milliseconds linger{10'000};
  RelayTiming quick{std::chrono::milliseconds(20), std::chrono::milliseconds(5),
                    std::chrono::milliseconds(30), std::chrono::milliseconds(20),
                    std::chrono::milliseconds(10)};
  std::vector<std::string> failed, begun, went_on;
  // How many writers mounts have had.
  std::size_t writers() const noexcept { return begun.size() + went_on.size(); }
  std::set<std::string> awaited;
  std::string lines;   // of a relay's request
  unsigned marks = 0;  // the next one's number; 0: none
  std::function<Relay*(std::uint64_t)> find;
  std::function<bool(const std::string&)> fed_elsewhere;
  SourceSet sources{
      loop_, captured.log,
      SourceSet::Callbacks{[](Channel::Loops, const std::shared_ptr<Mount>&) {},
                           [this](SourceEnd end) {
                             loop_.post([this, end = std::make_shared<SourceEnd>(std::move(end))] {
                               admission_->give_back(std::move(*end));
                             });
                           },
                           {},
                           {},
                           [this](const std::string& mount, std::uint64_t id, bool flows) {
                             loop_.post([this, mount, id, flows] {
                               admission_->standby_flows(mount, id, flows);
                             });
                           },
                           {},
                           [this](const std::string&, const Seam& seam) {
                             loop_.post([this, seam] {
                               if (Relay* relay = find_relay(1)) relay->went_on(seam);
                             });
                           }}};

 private:
  MountTable mounts_;
  std::unique_ptr<SourceAdmission> admission_;
  Connector connector_;
  Rng rng_{1};
  Gate calls_, proofs_, dry_, vain_;
};

}  // namespace lb::test
