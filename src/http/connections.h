// Connections: all inbound connections of one worker that are not yet listeners or sources.
//
// Budget: request heads that are not complete may be this many; above it the oldest one ends (after
// two seconds), so that idle sockets can never lock listeners, sources or the administrator out
// (decisions B9).  A connection that is kept for its next request is one of them.
// Thread: its worker.  Ownership: owns its connections.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "http/connection.h"

namespace lb {

struct HttpSettings {
  std::string server_id;
  std::vector<HttpHeader> http_headers;
  std::chrono::seconds header_timeout{15};
  std::chrono::seconds client_timeout{30};
  std::size_t most_open_heads = 1024;
};

class Connections final : public ConnectionSink {
 public:
  struct Plan {
    std::vector<Stage*> stages;                     // in order; the last one always answers
    std::function<bool(const Address&)> welcome;    // false: closed at once, without a byte
    // A Shoutcast login's password line is complete; false: drop.
    std::function<bool(Connection&)> shoutcast_login;
    std::function<void()> accepted;                 // for the counters
  };
  Connections(Loop& loop, Log& log, const Snapshot<HttpSettings>& settings, std::atomic<std::uint64_t>& next_id);
  ~Connections() override;
  void set_plan(Plan plan) { plan_ = std::move(plan); }

  void accepted(std::unique_ptr<Transport> transport, const std::shared_ptr<const ListenSocket>& socket) override;
  bool make_room() override;

  // Null when it has gone.
  Connection* find(std::uint64_t id);
  void end_all();
  Loop& loop() noexcept { return loop_; }

 private:
  friend class Connection;
  void remove(Connection& connection);
  void head_begins(Connection& connection);    // joins the open heads
  void head_complete(Connection& connection);  // leaves them

  Loop& loop_;
  Log& log_;
  const Snapshot<HttpSettings>& settings_;
  std::atomic<std::uint64_t>& next_id_;
  Plan plan_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
  IntrusiveList<Connection> open_heads_;  // oldest first
  std::size_t open_head_count_ = 0;
  std::array<std::byte, 16384> scratch_;
};

}  // namespace lb
