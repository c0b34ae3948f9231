// HlsSessions: the present listenings by HLS.  A player of HLS has no lasting connection: it
// listens from its first request of a list until it has requested none for a while.
//
// A list costs a client nothing, so a session is a newcomer until a segment has been fetched: it
// keeps its place only for some seconds, and an address may have few newcomers at once.  A segment
// request without a session counts for the oldest newcomer of its address.
//
// Thread: all functions from any thread; a shard's mutex is held for one look-up, without other
// calls under it.  The caller releases what a session holds, outside of the locks.
// Ownership: owns its sessions until they are taken.
// Bounds: the gates that a session enters before it is added; a place is 1 kB.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "hls/session_record.h"
#include "stream/listener/listener.h"
#include "stream/listener/listener_row.h"
#include "stream/mount/mount.h"

namespace lb {

struct HlsSession : HlsPlayer {
  std::shared_ptr<Mount> mount;
  GatePass client, total;
  GatePass place;  // in a gate of `mount`
  SlotPass slot;
  std::unique_ptr<EndNotice> notice;
  // The members below, and bytes, belong to the shard.
  const std::string* key = nullptr;  // of its row
  SteadyTime seen{};
  SteadyTime listed{};  // of a newcomer: when it could have fetched a segment

  // From its first request to the end of the last fetched segment, or to now if that is earlier.
  std::chrono::milliseconds listened(SteadyTime now) const noexcept {
    const auto heard = earned ? seen + segment : seen;
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::min(heard, now) - began);
  }
  // Leaves the gate before the mount, which owns it, is released.
  ~HlsSession() { place.leave(); }
};
using HlsSessionPtr = std::unique_ptr<HlsSession>;

// Whether a recorded mount has no stream now: it has no log, so no session of it ends.
bool is_off_air(const Mount& mount);

class HlsSessions {
 public:
  static constexpr std::size_t kMaxNewcomers = 8;  // of an address, at a mount
  // And the time of a segment: a browser may have the listed ones from before.
  static constexpr std::chrono::seconds kNewcomerPatience{6};

  // Whether the address may have one more player.  Two simultaneous questions may both get true.
  bool has_room(std::string_view ip, std::string_view mount) const;
  // The session has fetched a segment.
  void earn(std::string_view name, std::string_view mount);
  // No segment is available yet for the session.
  void wait_on(std::string_view name, std::string_view mount, SteadyTime now);
  // True: the mount knows the session, which continues; bytes: sent with this request.
  bool touch(std::string_view name, std::string_view mount, SteadyTime now,
             std::uint64_t bytes = 0);
  bool knows(std::string_view name, std::string_view mount) const;
  // Two first requests of one player may come at once: the second session is returned.  A session
  // of the previous process keeps the time of its last request.
  HlsSessionPtr add(HlsSessionPtr session, SteadyTime now);
  // For a segment request without a session: its bytes are divided among the sessions of the crowd,
  // and a newcomer of the address has fetched a segment, if it was more than a bit of one.
  void count_segment(std::string_view crowd, std::uint64_t bytes, std::string_view ip,
                     std::string_view mount, bool is_heard = true);

  // Takes the ended sessions, with their bytes.  woke: when this process last came back from a
  // pause, in which no player could request anything.
  std::vector<HlsSessionPtr> take_silent(SteadyTime now, SteadyTime woke = {});
  std::vector<HlsSessionPtr> take_all_of(const Mount& mount);
  // Moves the sessions of an ended mount to `to`, which continues its stream.
  void move_all(const std::shared_ptr<Mount>& from, const std::shared_ptr<Mount>& to);
  // Takes the oldest sessions, at most `most`.
  std::vector<HlsSessionPtr> take_oldest(std::size_t most);
  // mount: only a session of it; null: of any.  Null: there is no such session.
  HlsSessionPtr take(const Mount* mount, std::uint64_t id);
  // Takes those of this name at other mounts that began before this moment.
  std::vector<HlsSessionPtr> take_others(std::string_view name, std::string_view mount,
                                         SteadyTime before);
  std::vector<SlotHolder> slot_holders(const SlotGate& gate) const;
  // Takes the sessions with these ids.
  std::vector<HlsSessionPtr> take_holders(const SlotGate& gate,
                                          const std::vector<std::uint64_t>& ids);

  // Rows with their part of the crowds' bytes.
  std::vector<ListenerRow> list(const Mount& mount, SteadyTime now) const;
  // The rows with the lowest ids after `after`, at most `most`, unordered.
  std::vector<ListenerRow> page(const Mount& mount, SteadyTime now, std::uint64_t after,
                                std::size_t most) const;
  std::size_t size() const;
  using Counts = std::unordered_map<const Mount*, std::size_t>;
  // Counted as sessions come and go, because each answer about titles needs it.
  Counts by_mount() const;
  // Of a hand-over. cannot_move(): why a session cannot be handed over; "": all can. resting: ended
  // mounts that are handed over nevertheless.
  std::string cannot_move(const std::set<const Mount*>& resting) const;
  std::vector<HlsSessionRecord> save(SteadyTime now) const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::map<std::string, HlsSessionPtr> sessions;  // those of one name together
    std::unordered_map<std::uint64_t, HlsSession*> by_id;
    // A mount that ends must not cost a walk over the sessions of all others.
    std::unordered_map<const Mount*, std::unordered_set<HlsSession*>> by_mount;

    HlsSessionPtr take(HlsSession& session) {
      by_id.erase(session.id);
      if (const auto at = by_mount.find(session.mount.get()); at->second.size() > 1)
        at->second.erase(&session);
      else
        by_mount.erase(at);
      return std::move(sessions.extract(*session.key).mapped());
    }
  };
  struct Crowd {
    std::uint64_t bytes = 0;
    std::size_t sessions = 0;

    std::uint64_t part() const noexcept { return bytes / std::max<std::size_t>(1, sessions); }
  };
  struct CrowdShard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Crowd> crowds;
  };
  struct NewcomerShard {
    mutable std::mutex mutex;
    // By address and mount; the oldest first.
    std::unordered_map<std::string, std::vector<std::string>> names;
  };
  static std::string key_of(std::string_view name, std::string_view mount);
  static std::size_t place_of(std::string_view key) noexcept;
  // Takes the sessions for which goes(session) is true.
  template <class Goes>
  std::vector<HlsSessionPtr> take_where(Goes goes);
  std::vector<ListenerRow> rows_of(const Mount& mount, SteadyTime now, std::uint64_t after,
                                   std::uint64_t last) const;
  // What a session has outside of its shard.
  void enter_tables(const HlsSession& session);
  // takes_part: it takes its part of the crowd's bytes with it.
  void leave_tables(HlsSession& session, bool takes_part);
  void leave_crowd(HlsSession& session, bool takes_part);
  void leave_newcomers(const std::string& ip, std::string_view mount, const std::string& name);

  std::array<Shard, 16> shards_;
  std::array<CrowdShard, 16> crowds_;
  std::array<NewcomerShard, 16> newcomers_;
};

}  // namespace lb
