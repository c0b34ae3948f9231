// RelaySet: makes the relays match the plans.
//
// Thread: control.
// Ownership: app/cluster/relay_service owns it; it owns its relays.
// Relays are identified by their local mount: a changed plan updates its relay, and leaves the
// others alone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/relay/relay_plans.h"

namespace lb {

class Relay;
class RelayHost;
struct Seam;

class RelaySet {
 public:
  explicit RelaySet(RelayHost& host);
  ~RelaySet();

  // If two plans are for one mount, the first counts.  If many relays are new, some begin at once,
  // the others in the next turns of the loop.
  void want(std::vector<RelayPlan> plans);
  // Adds or replaces one plan, or removes the relay of a mount.
  void want_too(RelayPlan plan);
  void want_no(std::string_view mount);
  // Begins this relay at once, if it waits to begin.
  void begin(std::string_view mount);
  // Listeners of the mount may wait elsewhere: the next check includes it.
  void check_mount(std::string_view mount);
  // False: there is no such on-demand relay, or it cannot start now.
  bool demand(std::string_view mount);
  // Null: no such relay.
  Relay* find(std::uint64_t id);
  const Relay* of_mount(std::string_view mount) const;
  // Includes relays that wait to begin.
  bool has(std::string_view mount) const {
    return relays_.contains(mount) || to_begin_.contains(mount);
  }
  // The source that fed a mount in its relay's place has left.
  void mount_is_free(std::string_view mount);
  // A relay's stream goes on behind the bytes of its last connection.
  void went_on(std::string_view mount, const Seam& seam);
  std::size_t size() const noexcept { return relays_.size(); }
  // The path to this server works again.
  void path_opened(const ConnectTarget& to);
  template <class F>
  void for_each(F&& f) const {
    for (const auto& [mount, relay] : relays_) f(mount, *relay);
  }
  void clear();

 private:
  static constexpr std::size_t kBegunATurn = 256;
  // Icecast queues 5 connections before it accepts them: a further one waits a second, and comes
  // again together with all the others.
  static constexpr std::size_t kAskingATurn = 2;
  static constexpr std::chrono::milliseconds kTurn{2};

  void check();
  void note_awake(const Relay& relay);
  void forget(const Relay& relay);
  const Relay& add(RelayPlan plan);
  void change(Relay& relay, RelayPlan plan);
  std::set<std::string> begin_some();

  RelayHost& host_;
  std::map<std::string, std::unique_ptr<Relay>, std::less<>> relays_;
  std::map<std::uint64_t, Relay*> by_id_;
  // Relays that may not be idle: checked each second, as are those whose mounts are in use.
  std::set<std::uint64_t> awake_;
  std::map<std::string, RelayPlan, std::less<>> to_begin_;  // by mount
  std::uint64_t next_id_ = 1;
  Timer again_, begin_;
};

}  // namespace lb
