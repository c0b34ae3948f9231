// PictureFetches: a picture of a title that is not in memory is read from its file, else fetched
// from the neighbour that sent the title (doc/link.md, TITLE), once for all requests, which
// wait meanwhile.
//
// A neighbour that has not got it either asks its own in turn, kMaxHops times at most.  Only
// pictures of titles that this node knows are asked for, only at linked servers, and what they
// answer counts only if its hash is the name.
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

  explicit PictureFetches(Network& network);

  // The request is woken later, once: kReady, or kNever.  hops: servers that have asked for it.
  void fetch(const std::string& name, unsigned hops, const ParkedRequest& request);

 private:
  std::vector<std::string> places_of(const std::string& name, unsigned hops) const;
  std::vector<std::string> origins_of(const std::string& neighbour) const;
  void ask(const std::string& name, std::vector<std::string> places, unsigned hops);
  void answered(const std::string& name, bool found);

  Network& network_;
  ParkedRequests parked_;
  std::map<std::string, SteadyTime> unknown_;  // until when
};

}  // namespace lb
