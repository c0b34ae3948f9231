// StatsRenderer: what administrators and followers of STATS read of all mounts, made on a thread of
// its own: there the statistics are gathered and printed, and pages of the administration rendered.
// So no question of theirs holds control up, and none waits for a page that strangers have asked
// for.
//
// One gathering serves all questions that came before it began, and none that came later: what an
// answer shows is never older than its question.
//
// Thread: control; the work on the thread of Services::stats_thread.  Callbacks: on control.
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
  // /admin/stats: every mount, hidden ones too.
  void stats_text(Then<std::string> then);
  void stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too, Then<StatsNews> then);
  void render(std::string template_name, std::string document, RenderedPages::Then then);

 private:
  struct News {
    std::shared_ptr<const StatsDocument> since;
    bool dump_too = false;
    Then<StatsNews> then;
  };
  // What waits for the next gathering.
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
