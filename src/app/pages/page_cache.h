// PageCache: pages made from the statistics, rendered on a thread of their own and shared, so that
// many polling clients cost one rendering.  One gathering of statistics serves all pages that are
// made at about the same time.
//
// A page is fresh for half a second; an expensive or large one longer, so that rendering takes at
// most a quarter of the thread, and readers have time to receive it.  The statistics are fresh for
// 20 ms while the mounts stay the same, and longer if gathering is expensive, by the same part of
// the thread.  A page of one mount uses only that mount's, gathered for it.
// Thread: control, and callbacks there; gathers and renders on Services::pages_thread.
// Ownership: Services.
// Bounds: rendered_pages.h.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "admin/page/render.h"
#include "admin/page/stats_tree.h"
#include "app/pages/rendered_pages.h"
#include "app/pages/station_table.h"
#include "base/cat.h"
#include "stream/mount/mount_table.h"

namespace lb {

struct Config;
struct Services;

// The key of a public page.  All input of strangers maps to a few pages: unknown mounts share one.
struct PageAsk {
  std::string path;  // "/status-json.xsl", "/status.xsl"; ".xspf", ".vclt": lists of one mount
  std::optional<std::string> mount;  // "": an unknown mount; nullopt: all
  bool array = false;
  unsigned titles = 0;    // of /api/v1/now: number of earlier titles
  std::string station{};  // AzuraCast's station; "": all

  std::string key() const {
    return cat({path, array ? "?1" : "?0", titles, mount ? "=" : "", mount.value_or(""),
                station.empty() ? "" : " ", station});
  }
};
// nullopt: no such page.
// Thread: any.
std::optional<PageAsk> page_ask(const Services& services, const std::string& path,
                                const std::string& query);

class PageCache {
 public:
  explicit PageCache(Services& services) : services_(services) {}

  using Page = RenderedPages::Page;
  using Then = RenderedPages::Then;
  // Null: too many pages wait to be rendered.
  void get(PageAsk ask, Then then);
  StationTable& stations() noexcept { return stations_; }  // any thread

 private:
  // Names come from clients; faults of further ones are not logged.
  static constexpr std::size_t kMaxLogged = 100;
  // Runs on the thread "pages"; its result runs on control.
  using Job = UniqueFunction<UniqueFunction<void()>()>;
  void next();
  Job page_job(PageAsk ask);
  Result<RenderedPage> render(const PageAsk& ask, const Config& config,
                              const StatsDocument& document);  // on the thread "pages"
  void end_readers_of_old_pages();
  // Logs a new fault of the page; on the thread "pages".
  void log_once(const PageAsk& ask, const Result<RenderedPage>& page);

  Services& services_;
  RenderedPages shelf_;
  std::deque<PageAsk> page_jobs_;
  bool busy_ = false;
  SteadyTime gathered_{}, document_due_{};          // when the statistics were made, and are due
  std::shared_ptr<const MountTable::Rows> mounts_;  // the mounts in them
  StationTable stations_;
  // Used on the thread "pages":
  XsltRenderer renderer_;
  StatsDocument document_;
  std::map<std::string, std::string> logged_;  // by path: the last fault that is in the log
};

}  // namespace lb
