#include "app/page_cache.h"

#include <utility>

#include "admin/status_json.h"
#include "app/cluster_service.h"
#include "app/station_stats.h"
#include "http/message.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kFresh = 500ms;
constexpr std::size_t kMostEntries = 256;

}  // namespace

void PageCache::get(const std::string& path, const std::string& query, Then then) {
  Ask ask{path, query_param(query, "mount"), query_param(query, "array").value_or("") == "1"};
  // "?mount=" asks for the mount without a name, which there is not; no mount asks for all.
  const std::string key = path + (ask.array ? "?1" : "?0") + (ask.mount ? "=" + *ask.mount : "");
  const SteadyTime now = services_.clock.steady();
  if (entries_.size() >= kMostEntries && !entries_.contains(key))
    std::erase_if(entries_, [now](const auto& row) {
      return !row.second.rendering && now - row.second.made > kFresh;
    });
  Entry& entry = entries_[key];
  if (entry.page && now - entry.made <= kFresh) {
    then(entry.page);
    return;
  }
  entry.waiting.push_back(std::move(then));
  if (std::exchange(entry.rendering, true)) return;
  services_.loops.clerk().post(
      [this, key, ask = std::move(ask), elsewhere = services_.cluster->listeners_elsewhere()] {
        Page page = std::make_shared<const Result<RenderedPage>>(
            render(ask, elsewhere, *services_.config.read()));
        services_.loops.control().post([this, key, page] {
          Entry& done = entries_[key];
          done.page = page;
          done.made = services_.clock.steady();
          done.rendering = false;
          for (Then& waiting : std::exchange(done.waiting, {})) waiting(page);
        });
      });
}

void PageCache::render_admin(std::string template_name, std::string document, Then then) {
  services_.loops.clerk().post([this, template_name = std::move(template_name),
                                document = std::move(document),
                                answer = std::make_shared<Then>(std::move(then))] {
    const auto config = services_.config.read();
    Page page = std::make_shared<const Result<RenderedPage>>(
        renderer_.render(TemplateRoot::kAdmin, config->paths.adminroot, template_name, document));
    services_.loops.control().post([page, answer] { (*answer)(page); });
  });
}

Result<RenderedPage> PageCache::render(const Ask& ask, const ListenersElsewhere& elsewhere,
                                       const Config& config) {
  const StatsDocument document = make_stats(services_, elsewhere);
  StatsScope scope;
  scope.mount = ask.mount;
  if (ask.path == "/status-json.xsl")
    return RenderedPage{"application/json; charset=UTF-8",
                        status_json(document, {ask.mount, ask.array}), false};
  for (const std::string_view ending : {".xspf", ".vclt"}) {
    if (!ask.path.ends_with(ending)) continue;
    scope.mount = ask.path.substr(0, ask.path.size() - ending.size());
    return renderer_.render(TemplateRoot::kAdmin, config.paths.adminroot,
                            std::string(ending.substr(1)) + ".xsl", stats_xml(document, scope));
  }
  return renderer_.render(TemplateRoot::kWeb, config.paths.webroot, ask.path.substr(1),
                          stats_xml(document, scope));
}

}  // namespace lb
