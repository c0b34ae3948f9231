// LiveFeed: what is heard at this moment, as server-sent events (/api/v1/live): first the state,
// then its changes.
//
//   id: 1763640000123-5f3a09c1-17-1763640000-4
//   event: state
//   data: {"time":"2026-11-20T06:52:17Z","more":false,"totals":{…},"nodes":[…],"mounts":[…],…}
//
// Every row has the number of the sample that changed it, so a reader lacks the rows with a higher
// number than its own, which is all that is kept for it.  The id has the run of the process, a
// digest of the reader's access, the number, and the id of its last event (EventStream); with any
// other id the reader gets the state.  The last kKeptRemovals removed rows are kept.
// Events of EventStream, as far as the reader may see them, follow the first whole state.
// A state or a change of more than kPartBytes goes out in parts; the last one has the id.
// Totals come with each sample that changes them, rows at most each kRowPause.
// A reader may also follow the listeners of one mount, at most kMaxListeners of them; all readers
// together kMaxFollowed mounts.  Their rows are given as JSON.
// Thread: one loop.
// Ownership: LiveService.
// Bounds: kMaxReaders, shared by Followers::has_place(); a reader gets the next part only after it
// has taken the last one, so it costs one part and the newest kEventBytes of its events here, and
// kUnsentBytes in the kernel; after kUnreadTime its connection is closed.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "admin/feed/event_stream.h"
#include "admin/feed/followers.h"
#include "base/clock.h"
#include "base/json.h"

namespace lb {

struct LiveMount {
  std::uint64_t listeners = 0, kbps = 0;  // owed to them
  std::string account, title;             // "": none

  bool operator==(const LiveMount&) const = default;
};
struct LiveNode {
  std::string_view state;  // up, suspect, down, draining
  std::uint64_t listeners = 0, kbps = 0;

  bool operator==(const LiveNode&) const = default;
};
// The JSON of a listener's row, with and without the address.
struct LiveListener {
  std::string open, closed;

  bool operator==(const LiveListener&) const = default;
};
using LiveListeners = std::map<std::string, LiveListener, std::less<>>;  // by NODE/ID
struct LiveSample {
  std::map<std::string, LiveMount, std::less<>> mounts;  // on air
  std::map<std::string, LiveNode, std::less<>> nodes;
};

// The part that a reader may see.
struct LiveScope {
  // Empty: every mount.
  std::function<bool(std::string_view mount, std::string_view account)> shows;
  bool numbers_of_nodes = true;  // false: only their states
  std::string key;               // differs between different views
  std::string listeners_of;      // a mount; "": none
  bool addresses = false;        // of these listeners
  bool node_events = true;       // events about a node
  bool event_addresses = true;   // in events
  std::string sharer = {};       // Followers::Scope::sharer
};

class LiveFeed {
 public:
  static constexpr std::size_t kMaxReaders = 64;
  static constexpr std::size_t kPartBytes = 64 * 1024, kUnsentBytes = 64 * 1024;
  static constexpr std::size_t kKeptRemovals = 4096, kEventBytes = 64 * 1024;
  static constexpr std::size_t kMaxListeners = 500, kMaxFollowed = 16;
  static constexpr std::chrono::milliseconds kRowPause{1000};
  // The longest wait of a first state for the listeners that it is about.
  static constexpr std::chrono::seconds kListenersPause{5};
  static constexpr std::chrono::seconds kHeartbeat{15}, kUnreadTime{60};

  // node: in events.
  LiveFeed(Loop& loop, std::string node);

  // The id of the last event in the id of a reader; "": none.
  static std::string_view event_in(std::string_view last_id);
  // False: too many readers, and the transport was not taken.  REQUIRES: a recent take().
  // missed: the events that it lacks.
  bool add(std::unique_ptr<Transport>& transport, std::string head, std::string_view last_id,
           const EventStream::Missed& missed, Followers::Ended ended, std::function<bool()> holds,
           LiveScope scope);
  // Sends the changes of a sample.
  void take(LiveSample sample);
  // Sends an event to the readers that may see it.
  void take_event(const ServerEvent& event);
  void end_readers() { followers_.end(); }
  std::size_t readers() const noexcept { return readers_.size(); }
  // Mounts whose listeners a reader follows.
  std::set<std::string, std::less<>> followed() const;
  // The listeners of one of them; more: the list is incomplete.
  void take_listeners(const std::string& mount, const LiveListeners& listeners, bool more);

 private:
  template <class T>
  struct Row {
    std::optional<T> now;  // nullopt: removed
    std::uint64_t changed = 0;
    // Of a mount: its former account, and when it changed.
    std::string account_before = {};
    std::uint64_t account_changed = 0;
  };
  template <class T>
  using Rows = std::map<std::string, Row<T>, std::less<>>;
  // A pass sends all rows that have changed after `since`.
  struct Pass {
    std::uint64_t since = 0, target = 0;  // since 0: the state
    bool first = true;
    enum class In : std::uint8_t { kNodes, kMounts, kListeners } in = In::kNodes;
    std::string after;  // the last name visited
  };
  struct Reader {
    Followers::Follower* follower = nullptr;
    LiveScope scope;
    std::string digest;
    std::uint64_t seen = 0;  // it has all changes up to this number; 0: none
    std::optional<Pass> pass;
    std::string totals;  // as last sent
    struct Event {
      std::string id, json;
    };
    std::deque<Event> events;  // not sent yet
    std::size_t event_bytes = 0;
    std::string event_id;  // of the last event sent, or before the first one
    std::uint64_t totals_of = 0;
    SteadyTime began{}, rows_at{}, sent_at{}, progress_at{};
    std::uint64_t sent = 0;
  };
  struct Part {
    std::string nodes, mounts, listeners, gone_nodes, gone_mounts, gone_listeners;

    std::size_t size() const noexcept {
      return nodes.size() + mounts.size() + listeners.size() + gone_nodes.size() +
             gone_mounts.size() + gone_listeners.size();
    }
  };

  template <class T>
  void merge(Rows<T>& rows, const std::map<std::string, T, std::less<>>& now);
  template <class T>
  void forget(Rows<T>& rows, std::uint64_t up_to);
  std::uint64_t number_of(std::string_view last_id, const std::string& digest) const;
  void serve(Reader& reader, SteadyTime now);
  // Its first state would show an empty room, because the listeners have been asked for just now.
  bool waits_for_listeners(const Reader& reader, SteadyTime now) const;
  // The next part of the reader's pass; "": nothing to send.
  std::string next_part(Reader& reader);
  // False: the part is full.
  template <class T, class Write>
  bool add_rows(const Rows<T>& rows, Pass& pass, const Part& part, Write write) const;
  void add_node(const Reader& reader, const std::string& id, const Row<LiveNode>& row,
                Part& part) const;
  void add_mount(const Reader& reader, const std::string& name, const Row<LiveMount>& row,
                 Part& part) const;
  void add_listener(const Reader& reader, const std::string& place, const Row<LiveListener>& row,
                    Part& part) const;
  void forget_unfollowed();
  std::string totals_for(const Reader& reader) const;
  void keep_event(Reader& reader, const ServerEvent& event) const;
  static void drop_event(Reader& reader);
  // As many as one part holds.
  std::string next_events(Reader& reader) const;
  std::string id_line(const Reader& reader, std::uint64_t number) const;
  void send(Reader& reader, std::string_view text, SteadyTime now);

  Loop& loop_;
  const std::string run_, node_;
  std::uint64_t number_ = 1;  // of the last sample that changed something
  std::uint64_t least_ = 0;   // removed rows up to this number are forgotten
  std::size_t gone_ = 0;
  Rows<LiveMount> mounts_;
  Rows<LiveNode> nodes_;
  struct Followed {
    Rows<LiveListener> rows;
    bool more = false;
    bool told = false;  // since a reader follows them
  };
  std::map<std::string, Followed, std::less<>> followed_;  // by mount
  Followers followers_;
  std::list<Reader> readers_;
  SteadyTime checked_{};
};

}  // namespace lb
