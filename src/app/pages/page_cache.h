// PageCache: pages made from the statistics, rendered on a thread of their own and shared, so that
// a polling crowd costs one rendering.  The statistics are gathered once for all pages that are
// made at about the same time.
//
// A page is fresh for half a second; one that is dear to make or large, for longer: making it takes
// at most a quarter of the thread, and its readers have time to take it.  The same holds for the
// statistics. A page of one mount needs no more than that mount's, gathered when it is made.
//
// Thread: control; gathering and rendering on the thread of Services::pages_thread.  Callbacks: on control.
// Ownership: Services.
// Bounds: rendered_pages.h.
#pragma once

#include <deque>
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

// Which public page.  Whatever a stranger writes becomes one of a few: mounts that this server does
// not know are all the same.
struct PageAsk {
  std::string path;  // "/status-json.xsl", "/status.xsl"; ".xspf", ".vclt": lists of one mount
  std::optional<std::string> mount;  // "": one that there is not; nullopt: all
  bool array = false;
  unsigned titles = 0;    // of /api/v1/now: so many that were played before
  std::string station{};  // of AzuraCast's: this one; "": all.  It may have several mounts

  std::string key() const {
    return cat({path, array ? "?1" : "?0", titles, mount ? "=" : "", mount.value_or(""),
                station.empty() ? "" : " ", station});
  }
};
// nullopt: there is no such page.
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
  // Runs on the thread "pages"; what it returns, on control.
  using Job = UniqueFunction<UniqueFunction<void()>()>;
  void next();
  Job page_job(PageAsk ask);
  Result<RenderedPage> render(const PageAsk& ask, const Config& config,
                              const StatsDocument& document);  // on the thread "pages"
  void end_readers_of_old_pages();

  Services& services_;
  RenderedPages shelf_;
  std::deque<PageAsk> page_jobs_;
  bool busy_ = false;
  SteadyTime gathered_{}, document_due_{};  // the document of statistics: when, and when the next
  std::shared_ptr<const MountTable::Rows> mounts_;  // of which mounts
  StationTable stations_;
  // Of the thread "pages":
  XsltRenderer renderer_;
  StatsDocument document_;
};

}  // namespace lb
