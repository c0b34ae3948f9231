// EventStream: events of this node and its sources, as server-sent events (/admin/events).
//
//   id: 1763640000-17
//   event: source-connect
//   data: {"id":"1763640000-17","time":"2026-11-20T06:52:17Z","event":"source-connect", …}
//
// The id has the run of the server, which survives an upgrade, and a count.  A reader that returns
// with Last-Event-ID gets the events that it missed, if they are among the last kKept; all kept
// ones if the id is of another run.  A reader with only some mounts gets their events, and of the
// node only changes of its state.
// Thread: one loop (control).
// Ownership: the app.
// Bounds: kMaxReaders, shared by Followers::has_place(); a reader that leaves 64 KiB unread is
// dropped.  A comment every 15 s shows both sides, and proxies, that the connection is alive.
// Source: WHATWG HTML, "Server-sent events".
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/feed/followers.h"
#include "base/clock.h"
#include "base/record.h"

namespace lb {

struct ServerEvent {
  std::string type;                                          // "source-connect", "drain" …
  std::string subject;                                       // its mount or node
  std::vector<std::pair<std::string, std::string>> details;  // names are ours, values from outside
  // Set by EventStream::publish().
  std::string id;
  WallTime when{};
  std::string account = {};  // of the mount at that time; "": none
  static constexpr PlainRecord kRecord{.members = 6};
};
// The state for the process that takes over.
struct EventsRecord {
  std::string run;
  std::uint64_t number = 0;
  std::vector<ServerEvent> kept;
  static constexpr PlainRecord kRecord{.members = 3};
};
// The account of its mount, or what it is about: see event_to_drop().
std::string_view owner_of(const ServerEvent& event);
bool is_of_mount(const ServerEvent& event);
// The text for readers with full access.
std::string event_json(const ServerEvent& event, const std::string& node);
// The text for a reader with this scope; "": it must not see the event.
std::string event_json_for(const ServerEvent& event, const std::string& node,
                           const Followers::Scope& scope);

class EventStream {
 public:
  static constexpr std::size_t kKept = 256;
  static constexpr std::size_t kMaxReaders = 64;
  static constexpr std::chrono::seconds kHeartbeat{15};

  EventStream(Loop& loop, std::string node);

  // Completes the event and sends it to all readers.
  const ServerEvent& publish(ServerEvent event);
  // head: of the reply. last_id: of the reader's last event; "": new events only.  False: too many
  // readers, and the transport was not taken.
  bool add(std::unique_ptr<Transport>& transport, std::string head, std::string_view last_id,
           Followers::Ended ended, Followers::Scope scope = {});
  // Removes readers whose login has ended.
  void check_logins();
  void end_readers() { followers_.end(); }
  std::size_t readers() const noexcept { return followers_.size(); }
  void beat();  // called by the timer
  struct Missed {
    std::string after;                // the id before the first of them
    std::vector<ServerEvent> events;  // oldest first
  };
  // The kept events after this id, for another feed of them.  nullopt: no id of an event.
  std::optional<Missed> after(std::string_view last_id) const;
  std::string newest_id() const;
  EventsRecord save() const;
  // REQUIRES: no event was published.
  void restore(EventsRecord saved);

 private:
  // The number of an id; 0: of another run, or none.
  std::uint64_t number_of(std::string_view id) const;
  std::string missed_since(std::string_view last_id, const Followers::Scope& scope) const;
  void keep(ServerEvent event);

  struct Kept {
    std::uint64_t number = 0;
    std::string text;  // for readers with full access
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
