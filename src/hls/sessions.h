// HlsSessions: the listenings by HLS that are going on.  A player of HLS has no connection that
// lasts: it listens from the first list that it asks for until it has asked for none for a while.
//
// A list costs nothing to ask for, so a session is a newcomer until a segment has been fetched: it
// has its place for some seconds only, and an address has few of them at once.  A segment whose
// request names no session is that of the oldest newcomer of its address.
//
// Thread: all functions from any thread; a shard's mutex is held for one look-up, and nothing else
// is called under it.  What a session holds is let go by the caller, outside of the locks.
// Ownership: owns its sessions until they are taken out.
// Bounds: by the gates that a session has entered before it is added; a place is 1 kB.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "stream/listener/listener.h"
#include "stream/listener/listener_row.h"
#include "stream/mount/mount.h"

namespace lb {

struct HlsSessionRecord;

struct HlsSession {
  std::uint64_t id = 0;  // of the connection that began it: as listeners are numbered
  std::string name;      // s=, or what stands for it
  std::shared_ptr<Mount> mount;
  std::string ip;
  std::string crowd;   // the address and agent that it shares segments without s= with
  RequestFacts facts;  // of its first request
  GatePass client, total;
  GatePass place;  // in a gate of `mount`
  SlotPass slot;
  std::unique_ptr<EndNotice> notice;
  SteadyTime began{};
  SteadyTime until = SteadyTime::max();  // max-listener-duration
  std::chrono::seconds patience{20};     // that it may ask for nothing
  bool earned = false;                   // its player has fetched a segment
  std::chrono::milliseconds segment{0};  // how long each is, about
  // Of the shard from here on.
  SteadyTime seen{};
  SteadyTime listed{};  // a newcomer's: when it could have asked for a segment
  std::uint64_t bytes = 0;

  // From its first request to the end of what it has fetched last, as far as that is over.
  std::chrono::seconds listened(SteadyTime now) const noexcept {
    const auto heard = earned ? seen + segment : seen;
    return std::chrono::duration_cast<std::chrono::seconds>(std::min(heard, now) - began);
  }
  // Before the mount goes, and the gate with it.
  ~HlsSession() { place.leave(); }
};
using HlsSessionPtr = std::unique_ptr<HlsSession>;

class HlsSessions {
 public:
  static constexpr std::size_t kMaxNewcomers = 8;  // of an address, at a mount
  static constexpr std::chrono::seconds kNewcomerPatience{6};

  // Whether one more player may come from this address.  Two that ask at once may both be told so.
  bool has_room(std::string_view ip, std::string_view mount) const;
  // A segment was fetched by this session.
  void earn(std::string_view name, std::string_view mount);
  // There is no segment yet that it could fetch.
  void wait_on(std::string_view name, std::string_view mount, SteadyTime now);
  // True: it is known at this mount, and goes on; bytes: that it gets by this request.
  bool touch(std::string_view name, std::string_view mount, SteadyTime now,
             std::uint64_t bytes = 0);
  bool knows(std::string_view name, std::string_view mount) const;
  // Two first requests of one player may come at once: the second one is given back.
  HlsSessionPtr add(HlsSessionPtr session, SteadyTime now);
  // Of a segment whose request names no session: the sessions of its crowd have their part in it,
  // and a newcomer of its address has fetched it.
  void count_segment(std::string_view crowd, std::uint64_t bytes, std::string_view ip,
                     std::string_view mount);

  // Those that have ended, with their bytes.
  std::vector<HlsSessionPtr> take_silent(SteadyTime now);
  std::vector<HlsSessionPtr> take_all_of(const Mount& mount);
  // Those of a mount that has ended are of `to` now, which goes on with its stream.
  void move_all(const std::shared_ptr<Mount>& from, const std::shared_ptr<Mount>& to);
  // The oldest ones, at most so many.
  std::vector<HlsSessionPtr> take_oldest(std::size_t most);
  HlsSessionPtr take(const Mount& mount, std::uint64_t id);
  std::vector<SlotHolder> slot_holders(const SlotGate& gate) const;
  // Of these ids.
  std::vector<HlsSessionPtr> take_holders(const SlotGate& gate,
                                          const std::vector<std::uint64_t>& ids);

  // With their part of what their crowds have fetched.
  std::vector<ListenerRow> list(const Mount& mount, SteadyTime now) const;
  // Those with the least ids behind `after`, at most so many, in no order.
  std::vector<ListenerRow> page(const Mount& mount, SteadyTime now, std::uint64_t after,
                                std::size_t most) const;
  std::size_t size() const;
  // Of a hand-over.  cannot_move(): why one cannot go; "": all can.  resting: mounts that have
  // ended and go over all the same.
  std::string cannot_move(const std::set<const Mount*>& resting) const;
  std::vector<HlsSessionRecord> save() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<std::string, HlsSessionPtr> sessions;
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
  // Those for which goes(session) holds.
  template <class Goes>
  std::vector<HlsSessionPtr> take_where(Goes goes);
  std::vector<ListenerRow> rows_of(const Mount& mount, SteadyTime now, std::uint64_t after,
                                   std::uint64_t last) const;
  void leave_crowd(HlsSession& session);
  void leave_newcomers(const std::string& ip, std::string_view mount, const std::string& name);

  std::array<Shard, 16> shards_;
  std::array<CrowdShard, 16> crowds_;
  std::array<NewcomerShard, 16> newcomers_;
};

}  // namespace lb
