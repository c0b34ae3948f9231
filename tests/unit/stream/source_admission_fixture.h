// A SourceAdmission whose callbacks take notes: the base of the groups that test it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "stream/source/source_admission.h"
#include "stream/source/source_set.h"
#include "stream/support.h"

namespace lb::test {

class SourceAdmissionFixture : public Utest {
 protected:
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock, LogLevel::kInfo};
  MountTable mounts;
  MountSettings settings;
  std::chrono::milliseconds linger{0}, rest{0};
  std::optional<bool> elsewhere;
  bool expected_here = false;
  std::string closed;               // why no source may come
  std::string outlived = "nobody";  // the login whose hours are over
  std::vector<std::string> told;
  // What was asked of a home: lease and silence; the answer.
  struct Revoked {
    unsigned home;
    std::uint64_t lease;
    std::chrono::milliseconds silence;
    UniqueFunction<void(bool)> then;
  };
  std::vector<Revoked> revoked;
  // The leases that a home was asked about; while `slow_check`, the answers wait here.
  struct Checked {
    unsigned home;
    std::uint64_t lease;
    UniqueFunction<void(bool)> then;
  };
  std::vector<Checked> looked;
  bool slow_check = false;
  Channel::Loops woken = 0;
  std::unique_ptr<SourceAdmission> admission =
      std::make_unique<SourceAdmission>(loop, mounts, captured.log, 2, callbacks(), Rng(1));

  SourceAdmission::Callbacks callbacks() {
    SourceAdmission::Callbacks made;
    made.settings = [this](std::string_view name) {
      settings.name = name;
      return lb::test::mount_settings(settings);
    };
    made.linger = [this](const Mount&, WriterKind kind, EndReason reason) {
      told.push_back(std::string("linger ") + (kind == WriterKind::kRelay ? "relay " : "source ") +
                     std::string(end_reason_text(reason)));
      return linger;
    };
    made.rests = [this](const Mount&, WriterKind, EndReason) { return rest; };
    made.rest_over = [this](const std::shared_ptr<Mount>& mount,
                            const std::shared_ptr<Mount>& next) {
      told.push_back("rest over " + mount->name() + (next ? ", goes on" : ""));
    };
    made.fed_elsewhere = [this](const std::string& name) {
      const auto found = mounts.find(name);
      return elsewhere.value_or(found && found->phase() != MountPhase::kLingering);
    };
    made.expected_here = [this](const std::string&) { return expected_here; };
    made.refused = [this](const std::string&) { return closed; };
    made.outlived = [this](const std::string&, const std::string& user) {
      return user == outlived;
    };
    made.wake = [this](Channel::Loops loops, const std::shared_ptr<Mount>&) { woken |= loops; };
    made.revoke = [this](unsigned home, std::uint64_t lease, std::chrono::milliseconds silence,
                         UniqueFunction<void(bool)> then) {
      revoked.push_back({home, lease, silence, std::move(then)});
    };
    made.has_ended = [this](unsigned home, std::uint64_t lease, UniqueFunction<void(bool)> then) {
      looked.push_back({home, lease, std::move(then)});
      if (!slow_check) looked.back().then(false);
    };
    made.begun = [this](const std::shared_ptr<Mount>& mount) {
      told.push_back("begun " + mount->name() +
                     (mounts.find(mount->name()) == mount ? " +" : " -"));
    };
    made.went_on = [this](const std::shared_ptr<Mount>& mount) {
      told.push_back("went on " + mount->name());
    };
    made.ended = [this](const std::shared_ptr<Mount>& mount) {
      told.push_back("ended " + mount->name() +
                     (mounts.find(mount->name()) == mount ? " +" : " -"));
    };
    return made;
  }
  static WriterAsk ask(std::string mount, unsigned home = 0, std::string type = "audio/mpeg") {
    auto facts = std::make_shared<SourceFacts>();
    facts->source_ip = "192.0.2.1";
    facts->content_type = std::move(type);
    facts->plugin = &framer_for("");
    WriterAsk made;
    made.mount = std::move(mount);
    made.facts = std::move(facts);
    made.home = home;
    made.user = "source";
    return made;
  }
  static WriterAsk relay(std::string mount, std::uint64_t replaces = 0) {
    WriterAsk made = ask(std::move(mount), 1);
    made.kind = WriterKind::kRelay;
    made.user.clear();
    made.replaces = replaces;
    return made;
  }
  // Where the answer to a question goes.
  using Answer = std::shared_ptr<std::optional<Result<WriterLease>>>;
  Answer put(WriterAsk asked) {
    auto answer = std::make_shared<std::optional<Result<WriterLease>>>();
    admission->admit(std::move(asked),
                     [answer](Result<WriterLease> lease) { answer->emplace(std::move(lease)); });
    return answer;
  }
  WriterLease granted(WriterAsk asked) {
    const Answer answer = put(std::move(asked));
    CHECK(answer->has_value());
    CHECK((*answer)->has_value());
    return std::move((*answer)->value());
  }
  void refused(WriterAsk asked) {
    const Answer answer = put(std::move(asked));
    CHECK(answer->has_value());
    CHECK(!(*answer)->has_value());
    CHECK((*answer)->error().code == Error::Code::kDenied);
    STRCMP_EQUAL("Mountpoint in use", (*answer)->error().what.c_str());
  }
  void give_back(WriterLease lease, EndReason reason = EndReason::kClientGone) {
    SourceEnd end;
    end.lease = std::move(lease);
    end.reason = reason;
    end.bytes_read = 7;
    end.lasted = std::chrono::milliseconds(5);
    admission->give_back(std::move(end));
  }
  // What a source does.
  static void write(WriterLease& lease, std::string_view text) {
    CHECK(lease.log->append(std::as_bytes(std::span(text.data(), text.size())), SteadyTime{})
              .has_value());
    lease.mount->channel().publish(
        lease.log->publish(lease.log->head(), LogWindow{}, Channel::kNoReader, false));
  }
  void turn() {
    for (int i = 0; i < 4; ++i) loop.run_once(false);
  }
};

}  // namespace lb::test
