// One fan-out with a host that takes notes: the base of the groups that test Fanout.
#pragma once

#include <event2/event.h>

#include <memory>
#include <utility>
#include <vector>

#include "stream/listener/fanout.h"
#include "stream/support.h"

namespace lb::test {

struct Host final : FanoutHost {
  explicit Host(const Clock& clock) : own_loop(0, clock) {}
  Loop& loop() noexcept override { return own_loop; }
  DeliveryCall delivery_call() const noexcept override { return call; }
  void ended(std::unique_ptr<Listener> listener, Mount&, EndReason reason) override {
    ends.emplace_back(listener->id, reason);
  }
  void departed(std::unique_ptr<Listener> listener, Mount&) override {
    departures.push_back(std::move(listener));
  }
  void hung_up() override { ++hang_ups; }
  bool one_ended(std::uint64_t id, EndReason reason) const {
    return ends.size() == 1 && ends[0] == std::pair(id, reason);
  }

  Loop own_loop;
  DeliveryCall call = DeliveryCall::kAuto;
  std::vector<std::pair<std::uint64_t, EndReason>> ends;
  int hang_ups = 0;
  std::vector<std::unique_ptr<Listener>> departures;
};

class FanoutFixture : public Utest {
 protected:
  FakeClock clock;
  Host host{clock};
  MountSettings settings;
  std::shared_ptr<Mount> mount = std::make_shared<Mount>("/m", lb::test::mount_settings(), 1);
  Writer writer;
  std::unique_ptr<Fanout> fanout;
  std::uint64_t next_id = 1;
  UniqueFd always_writable{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};

  void set_window(std::size_t burst, std::size_t queue) {
    settings.burst_bytes = writer.window.burst_bytes = burst;
    settings.queue_bytes = writer.window.queue_bytes = queue;
    mount->set_settings(lb::test::mount_settings(settings));
  }
  Fanout& open() {
    writer.publish(*mount);
    fanout = std::make_unique<Fanout>(host, mount);
    return *fanout;
  }
  Listener& join(std::unique_ptr<Transport> transport, std::uint64_t position = 0,
                 bool wait_for_mark = false) {
    auto listener = std::make_unique<Listener>(next_id++, std::move(transport), RequestFacts());
    listener->position = position;
    listener->wait_for_mark = wait_for_mark;
    Listener& joined = *listener;
    fanout->join(std::move(listener));
    return joined;
  }
  std::shared_ptr<Wire> fake(std::uint64_t position = 0, bool wait_for_mark = false) {
    auto wire = std::make_shared<Wire>();
    join(std::make_unique<FakeTransport>(wire, always_writable.get()), position, wait_for_mark);
    return wire;
  }
  void pass() {
    fanout->in_pass = true;
    fanout->begin_pass();
    CHECK(fanout->pump(SteadyTime::max()));
    fanout->in_pass = false;
    fanout->end_pass();
  }
  void publish_and_pass(bool ended = false) {
    writer.publish(*mount, ended);
    pass();
  }
  std::uint64_t low_water() const { return mount->channel().low_water(); }
};

}  // namespace lb::test
