// EventService: the one place that hears what happens to this node, and tells those who want to
// know: readers of /admin/events, the program of <on-node-event>, other parts of the server.
//
// Who has something to tell calls publish(); the events and their fields are in
// doc/orchestration.md.
// Thread: control.  Ownership: Services.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "admin/event_stream.h"
#include "app/services.h"

namespace lb {

class EventService {
 public:
  using Details = std::vector<std::pair<std::string, std::string>>;

  explicit EventService(Services& services);

  void publish(std::string type, std::string subject, Details details = {});
  // Called for every event, for the rest of the process.
  void on_event(std::function<void(const ServerEvent&)> told) { told_.push_back(std::move(told)); }
  EventStream& stream() noexcept { return stream_; }
  std::size_t readers() const noexcept { return stream_.readers(); }

 private:
  void run_program(const ServerEvent& event);

  Services& services_;
  EventStream stream_;
  std::vector<std::function<void(const ServerEvent&)>> told_;
};

// How this node calls itself where nobody has given it a name: its host name.
std::string node_name(const Config& config);

}  // namespace lb
