// PictureFetches: reads a title's picture that is not in memory from its file, or fetches it from
// the neighbour that sent the title (doc/link.md, TITLE), once for all requests, which wait.
//
// A neighbour without the picture asks its own neighbours, at most kMaxHops times.  Only pictures
// of known titles and of stations are fetched, only from linked servers, and the hash of the answer
// must match the name.
//
// A station's picture is fetched in advance, so that each node that shows the station has it if the
// server that received it ends.  Any linked server may have it, and searches only its own pictures.
// Thread: control.
// Ownership: Services.
// Bounds: kUnderWay at once; a further request does not wait.  A missing picture is not fetched
// again within kUnknownFor.
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
  // For a station's picture: servers asked each time, and the pauses before the next time.
  static constexpr std::size_t kMaxPlaces = 16;
  static constexpr std::chrono::seconds kFirstAgain{5}, kLastAgain{600};

  explicit PictureFetches(Network& network);

  // Wakes the request later, once, with kReady or kNever.  hops: servers that have asked so far.
  void fetch(const std::string& name, unsigned hops, const ParkedRequest& request);
  // The stations' pictures may have changed.
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
  std::map<std::string, SteadyTime> unknown_;  // no fetch until then
  std::vector<std::string> missing_;           // of stations, still to be fetched
  std::string fetching_;                       // the one of them being fetched
  std::size_t turn_ = 0;                       // where it starts among many servers
  std::chrono::seconds again_{kFirstAgain};
  Timer timer_;
};

}  // namespace lb
