// CrowdListeners: simulated listeners of a cluster.  Each asks the master for a mount, as a player
// of its own; where it is sent to a simulated node it arrives there after the time that the way
// takes; where it is sent to a real server it connects there and listens.  A listener that is not
// served comes back to the master.
// Thread: the loop's.
// Ownership: the program.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/crowd_wire.h"
#include "bench/swarm_node.h"

namespace lb {

struct CrowdPlan {
  double way_ms_least = 20, way_ms_most = 300;  // from the redirect to the node
  double stay_seconds = 0;                      // mean, exponential; 0: for ever
  bool renew = false;    // a listener that leaves is followed by another, for another mount
  double retry_ms = 50;  // a player's pause when it was not served
  double back_ms = 200;  // the most that listeners of a node that has gone take to come back
  std::vector<double> popularity;  // of each mount, cumulative, the last 1
};

struct CrowdTally {
  std::uint64_t asked = 0, redirected = 0, served_here = 0, refused = 0, unanswered = 0, other = 0;
  std::uint64_t arrived = 0, wasted = 0, over = 0, wrong = 0, departed = 0;
  std::map<std::string, std::uint64_t> statuses;
  std::map<std::string, double> last_redirect;        // of a node, when (seconds of the clock)
  std::map<std::string, std::uint64_t> redirects_to;  // a server's address, or a node's id
  std::vector<double> answer_ms;
  std::vector<double> back_ms;   // of listeners whose real node went: until they hear again
  std::uint32_t most_tries = 0;  // redirects of one listener until it was served
  std::string first_wrong;
};

class CrowdListeners {
 public:
  CrowdListeners(Swarm& swarm, std::vector<std::unique_ptr<SwarmNode>>& nodes, CrowdPlan plan);
  ~CrowdListeners();

  void one_more();
  // The process of a simulated node has ended, with all listeners there.
  void lost(std::size_t node);
  // From now on the master knows that it takes no more.
  void out(std::size_t node, bool is_out);
  // No listener leaves any more, and those that have left are not followed; false: as before.
  void freeze(bool frozen);
  // Listeners that receive bytes from a real server.
  std::size_t hearing() const noexcept;
  const CrowdTally& tally() const noexcept { return tally_; }
  std::size_t size() const noexcept { return listeners_.size(); }
  // Listeners that are neither served nor on their way.
  std::size_t unserved() const noexcept;

 private:
  enum class State : std::uint8_t { kAsking, kOnTheWay, kListening, kFollowing, kPausing, kDone };
  struct Listener {
    Listener(CrowdListeners& crowd, std::uint32_t number)
        : wire(crowd.swarm_.loop),
          timer(crowd.swarm_.loop, [&crowd, this] { crowd.on_time(*this); }),
          person(number) {}
    Wire wire;
    Timer timer;
    std::uint32_t person;
    State state = State::kAsking;
    std::uint32_t mount = 0, node = 0, run = 0, tries = 0;
    double asked_at = 0, lost_at = 0;
    bool hears = false;
    std::string head, followed;
  };
  double now() const;
  std::size_t any_mount();
  void ask(Listener& listener);
  void on_answer(Listener& listener, std::string_view bytes);
  void redirected(Listener& listener, std::string_view location);
  void on_followed(Listener& listener, std::string_view bytes);
  void on_time(Listener& listener);
  void arrived(Listener& listener);
  void pause(Listener& listener, double ms);
  void stay(Listener& listener);
  void goes(Listener& listener);

  Swarm& swarm_;
  std::vector<std::unique_ptr<SwarmNode>>& nodes_;
  const CrowdPlan plan_;
  std::map<std::string, std::size_t, std::less<>> node_at_;
  std::vector<double> out_since_;  // of each node; infinity: it is in
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::uint32_t audience_ = 0;
  bool frozen_ = false;
  CrowdTally tally_;
};

}  // namespace lb
