#include "app/operate/live_service.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "api/records/live_plans.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/cluster_service.h"
#include "app/cluster/title_links.h"
#include "app/operate/api_sight.h"
#include "app/operate/record_service.h"
#include "app/pages/history_sample.h"
#include "app/services/event_service.h"
#include "app/services/services.h"
#include "config/settings/config.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

constexpr int kCostShare = 20;

std::uint64_t rounded(double number) {
  return static_cast<std::uint64_t>(std::llround(std::max(number, 0.0)));
}

}  // namespace

LiveService::LiveService(Network& network)
    : network_(network),
      feed_(network.stats_thread.loop(), node_name(*network.config.read())),
      timer_(network.stats_thread.loop(), [this] { check(); }) {
  network.events->on_event([this](const ServerEvent& event) {
    network_.stats_thread.loop().post([this, event] { feed_.take_event(event); });
  });
}

// Control knows the events that the reader lacks; all later ones come after it.
void LiveService::follow(Follow reader) {
  network_.loops.control().post([this, reader = std::move(reader)]() mutable {
    const EventStream& events = network_.events->stream();
    EventStream::Missed missed{events.newest_id(), {}};
    if (const std::string_view event = LiveFeed::event_in(reader.last_id); !event.empty()) {
      if (auto found = events.after(event))
        missed = *std::move(found);
      else
        reader.last_id.clear();
    }
    network_.stats_thread.loop().post(
        [this, reader = std::move(reader), missed = std::move(missed)]() mutable {
          begin(std::move(reader), missed);
        });
  });
}

void LiveService::end_readers() {
  network_.stats_thread.loop().post([this] { feed_.end_readers(); });
}

void LiveService::begin(Follow reader, const EventStream::Missed& missed) {
  if (feed_.readers() == 0) feed_.take(sample());
  if (!feed_.add(reader.transport, std::move(reader.head), reader.last_id, missed,
                 std::move(reader.ended), std::move(reader.holds), std::move(reader.scope)))
    reader.refused(*reader.transport);
  query();
  if (feed_.readers() > 0 && !timer_.armed()) timer_.after(kEvery);
}

void LiveService::query() {
  const auto followed = feed_.followed();
  std::erase_if(queries_, [&](const auto& row) { return !followed.contains(row.first); });
  const SteadyTime now = network_.clock.steady();
  for (const std::string& mount : followed) {
    const auto [row, is_new] = queries_.try_emplace(mount);
    ListenerQuery& query = row->second;
    if (query.under_way || (!is_new && now - query.at < kQueryPause)) continue;
    query.at = now;
    query.under_way = true;
    network_.loops.control().post([this, mount] {
      network_.records->query_listeners(mount, [this, mount](std::shared_ptr<const LiveView> view) {
        network_.stats_thread.loop().post(
            [this, mount, view = std::move(view)] { told(mount, view); });
      });
    });
  }
}

void LiveService::told(const std::string& mount, const std::shared_ptr<const LiveView>& view) {
  const auto row = queries_.find(mount);
  if (row == queries_.end()) return;
  ListenerQuery& query = row->second;
  query.under_way = false;
  if (view == nullptr) return;  // too many queries: next time
  std::map<std::string, const ListenerNow*, std::less<>> places;
  for (const ListenerNow& listener : view->listeners)
    places.emplace(to_text(ListenerPlace{listener.node, listener.id}), &listener);
  const bool more = view->more || places.size() > LiveFeed::kMaxListeners;
  while (places.size() > LiveFeed::kMaxListeners) places.erase(std::prev(places.end()));
  const std::int64_t now = unix_seconds(network_.clock.wall());
  LiveListeners rows;
  decltype(query.since) since;
  for (const auto& [place, listener] : places) {
    // A node reports whole seconds, so the first answer is kept.
    const auto before = query.since.find(place);
    const std::int64_t began = before != query.since.end()
                                   ? before->second
                                   : now - static_cast<std::int64_t>(listener->seconds);
    since.emplace(place, began);
    rows.emplace(place, LiveListener{live_listener_json(*listener, true, began),
                                     live_listener_json(*listener, false, began)});
  }
  query.since = std::move(since);
  feed_.take_listeners(mount, rows, more);
}

void LiveService::check() {
  const auto begin = network_.clock.thread_work();
  query();
  LiveSample now = sample();
  const std::chrono::microseconds pause = pace(now);
  feed_.take(std::move(now));
  // Measures the thread's own work, without waits for a processor.
  const auto cost =
      std::chrono::duration_cast<std::chrono::microseconds>(network_.clock.thread_work() - begin);
  if (feed_.readers() > 0) timer_.after(std::max(pause, cost * kCostShare));
}

std::chrono::milliseconds LiveService::pace(const LiveSample& sample) {
  std::uint64_t listeners = 0;
  for (const auto& [name, row] : sample.mounts) listeners += row.listeners;
  const bool same = listeners == listeners_ && sample.mounts.size() == on_air_;
  listeners_ = listeners;
  on_air_ = sample.mounts.size();
  const SteadyTime now = network_.clock.steady();
  if (!same) changed_at_ = now;
  if (now - changed_at_ < kStill) return kEvery;
  return sample.mounts.empty() && sample.nodes.size() <= 1 ? kQuiet : kAtRest;
}

LiveSample LiveService::sample() {
  const HistorySample now = sample_of(network_);
  const auto config = network_.config.read();
  LiveSample sample;
  for (const auto& [name, heard] : now.mounts) {
    LiveMount& row = sample.mounts[name];
    row.listeners = rounded(heard.listeners);
    row.kbps = rounded(heard.kbps);
    row.account = std::string(mount_account(*config, name));
  }
  read_titles(sample);
  for (auto& [name, row] : sample.mounts)
    if (const auto title = titles_.find(name); title != titles_.end()) row.title = title->second;
  const auto facts = network_.cluster->facts();
  for (const KnownNode& known : facts->known.nodes)
    sample.nodes[known.id].state = state_word(NodeState::kDead);
  const SteadyTime time = network_.clock.steady();
  std::as_const(network_.cluster->decider()).with_table([&](const NodeTable& table) {
    for (const Node& node : table.nodes())
      if (!node.id.empty() && node.kind != NodeKind::kSelf)
        sample.nodes[node.id].state = state_word(node.state_at(time));
  });
  for (const auto& [id, heard] : now.nodes) {
    LiveNode& row = sample.nodes[id];
    row.listeners = rounded(heard.listeners);
    row.kbps = rounded(heard.kbps);
  }
  sample.nodes[node_name(*config)].state = network_.drain.draining() ? "draining" : "up";
  return sample;
}

void LiveService::read_titles(const LiveSample& sample) {
  const SteadyTime now = network_.clock.steady();
  if (!titles_.empty() && now - titles_at_ < kTitlePause) return;
  titles_at_ = now;
  titles_.clear();
  for (const auto& [name, row] : sample.mounts) {
    std::string title;
    if (const auto mount = network_.mounts.find(name); mount && mount->is_fed())
      title = mount->metadata()->song();
    if (title.empty())
      if (const auto told = network_.links->titles().elsewhere(name)) title = told->title;
    titles_.emplace(name, std::move(title));
  }
}

}  // namespace lb
