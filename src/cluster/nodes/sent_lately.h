// SentLately: how many listeners a node was sent lately, and what a node that reports few is
// nevertheless taken to hold.
//
// A node's load is its own word, and one that says "none" again and again would be sent every
// listener. So two floors lie below what it says.  (1) Of the listeners that it has itself
// confirmed within about a minute a quarter: that keeps its caps.  (2) What its peers keep of
// theirs: where the other nodes still have nine of ten listeners that they were sent within the
// session guess, it has not lost all of its own.  What is compared is what the master itself has
// written down: its redirects, also those that a node has not confirmed, because players that do
// not follow are met by all nodes alike.  The floor is the lower median of the others' parts, so
// that one liar among them changes nothing, less 5 % and what chance explains.  What its listeners
// need is taken from the redirects as well, scaled by what the node where that is least reports of
// its own: estimates of bitrates may be wrong, and honest nodes have other mounts.  While no other
// node was sent enough listeners to tell, these are taken to stay: how long they do is not known
// yet.  It is never the reason for a refusal (90 % of a cap), because a mount whose listeners stay
// for a minute only may be on one node alone.
//
// A node that had as many as it should may really have lost them (it was restarted, its network was
// away): that is believed once in two hours.  As often the redirects are forgotten that were lost
// when it went or its address did not answer, if it had confirmed most of those before.
//
// Thread: plain values.  Units: listeners, kbit/s.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/record.h"

namespace lb {

// A sum that fades: what is one `life` old counts 1/e.
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
  // Of another process: not below 0, nor of a time to come.
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
  static constexpr double kLeast = 20;  // listeners that say something about how long they stay

  FadingLoad all;         // that were sent and not lost; fades with the session guess
  FadingLoad lost;        // whose arrival the node has not confirmed; fades with it, too
  FadingLoad minute;      // that the node has confirmed itself; fades with kMinute
  bool credible = false;  // it has had as many as expected since
  // When it was last believed that it has lost its listeners, and when redirects that it has not
  // confirmed were last forgotten; zero: never.
  SteadyTime believed{}, forgiven{};

  // The part of all and lost that it still has, at most 1, as it was when it was last sent enough
  // of them to tell; none: it never was.  A node that draws all listeners to itself must have
  // others to be compared with.
  std::optional<double> kept{};
  // What one of its listeners needs, against what was taken for it when it was sent them: the
  // bitrate of a young mount is not known.
  double dearer = 1;
  void check(double listeners, double kbps, SteadyTime now,
             std::chrono::duration<double> life) noexcept;
  static bool long_ago(SteadyTime when, SteadyTime now) noexcept {
    return when == SteadyTime{} || now - when >= kBelieveAgain;
  }
  void forgive(SteadyTime now, std::chrono::duration<double> life) noexcept;
  // Of another process.
  void clamp(SteadyTime now) noexcept;
  double redirects(SteadyTime now, std::chrono::duration<double> life) const noexcept {
    return all.listeners(now, life) + lost.listeners(now, life);
  }
};

template <class Io, RecordOf<SentLately> T>
void record_fields(Io& io, T& sent) {
  auto& [all, lost, minute, credible, believed, forgiven, kept, dearer] = sent;
  io(1, all, lost, minute, credible, believed, forgiven, kept, dearer);
}

// What the other nodes keep of what they were sent.
struct PeersKeep {
  double part = -1;       // negative: there are none that could tell
  bool measured = false;  // false: all of them are young, and `part` is what is assumed
  // Of the node where it is least: nodes have different mounts, and an estimate may be wrong for
  // each of them.  Above 1 only where at least two were measured.
  double dearer = 1;
};

struct LoadFloor {
  double listeners = 0, kbps = 0;
};
// The second floor.
LoadFloor floor_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life);
LoadFloor floor_by_minute(const SentLately& sent, SteadyTime now);
// Listeners that it should have of those that it has itself confirmed, or cannot confirm; 0:
// nothing can be told.  Redirects that were lost accuse no node: strangers can ask for any number
// of them.
double expected_by_peers(const SentLately& sent, PeersKeep peers, SteadyTime now,
                         std::chrono::duration<double> life);

struct PeerPart {
  bool tells = false;            // it is there, and its reports say what it carries
  std::optional<double> kept{};  // this and the next: see SentLately; dearer 0: it cannot be told
  double dearer = 1;
};
// For each of these the lower median of all others that were measured.
std::vector<PeersKeep> what_peers_keep(const std::vector<PeerPart>& parts);

}  // namespace lb
