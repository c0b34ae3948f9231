// FetchTurns: which of the waiting requests of a Fetcher is sent next, so that a server that does
// not answer delays its own requests only.
//
// A server holds a part of the places at most, and few of them after a request without an answer,
// until it answers again.  The last places are for servers that hold none.  Those with waiting
// requests take turns.
// Thread: its owner's.
// Bounds: Limits; a server is remembered while it has requests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace lb {

class FetchTurns {
 public:
  using Id = std::uint64_t;
  struct Limits {
    std::size_t in_flight, of_server;
  };
  enum class End : std::uint8_t { kAnswered, kFailed, kUnknown };

  explicit FetchTurns(const Limits& limits);

  void wait(const std::string& server, Id id);
  // A request that waits no longer and was not sent.
  void withdraw(const std::string& server, Id id);
  // The next request; it holds a place until leave().
  std::optional<Id> next();
  void leave(const std::string& server, End end);
  std::size_t waiting(const std::string& server) const;

 private:
  struct Server {
    std::deque<Id> waiting;
    std::size_t in_flight = 0;
    bool failed = false;
    std::list<Server*>* line = nullptr;  // where it waits for its turn
    std::list<Server*>::iterator turn{};
  };
  std::size_t room_of(const Server& server) const noexcept;
  void place_in_line(Server& server);
  void settle(std::unordered_map<std::string, Server>::iterator at);

  const Limits limits_;
  std::size_t in_flight_ = 0;
  std::unordered_map<std::string, Server> servers_;
  std::list<Server*> without_place_, with_place_;
};

// "http://bob:secret@Host/add?key=1" → "http://host:80", which names the server of a URL.
std::string server_of_url(std::string_view url);

}  // namespace lb
