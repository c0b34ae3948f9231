#include "app/pages/page_cache.h"

#include <algorithm>
#include <utility>

#include "admin/page/status_json.h"
#include "app/cluster/cluster_service.h"
#include "app/pages/foreign_pages.h"
#include "app/pages/now_pages.h"
#include "app/pages/station_stats.h"
#include "app/services/mount_files.h"
#include "app/services/worker.h"
#include "config/settings/config.h"
#include "http/connections.h"
#include "http/message.h"
#include "http/playlist.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds kPageFresh = 500ms;
// A page that is rarely requested shows the present state.
constexpr std::chrono::nanoseconds kDocumentFresh = 20ms;
constexpr int kShareOfThread = 4;               // one part of so many
constexpr std::size_t kBytesASecond = 1 << 20;  // a page of 4 MiB is fresh for 4 s
constexpr std::string_view kStatusJson = "/status-json.xsl";

bool is_known(const Services& services, const std::string& mount) {
  return services.mounts.find(mount) ||
         mount_section(*services.config.read(), mount).name == mount ||
         services.mount_files->fallback(mount);
}

// Statistics have the raw name, as Icecast's; a list's address is fetched as it is. One that the
// station has written stays.
StatsDocument with_encoded_addresses(StatsDocument document, const std::string& authority) {
  for (StatsSource& source : document.sources) {
    const auto at = source.fields.find("listenurl");
    if (at != source.fields.end() && at->second == cat({"http://", authority, source.mount}))
      at->second = stream_address("http", authority, source.mount);
  }
  return document;
}

}  // namespace

std::optional<PageAsk> page_ask(const Services& services, const std::string& path,
                                const std::string& query) {
  if (is_foreign_path(services, path)) return foreign_page_ask(services, path, query);
  PageAsk ask{path, query_param(query, "mount"), query_param(query, "array").value_or("") == "1"};
  for (const std::string_view ending : {".xspf", ".vclt"})
    if (path.ends_with(ending))
      ask = {std::string(ending), path.substr(0, path.size() - ending.size()), false};
  if (ask.path.starts_with('/') && ask.path != kStatusJson &&
      !has_template(TemplateRoot::kWeb, services.config.read()->paths.webroot, ask.path.substr(1)))
    return std::nullopt;
  // No mount is called "", so that stands for all unknown mounts.
  if (ask.mount && !is_known(services, *ask.mount)) ask.mount = "";
  return ask;
}

void PageCache::get(PageAsk ask, Then then) {
  const std::string key = ask.key();
  if (shelf_.ask(key, ask.mount.has_value(), services_.clock.steady(), std::move(then)) !=
      RenderedPages::Step::kRender)
    return;
  page_jobs_.push_back(std::move(ask));
  next();
}

void PageCache::next() {
  if (busy_ || page_jobs_.empty()) return;
  busy_ = true;
  Job job = page_job(std::move(page_jobs_.front()));
  page_jobs_.pop_front();
  services_.pages_thread.loop().post([this, job = std::move(job)]() mutable {
    services_.loops.control().post([this, done = job()]() mutable {
      busy_ = false;
      next();
      done();
    });
  });
}

// Runs on control, which alone knows the rest of a cluster.
PageCache::Job PageCache::page_job(PageAsk ask) {
  const SteadyTime now = services_.clock.steady();
  std::optional<ListenersElsewhere> elsewhere;
  if (ask.mount) {
    elsewhere = services_.cluster->listeners_elsewhere(ask.mount);
    // A new mount makes the document due at once, as players that waited ask for it.
  } else if (auto mounts = services_.mounts.all(); now >= document_due_ || mounts != mounts_) {
    mounts_ = std::move(mounts);
    elsewhere = services_.cluster->listeners_elsewhere();
    gathered_ = now;
    document_due_ = now + std::chrono::duration_cast<SteadyTime::duration>(kDocumentFresh);
  }
  const SteadyTime as_of = ask.mount ? now : gathered_;
  return [this, ask = std::move(ask), elsewhere = std::move(elsewhere),
          as_of]() -> UniqueFunction<void()> {
    const auto began = services_.clock.thread_work();
    StatsDocument of_mount;
    if (ask.mount)
      of_mount = make_stats(services_, *elsewhere, ask.mount);
    else if (elsewhere)
      document_ = make_stats(services_, *elsewhere);
    const auto gathering = ask.mount ? 0ns : services_.clock.thread_work() - began;
    Page page = std::make_shared<const Result<RenderedPage>>(
        render(ask, *services_.config.read(), ask.mount ? of_mount : document_));
    log_once(ask, *page);
    const auto cost = services_.clock.thread_work() - began;
    const std::chrono::nanoseconds taking =
        std::chrono::milliseconds(*page ? (*page)->body.size() * 1000 / kBytesASecond : 0);
    const auto fresh = std::max({kPageFresh, kShareOfThread * cost, taking});
    return [this, key = ask.key(), page, as_of, fresh, gathering] {
      const auto after = [as_of](std::chrono::nanoseconds time) {
        return as_of + std::chrono::duration_cast<SteadyTime::duration>(time);
      };
      document_due_ = std::max(document_due_, after(kShareOfThread * gathering));
      shelf_.made(key, page, after(fresh));
      end_readers_of_old_pages();
    };
  };
}

// Its readers learn only that there is no such page, and may ask for it all the time.
void PageCache::log_once(const PageAsk& ask, const Result<RenderedPage>& page) {
  const auto at = logged_.find(ask.path);
  if (page) {
    if (at != logged_.end()) logged_.erase(at);
    return;
  }
  const std::string& fault = page.error().what;
  if (at == logged_.end() ? logged_.size() >= kMaxLogged : at->second == fault) return;
  logged_.insert_or_assign(ask.path, fault);
  services_.log.error("admin/render", fault);
}

void PageCache::end_readers_of_old_pages() {
  const auto old = shelf_.too_old();
  if (old.empty()) return;
  for (const auto& worker : services_.workers)
    worker->loop.post([w = worker.get(), old] {
      for (const Page& page : old) w->connections->end_readers_of(page.get());
    });
}

Result<RenderedPage> PageCache::render(const PageAsk& ask, const Config& config,
                                       const StatsDocument& document) {
  if (auto foreign = foreign_page(services_, ask, config, document, renderer_))
    return std::move(*foreign);
  if (auto now = now_page(services_, ask, config, document)) return std::move(*now);
  StatsScope scope;
  scope.mount = ask.mount;
  if (ask.path == kStatusJson)
    return RenderedPage{"application/json; charset=UTF-8",
                        status_json(document, {ask.mount, ask.array}), false};
  if (!ask.path.starts_with('/'))
    return renderer_.render(
        TemplateRoot::kAdmin, config.paths.adminroot, ask.path.substr(1) + ".xsl",
        stats_xml(with_encoded_addresses(document, Services::authority(config)), scope));
  return renderer_.render(TemplateRoot::kWeb, config.paths.webroot, ask.path.substr(1),
                          stats_xml(document, scope));
}

}  // namespace lb
