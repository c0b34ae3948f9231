// EventService: passes the events of this node to their subscribers: readers of /admin/events, the
// program of <on-node-event>, the addresses of <webhook>, and other parts of the server.
//
// Every event is a call of publish(); the events and their fields are in doc/orchestration.md.
// Thread: control.
// Ownership: Services.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "admin/feed/event_stream.h"
#include "app/services/webhooks.h"

namespace lb {

struct Config;
struct Traffic;

class EventService {
 public:
  using Details = std::vector<std::pair<std::string, std::string>>;

  explicit EventService(Traffic& traffic);

  void publish(std::string type, std::string subject, Details details = {});
  // The subscriber is called for every event until the process ends.
  void on_event(std::function<void(const ServerEvent&)> subscriber) {
    subscribers_.push_back(std::move(subscriber));
  }
  EventStream& stream() noexcept { return stream_; }
  std::size_t readers() const noexcept { return stream_.readers(); }
  const Webhooks& webhooks() const noexcept { return webhooks_; }
  Webhooks& webhooks() noexcept { return webhooks_; }

 private:
  void run_program(const ServerEvent& event);

  Traffic& traffic_;
  EventStream stream_;
  Webhooks webhooks_;
  std::vector<std::function<void(const ServerEvent&)>> subscribers_;
};

// The name of this node where none is configured: its host name.
std::string node_name(const Config& config);

}  // namespace lb
