// EventStream: what happens to this node and its sources, as server-sent events (/admin/events).
//
//   id: 1763640000-17
//   event: source-connect
//   data: {"id":"1763640000-17","time":"2026-11-20T06:52:17Z","event":"source-connect", …}
//
// The id names the run of the server, which an upgrade does not end, and counts within it.  A
// reader that comes back with Last-Event-ID gets what it missed, as far as it is kept: the last
// kKept events; everything that is kept when the id is of another run. A reader with mounts of its
// own is shown their events; of a node no more than that its state has changed.
// Thread: one loop (control).
// Ownership: the app.
// Bounds: kMaxReaders, shared by Followers::has_place(); a reader that leaves 64 KiB unread is dropped.  A comment every 15 s shows
// both sides, and proxies, that the connection is alive.
// Source: WHATWG HTML, "Server-sent events".
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/feed/followers.h"
#include "base/clock.h"
#include "base/record.h"

namespace lb {

struct ServerEvent {
  std::string type;     // "source-connect", "drain" …
  std::string subject;  // the mount or the node that it is about
  std::vector<std::pair<std::string, std::string>> details;  // names are ours, values from outside
  // Set by EventStream::publish().
  std::string id;
  WallTime when{};
  std::string account = {};  // of the mount, when it happened; "": it had none
};
template <class Io, RecordOf<ServerEvent> T>
void record_fields(Io& io, T& event) {
  auto& [type, subject, details, id, when, account] = event;
  io(1, type, subject, details, id, when, account);
}
// What the next process goes on with.
struct EventsRecord {
  std::string run;
  std::uint64_t number = 0;
  std::vector<ServerEvent> kept;
};
template <class Io, RecordOf<EventsRecord> T>
void record_fields(Io& io, T& events) {
  auto& [run, number, kept] = events;
  io(1, run, number, kept);
}
// As readers that are shown everything get it.
std::string event_json(const ServerEvent& event, const std::string& node);

class EventStream {
 public:
  static constexpr std::size_t kKept = 256;
  static constexpr std::size_t kMaxReaders = 64;
  static constexpr std::chrono::seconds kHeartbeat{15};

  EventStream(Loop& loop, std::string node);

  // Completes the event and sends it to all readers.
  const ServerEvent& publish(ServerEvent event);
  // head: of the reply.  last_id: what the reader had last; "": it wants to hear what comes.
  // False: there are too many readers, and nothing has been taken.
  bool add(std::unique_ptr<Transport>& transport, std::string head, std::string_view last_id,
           Followers::Ended ended, Followers::Scope scope = {});
  // Readers whose login has ended are sent away.
  void check_logins();
  std::size_t readers() const noexcept { return followers_.size(); }
  void beat();  // what the timer does
  EventsRecord save() const;
  // REQUIRES: nothing has been published.
  void restore(EventsRecord saved);

 private:
  std::string missed_since(std::string_view last_id, const Followers::Scope& scope) const;
  void keep(ServerEvent event);

  struct Kept {
    std::uint64_t number = 0;
    std::string text;  // for those that are shown everything
    ServerEvent event;
  };
  Loop& loop_;
  const std::string node_;
  std::string run_;
  std::uint64_t number_ = 0;
  std::deque<Kept> kept_;
  Followers followers_;
  Timer timer_;
};

}  // namespace lb
