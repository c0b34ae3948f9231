// StatsRenderer: gathers and prints the statistics of all mounts for administrators and STATS, and
// renders administration pages, on a thread of its own.  So these requests neither block control
// nor wait for pages of strangers.
//
// One gathering serves all requests that came before it began, but no later request: an answer is
// never older than its request.
//
// Thread: control, and callbacks there; works on Services::stats_thread.
// Ownership: Services.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "admin/command/station.h"
#include "admin/page/render.h"
#include "admin/page/stats_tree.h"
#include "app/pages/rendered_pages.h"

namespace lb {

struct ListenersElsewhere;
struct Services;

class StatsRenderer {
 public:
  explicit StatsRenderer(Services& services) : services_(services) {}

  template <class T>
  using Then = UniqueFunction<void(T)>;
  // /admin/stats: all mounts, also hidden ones.
  void stats_text(Then<std::string> then);
  void stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too, Then<StatsNews> then);
  void render(std::string template_name, std::string document, RenderedPages::Then then);

 private:
  struct News {
    std::shared_ptr<const StatsDocument> since;
    bool dump_too = false;
    Then<StatsNews> then;
  };
  // The requests for the next gathering.
  struct Round {
    std::vector<Then<std::string>> texts;
    std::vector<News> news;
    bool empty() const { return texts.empty() && news.empty(); }
  };
  void gather();
  void make(Round round, const ListenersElsewhere& elsewhere);  // on the thread "stats"

  Services& services_;
  Round next_;
  bool busy_ = false;
  XsltRenderer renderer_;  // of the thread
};

}  // namespace lb
