#include "app/pages/stats_renderer.h"

#include "app/cluster/cluster_service.h"
#include "app/pages/station_stats.h"
#include "app/services/services.h"
#include "config/settings/config.h"

namespace lb {

void StatsRenderer::stats_text(Then<std::string> then) {
  next_.texts.push_back(std::move(then));
  gather();
}

void StatsRenderer::stats_news(std::shared_ptr<const StatsDocument> since, bool dump_too,
                               Then<StatsNews> then) {
  next_.news.push_back({std::move(since), dump_too, std::move(then)});
  gather();
}

void StatsRenderer::gather() {
  if (busy_ || next_.empty()) return;
  busy_ = true;
  // Only control knows the rest of a cluster.
  services_.stats_thread.loop().post(
      [this, round = std::exchange(next_, {}),
       elsewhere = services_.cluster->listeners_elsewhere()]() mutable {
        make(std::move(round), elsewhere);
      });
}

void StatsRenderer::make(Round round, const ListenersElsewhere& elsewhere) {
  const auto begin = services_.clock.thread_work();
  StatsDocument document = make_stats(services_, elsewhere);
  document.counted = services_.clock.steady();
  Loop& control = services_.loops.control();
  std::string text;
  if (!round.texts.empty()) text = stats_xml(document, {.hidden_too = true, .mount = std::nullopt});
  // One task each, so that control runs other tasks in between.
  for (std::size_t i = 0; i < round.texts.size(); ++i) {
    std::string one = i + 1 < round.texts.size() ? text : std::move(text);
    control.post([then = std::move(round.texts[i]), one = std::move(one)]() mutable {
      then(std::move(one));
    });
  }
  for (News& ask : round.news) {
    StatsDocument now = &ask == &round.news.back() ? std::move(document) : document;
    if (ask.since) keep_byte_counters(*ask.since, now);
    StatsNews news;
    news.changes = stats_event_lines(ask.since ? *ask.since : StatsDocument{}, now);
    if (ask.dump_too) news.dump = stats_event_lines(now);
    news.now = std::make_shared<const StatsDocument>(std::move(now));
    ask.since.reset();  // frees many small objects here
    news.cost = std::chrono::duration_cast<std::chrono::microseconds>(
        services_.clock.thread_work() - begin);
    control.post(
        [then = std::move(ask.then), news = std::move(news)]() mutable { then(std::move(news)); });
  }
  control.post([this] {
    busy_ = false;
    gather();
  });
}

void StatsRenderer::render(std::string template_name, std::string document,
                           RenderedPages::Then then) {
  services_.stats_thread.loop().post([this, template_name = std::move(template_name),
                                      document = std::move(document),
                                      then = std::move(then)]() mutable {
    const auto config = services_.config.read();
    auto page = std::make_shared<const Result<RenderedPage>>(
        renderer_.render(TemplateRoot::kAdmin, config->paths.adminroot, template_name, document));
    services_.loops.control().post(
        [page = std::move(page), then = std::move(then)]() mutable { then(page); });
  });
}

}  // namespace lb
