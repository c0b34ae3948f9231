// Network: the other nodes as this one knows them: links, relays, redirects and questions to nodes.
// Thread: each member's header names its own.
// Ownership: app::Server, by Services; it outlives the loops.
#pragma once

#include <memory>

#include "app/services/traffic.h"

namespace lb {

class CertificateOrders;
class ChallengeLookup;
class ClusterLinks;
class ClusterService;
class CountryWatch;
class DirectCalls;
class DueTitles;
class HeardTitles;
class ListenerNumbers;
class MountLookup;
class PictureFetches;
class RelayService;
class Station;
class TlsPumps;

struct Network : Traffic {
  Network(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Network();

  std::unique_ptr<CertificateOrders> certificates;    // control
  std::unique_ptr<ChallengeLookup> challenge_lookup;  // control
  std::unique_ptr<CountryWatch> countries;            // see there
  std::unique_ptr<MountLookup> lookup;                // control
  std::unique_ptr<RelayService> relays;               // control
  std::unique_ptr<ClusterService> cluster;            // see there
  std::unique_ptr<ClusterLinks> links;                // control
  std::unique_ptr<DirectCalls> direct;                // control
  std::unique_ptr<PictureFetches> picture_fetches;    // control
  std::unique_ptr<DueTitles> due_titles;              // control
  std::unique_ptr<HeardTitles> heard_titles;          // control
  std::unique_ptr<ListenerNumbers> listener_numbers;  // control
  std::unique_ptr<TlsPumps> pumps;                    // control
  std::unique_ptr<Station> station;  // control; carries out the orders of masters too
};

}  // namespace lb
