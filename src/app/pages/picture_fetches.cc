#include "app/pages/picture_fetches.h"

#include <algorithm>
#include <utility>

#include "app/cluster/cluster_links.h"
#include "app/cluster/master_links.h"
#include "app/cluster/node_links.h"
#include "app/cluster/title_links.h"
#include "app/services/picture_files.h"
#include "app/services/worker.h"
#include "app/topology/stream_offers.h"
#include "base/cat.h"
#include "cluster/balance/redirect_decider.h"
#include "cluster/link/master_session.h"
#include "cluster/nodes/public_address.h"
#include "net/fetch/fetch.h"

namespace lb {

PictureFetches::PictureFetches(Network& network)
    : network_(network),
      parked_(
          network.loops.control(), {.keys = kUnderWay, .of_key = 1024, .all = 4096},
          ParkedRequests::Callbacks{[this](const ParkedRequest& request, WaitOutcome outcome) {
                                      Worker::resume(network_, request, outcome);
                                    },
                                    [this](const std::string& name) { answered(name, false); }}),
      timer_(network.loops.control(), [this] { fetch_missing(); }) {}

// A master is reached where its link leads, a node at the addresses that it has proved.
std::vector<std::string> PictureFetches::origins_of(const std::string& neighbour) const {
  std::vector<std::string> origins;
  ClusterLinks& links = *network_.links;
  if (const MasterSession* session = links.masters().session_of(neighbour)) {
    for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps})
      if (auto origin = session->origin(scheme)) origins.push_back(std::move(*origin));
    return origins;
  }
  if (links.nodes().known_node(neighbour) == nullptr) return origins;
  const auto addresses = links.nodes().decider().with_table(
      [&](const NodeTable& table) { return table.addresses_of(neighbour); });
  for (const PublicScheme scheme : {PublicScheme::kHttp, PublicScheme::kHttps})
    for (const NodeAddress& address : addresses)
      if (address.scheme == scheme) origins.push_back(origin_of(address));
  return origins;
}

// A master may have got the picture of a mount of this node.
std::vector<std::string> PictureFetches::neighbours_of(const std::string& name,
                                                       unsigned hops) const {
  const std::string mount = network_.titles.mount_of(name);
  if (hops >= kMaxHops) return {};
  ClusterLinks& links = *network_.links;
  if (mount.empty()) {
    if (hops > 0 || !network_.picture_files->is_held(name)) return {};
    std::vector<std::string> linked(links.linked().begin(), links.linked().end());
    if (linked.size() <= kMaxPlaces) return linked;
    // Not of std::ranges: clang 14 cannot compile the subrange that libstdc++'s returns.
    const auto turned = static_cast<std::ptrdiff_t>(turn_ * kMaxPlaces % linked.size());
    std::rotate(linked.begin(), linked.begin() + turned, linked.end());
    linked.resize(kMaxPlaces);
    return linked;
  }
  std::vector<std::string> neighbours = links.titles().tellers(mount);
  if (links.titles().is_own(mount)) {
    if (hops > 0) return {};
    neighbours.clear();
    for (const MasterLink& link : links.masters().links())
      if (link.session) neighbours.push_back(link.session->master_id());
  }
  return neighbours;
}

std::vector<std::string> PictureFetches::places_of(const std::string& name, unsigned hops) const {
  std::vector<std::string> places;
  for (const std::string& neighbour : neighbours_of(name, hops))
    if (const auto origins = origins_of(neighbour); !origins.empty())
      places.push_back(origins.front());
  return places;
}

void PictureFetches::fetch(const std::string& name, unsigned hops, const ParkedRequest& request) {
  const SteadyTime now = network_.loops.control().now();
  const auto never = [&] { Worker::resume(network_, request, WaitOutcome::kNever); };
  if (const auto unknown = unknown_.find(name); unknown != unknown_.end() && now < unknown->second)
    return never();
  const bool under_way = parked_.contains(name) || name == fetching_;
  const bool kept = network_.picture_files->has(name);
  std::vector<std::string> places;
  if (!under_way && !kept) places = places_of(name, hops);
  if ((!under_way && !kept && places.empty()) || !parked_.park(name, request, {kPatience}))
    return never();
  if (under_way) return;
  if (!kept) return ask(name, std::move(places), hops);
  network_.picture_files->read(name, [this, name, hops](bool found) {
    std::vector<std::string> elsewhere;
    if (!found) elsewhere = places_of(name, hops);
    if (elsewhere.empty()) return answered(name, found);
    ask(name, std::move(elsewhere), hops);
  });
}

// Asks the places one after the other.
void PictureFetches::ask(const std::string& name, std::vector<std::string> places, unsigned hops) {
  FetchRequest request;
  request.purpose = FetchPurpose::kPicture;
  request.url = cat({places.front(), kPicturePath, name});
  request.headers = {cat({kHopsHeader, ": ", hops + 1})};
  request.timeout = kAnswer;
  request.body_bytes = kMaxPictureBytes;
  places.erase(places.begin());
  network_.fetcher->start(std::move(request), [this, name, places = std::move(places),
                                               hops](Result<FetchAnswer> answer) mutable {
    const bool found =
        answer && answer->status == 200 && network_.pictures.put_as(name, answer->body);
    if (!found && !places.empty() && (parked_.contains(name) || name == fetching_))
      return ask(name, std::move(places), hops);
    answered(name, found);
  });
}

void PictureFetches::answered(const std::string& name, bool found) {
  const SteadyTime now = network_.loops.control().now();
  if (!found) {
    std::erase_if(unknown_, [now](const auto& row) { return row.second <= now; });
    if (unknown_.size() < kMaxRemembered) unknown_[name] = now + kUnknownFor;
  }
  parked_.release(name, found ? WaitOutcome::kReady : WaitOutcome::kNever);
  if (name != fetching_) return;
  fetching_.clear();
  if (found) again_ = kFirstAgain;
  fetch_next();
}

void PictureFetches::stations_changed(const Config& config) {
  std::set<std::string> names;
  const auto add = [&names](const StationSettings& station) {
    for (const std::string* path : {&station.logo, &station.default_art})
      if (path->starts_with(kPicturePath))
        if (const auto name = name_in_picture_path(*path); !name.empty()) names.emplace(name);
  };
  for (const StationSettings& station : config.stations) add(station);
  for (const auto& [id, station] : config.book.stations) add(*station);
  network_.picture_files->hold(std::move(names));
  again_ = kFirstAgain;
  fetch_missing();
}

// Fetches them one after the other.  Without a state directory pictures are fetched on request.
void PictureFetches::fetch_missing() {
  timer_.cancel();
  if (!network_.picture_files->keeps()) return;
  missing_ = network_.picture_files->missing();
  if (missing_.empty()) return;
  ++turn_;
  timer_.after(again_);
  again_ = std::min(2 * again_, kLastAgain);
  if (fetching_.empty()) fetch_next();
}

void PictureFetches::fetch_next() {
  while (!missing_.empty() && fetching_.empty()) {
    const std::string name = std::move(missing_.back());
    missing_.pop_back();
    if (const auto bytes = network_.pictures.find(name)) {
      network_.picture_files->keep(name, bytes, "");
      continue;
    }
    auto places = parked_.contains(name) ? std::vector<std::string>() : places_of(name, 0);
    if (places.empty()) continue;
    fetching_ = name;
    ask(name, std::move(places), 0);
  }
}

}  // namespace lb
