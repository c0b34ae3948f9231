// SentLately: the listeners that a node was sent lately, and the load that it is assumed to have if
// it reports less.
//
// A node reports its own load, and one that always reports "none" would be sent every listener.  So
// its report is believed only down to two floors.  (1) A quarter of the listeners that the node
// itself has confirmed within about a minute, which protects its caps.  (2) A comparison with its
// peers: if the other nodes still have nine of ten listeners that they were sent within the session
// guess, this node has not lost all of its own.  The comparison uses the master's own record of
// redirects, also unconfirmed ones, because players that do not follow affect all nodes alike.  The
// floor is the lower median of the others' parts, so that one lying node has no effect, minus 5 %
// and the effect of chance.  The load of its listeners also follows from the redirects, scaled by
// the lowest ratio that a node reports: estimates of bitrates may be wrong, and honest nodes have
// other mounts.  Until another node was sent enough listeners to judge, they are assumed to stay.
// A floor is at most 90 % of a cap, so that it is never the reason for a refusal: a mount whose
// listeners stay only for a minute may be on one node alone.
//
// A node that had the expected number may really have lost its listeners (by a restart, or a
// failure of its network): this is believed once in two hours.  Equally often, redirects that were
// lost when the node failed or its address did not answer are forgotten, if it had confirmed most
// of the earlier ones.
//
// Thread: plain values.  Units: listeners, kbit/s.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

// A sum that fades: an amount that is one `life` old counts 1/e.
class FadingLoad {
 public:
  void add(double listeners, double kbps, SteadyTime now, std::chrono::duration<double> life);
  void set(double listeners, double kbps, SteadyTime now) noexcept;
  double listeners(SteadyTime now, std::chrono::duration<double> life) const noexcept {
    return listeners_ * left(now, life);
  }
  double kbps(SteadyTime now, std::chrono::duration<double> life) const noexcept {
    return kbps_ * left(now, life);
  }
  // For values from another process: not below 0, and not in the future.
  void clamp(SteadyTime now) noexcept;
  template <class Io, RecordOf<FadingLoad> T>
  friend void record_fields(Io& io, T& load) {
    auto& [listeners, kbps, at] = load;
    io(1, listeners, kbps, at);
  }

 private:
  double left(SteadyTime now, std::chrono::duration<double> life) const noexcept;
  double listeners_ = 0, kbps_ = 0;
  SteadyTime at_{};
};

struct SentLately {
  static constexpr std::chrono::duration<double> kMinute{60};
  static constexpr std::chrono::hours kBelieveAgain{2};
  static constexpr double kLeast = 20;  // the fewest listeners that show how long they stay

  FadingLoad all;         // sent and not lost; fades with the session guess
  FadingLoad lost;        // arrivals that the node has not confirmed; fades alike
  FadingLoad minute;      // confirmed by the node itself; fades with kMinute
  bool credible = false;  // it has had the expected number since
  // The times at which a loss of its listeners was last believed, and at which unconfirmed
  // redirects were last forgotten; zero: never.
  SteadyTime believed{}, forgiven{};

  // The part of `all` and `lost` that it still has, at most 1, at the last time when enough were
  // sent to judge; nullopt: never.  It lets other nodes be compared with one that draws all
  // listeners to itself.
  std::optional<double> kept{};
  // The load of one of its listeners, relative to the estimate at its redirect: the bitrate of a
  // new mount is not known.
  double dearer = 1;
  void check(double listeners, double kbps, SteadyTime now,
             std::chrono::duration<double> life) noexcept;
  static bool long_ago(SteadyTime when, SteadyTime now) noexcept {
    return when == SteadyTime{} || now - when >= kBelieveAgain;
  }
  void forgive(SteadyTime now, std::chrono::duration<double> life) noexcept;
  // For values from another process.
  void clamp(SteadyTime now) noexcept;
  double redirects(SteadyTime now, std::chrono::duration<double> life) const noexcept {
    return all.listeners(now, life) + lost.listeners(now, life);
  }
  static constexpr PlainRecord kRecord{.members = 8};
};

// The part of their listeners that the other nodes keep.
struct PeersKeep {
  double part = -1;       // negative: no node can be compared
  bool measured = false;  // false: all nodes are new, and `part` is assumed
  // The lowest ratio of a node, because nodes have different mounts and each estimate may be wrong.
  // Above 1 only if at least two nodes were measured.
  double dearer = 1;
};

struct LoadFloor {
  double listeners = 0, kbps = 0;
};
// The second floor.
LoadFloor floor_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life);
LoadFloor floor_by_minute(const SentLately& sent, SteadyTime now);
// The expected number of those listeners that it has confirmed or cannot confirm; 0: unknown.  Lost
// redirects do not count against a node, because strangers can ask for any number of them.
double expected_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life);

struct PeerPart {
  bool tells = false;            // it is up, and its reports contain its load
  std::optional<double> kept{};  // this and the next: see SentLately; dearer 0: unknown
  double dearer = 1;
};
// The lower median of all other measured nodes, for each node.
std::vector<PeersKeep> what_peers_keep(const std::vector<PeerPart>& parts);

}  // namespace lb
