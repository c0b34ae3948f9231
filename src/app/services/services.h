// Services: all parts of the running server, in layers: Runtime, Accounts, Traffic, Network, and
// here the parts for operators.  A class or function takes the lowest layer that has all it needs.
// Thread: each member's header names its own.
// Ownership: app::Server owns all of it; it outlives the loops.
#pragma once

#include <memory>

#include "app/services/network.h"

namespace lb {

class ClusterStation;
class DirectoryService;
class HistoryService;
class LiveService;
class MetricsService;
class NowFeeds;
class PageCache;
class StatsFeed;
class StatsRenderer;

struct Services : Network {
  Services(const Clock& clock_given, std::shared_ptr<const Config> first, unsigned worker_count);
  ~Services();

  std::unique_ptr<ClusterStation> operators;      // control; questions and orders of operators
  std::unique_ptr<StatsFeed> stats_feed;          // control
  std::unique_ptr<Drain> drainer;                 // control
  std::unique_ptr<HistoryService> history;        // see there
  std::unique_ptr<LiveService> live;              // see there
  std::unique_ptr<MetricsService> metrics;        // control
  std::unique_ptr<DirectoryService> directory;    // control
  std::unique_ptr<PageCache> pages;               // control
  std::unique_ptr<StatsRenderer> stats_renderer;  // control
  std::unique_ptr<NowFeeds> now_feeds;            // see there
};

}  // namespace lb
