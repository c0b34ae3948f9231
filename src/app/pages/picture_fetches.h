// PictureFetches: a picture of a title that is not in memory is read from its file, else fetched
// from the neighbour that sent the title (doc/link.md, TITLE), once for all requests, which
// wait meanwhile.
//
// A neighbour that has not got it either asks its own in turn, kMaxHops times at most.  Only
// pictures of titles that this node knows, and of stations, are asked for, only at linked servers,
// and what they answer counts only if its hash is the name.
//
// A picture of a station is fetched before it is asked for, so that each node that shows the
// station has it once the server that took it is gone.  Any linked server may have it, and looks
// at its own pictures alone.
// Thread: control.
// Ownership: Services.
// Bounds: kUnderWay at once; a request for one more does not wait.  What was not found is not asked
// for again within kUnknownFor.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "app/services/parked_requests.h"
#include "config/settings/config.h"

namespace lb {

struct Network;

class PictureFetches {
 public:
  static constexpr std::string_view kHopsHeader = "X-LB-Art";
  static constexpr unsigned kMaxHops = 4;
  static constexpr std::size_t kUnderWay = 8;
  static constexpr std::chrono::milliseconds kAnswer{4000}, kPatience{6000};
  static constexpr std::chrono::seconds kUnknownFor{5};
  static constexpr std::size_t kMaxRemembered = 256;
  // Of a station's picture: so many servers are asked each time, and again after so long.
  static constexpr std::size_t kMaxPlaces = 16;
  static constexpr std::chrono::seconds kFirstAgain{5}, kLastAgain{600};

  explicit PictureFetches(Network& network);

  // The request is woken later, once: kReady, or kNever.  hops: servers that have asked for it.
  void fetch(const std::string& name, unsigned hops, const ParkedRequest& request);
  // The stations may have other pictures.
  void stations_changed(const Config& config);
  void stop() { timer_.cancel(); }

 private:
  std::vector<std::string> neighbours_of(const std::string& name, unsigned hops) const;
  void fetch_missing();
  void fetch_next();
  std::vector<std::string> places_of(const std::string& name, unsigned hops) const;
  std::vector<std::string> origins_of(const std::string& neighbour) const;
  void ask(const std::string& name, std::vector<std::string> places, unsigned hops);
  void answered(const std::string& name, bool found);

  Network& network_;
  ParkedRequests parked_;
  std::map<std::string, SteadyTime> unknown_;  // until when
  std::vector<std::string> missing_;           // of stations, still to be asked for
  std::string fetching_;                       // of those the one that is asked for
  std::size_t turn_ = 0;                       // where among many servers it is begun
  std::chrono::seconds again_{kFirstAgain};
  Timer timer_;
};

}  // namespace lb
