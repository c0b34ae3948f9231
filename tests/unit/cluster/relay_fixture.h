// One relay at a server that takes notes: the base of the groups that test Relay.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/fake_relay_host.h"
#include "cluster/relay/relay.h"

namespace lb::test {

class RelayFixture : public Utest {
 protected:
  FakeRelayHost host;
  Loopback first{host.loop()}, second{host.loop()};
  std::unique_ptr<Relay> relay;

  RelayFixture() {
    host.find = [this](std::uint64_t id) {
      return relay && relay->id() == id ? relay.get() : nullptr;
    };
    first.close_after = second.close_after = false;
  }
  static Upstream at(const Loopback& server, std::string mount = "/up") {
    Upstream upstream;
    upstream.target = {"127.0.0.1", server.port, false, ""};
    upstream.mount = std::move(mount);
    return upstream;
  }
  static RelayPlan plan(std::vector<Upstream> upstreams) {
    RelayPlan made;
    made.local_mount = "/local";
    made.upstreams = std::move(upstreams);
    made.retry_delay = std::chrono::seconds(0);  // as often as the timing allows
    return made;
  }
  void start(RelayPlan made) {
    relay = std::make_unique<Relay>(host, 1, std::move(made));
    relay->start();
  }
  void start_flowing(RelayPlan made) {
    start(std::move(made));
    host.until([&] { return relay->flows(); });
  }
  void until_streams(const std::string& text) {
    host.until([&] { return host.stream("/local") == text; });
  }
  // all: what the mount has then.
  void sends(Loopback& from, const std::string& text, const std::string& all) {
    from.send(text);
    until_streams(all);
  }
};

}  // namespace lb::test
