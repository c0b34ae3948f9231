// A worker's fan-outs with a loop, a log and transports of the test's own: the base of the groups
// that test LoopStreams.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "stream/listener/loop_streams.h"
#include "stream/listener/server_counters.h"
#include "stream/mount/mount_table.h"
#include "stream/support.h"

namespace lb::test {

// A mount and its writer.
struct OnAir {
  OnAir(const std::string& name, MountSettings settings, std::uint64_t seed,
        const std::string& type)
      : mount(std::make_shared<Mount>(name, lb::test::mount_settings(settings), 1)), writer(seed) {
    auto facts = std::make_shared<SourceFacts>();
    facts->content_type = type;
    mount->set_facts(facts);
    writer.window = {settings.burst_bytes, settings.queue_bytes};
  }
  std::shared_ptr<Mount> mount;
  Writer writer;
};

inline MountSettings falling_back_to(const std::string& name) {
  MountSettings settings;
  settings.fallback_mount = name;
  return settings;
}

class StreamsFixture : public Utest {
 protected:
  FakeClock clock;
  Loop loop{0, clock};
  CapturedLog captured{clock};
  MountTable mounts;
  ServerCounters counters;
  std::map<std::string, std::string, std::less<>> fallbacks;
  std::size_t fallbacks_asked = 0;
  UniqueFd always_writable{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  LoopStreams streams{
      loop, LoopStreams::Shared{mounts, counters, captured.log, [this](std::string_view name) {
                                  ++fallbacks_asked;
                                  const auto at = fallbacks.find(name);
                                  return at == fallbacks.end() ? "" : at->second;
                                }}};
  std::uint64_t next_seed = 1;
  bool patient = false;  // passes follow each other: a listener moves

  std::unique_ptr<OnAir> on_air(const std::string& name, MountSettings settings = {},
                                const std::string& type = "audio/mpeg") {
    auto made = std::make_unique<OnAir>(name, std::move(settings), next_seed++, type);
    mounts.put(made->mount);
    return made;
  }
  void settle() {
    for (int i = 0; i < 8; ++i) loop.run_once(false);
    if (!patient) return;
    // A pass that waits for the pulse was asked for earlier and waits a shorter time.
    bool over = false;
    Timer timer(loop, [&over] { over = true; });
    timer.after(std::chrono::milliseconds(6));
    while (!over) loop.run_once(true);
  }
  void publish(OnAir& live, bool ended = false) {
    clock.advance(std::chrono::seconds(1));  // the pulse allows
    if (live.writer.publish(*live.mount, ended) != 0) streams.wake(live.mount);
    settle();
  }
  void publish(OnAir& first, OnAir& second) {
    publish(first);
    publish(second);
  }
  // What happens when a source leaves.
  void end(OnAir& live) {
    mounts.erase(live.mount->name());
    publish(live, true);
  }
  std::unique_ptr<Listener> make(std::uint64_t id, std::unique_ptr<Transport> transport,
                                 OnAir& live, std::uint32_t metaint = 0) {
    auto listener = std::make_unique<Listener>(
        id, std::move(transport),
        RequestFacts("GET /a HTTP/1.0", "http://ref/", "Player/1", "anna"));
    listener->home = std::make_shared<const std::string>(live.mount->name());
    listener->joined = clock.steady();
    listener->icy.metaint = listener->icy.until_block = metaint;
    listener->preamble = std::make_unique<Preamble>();
    live.mount->gate().enter();
    listener->mount_pass = GatePass(&live.mount->gate());
    return listener;
  }
  std::shared_ptr<Wire> listen(OnAir& live, std::uint64_t id = 1, std::size_t burst = 65536,
                               std::uint32_t metaint = 0) {
    auto wire = std::make_shared<Wire>();
    streams.join(
        make(id, std::make_unique<FakeTransport>(wire, always_writable.get()), live, metaint),
        live.mount, burst);
    return wire;
  }
  std::vector<std::uint64_t> ids(const OnAir& live) const {
    std::vector<std::uint64_t> all;
    for (const ListenerRow& state : streams.list(*live.mount)) all.push_back(state.id);
    std::sort(all.begin(), all.end());
    return all;
  }
};

}  // namespace lb::test
