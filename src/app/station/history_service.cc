#include "app/station/history_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "app/cluster/cluster_service.h"
#include "app/cluster/mount_load.h"
#include "app/services/event_service.h"
#include "base/cat.h"
#include "base/file.h"
#include "cluster/nodes/audience.h"
#include "net/coalesce.h"

namespace lb {
namespace {

constexpr std::size_t kLongestHistoryFile = std::size_t{200} << 20;

}  // namespace

HistoryService::HistoryService(Services& services)
    : services_(services), timer_(services.stats_thread.loop(), [this] { look(); }) {}

std::string HistoryService::path(const Config& config) {
  const std::string directory = state_directory(config);
  return directory.empty() ? directory : directory + "/history";
}

void HistoryService::configure(const Config& config, bool at_start) {
  const bool on = config.console.enabled && config.console.history.count() > 0;
  if (at_start && on) {
    if (const std::string file = path(config); !file.empty()) {
      const auto text = read_file(FileAt(file), {.limit = kLongestHistoryFile});
      if (!text) {
        if (text.error().code != Error::Code::kNotFound)
          services_.log.warn("history/read", text.error().what + "; the charts begin empty");
      } else if (auto read = history_.restore(text->text); !read) {
        services_.log.warn("history/read",
                           cat({file, ": ", read.error().what, "; the charts begin empty"}));
      }
    }
  }
  if (on_.exchange(on) == on) return;
  if (!on) history_.clear();
  services_.stats_thread.loop().post([this, on] {
    saved_ = services_.clock.steady();
    if (on)
      timer_.after(coalesced(services_.stats_thread.loop(), kEvery));
    else
      timer_.cancel();
  });
}

void HistoryService::look() {
  if (!on_) return;
  history_.take(unix_seconds(services_.clock.wall()), sample());
  timer_.after(coalesced(services_.stats_thread.loop(), kEvery));
  const SteadyTime now = services_.clock.steady();
  if (now - saved_ < kSaveEvery) return;
  saved_ = now;
  std::string file = path(*services_.config.read());
  if (file.empty()) return;
  services_.disk.loop().post([this, file = std::move(file)] { write(file, history_.bytes()); });
}

void HistoryService::save() {
  if (!on_) return;
  if (const std::string file = path(*services_.config.read()); !file.empty())
    write(file, history_.bytes());
}

void HistoryService::write(const std::string& path, const std::string& bytes) {
  const auto written = replace_file(FileAt(path), bytes, {.synced = Synced::kBytes});
  if (written) {
    told_ = false;
  } else if (!told_.exchange(true)) {
    services_.log.warn("history/write",
                       written.error().what + "; the history ends with this process");
  }
}

HistorySample HistoryService::sample() const {
  HistorySample sample;
  for (const auto all = services_.mounts.all(); const auto& [name, mount] : *all) {
    if (!is_carried(*mount)) continue;
    const double listeners = audience_at(*mount);
    sample.mounts[name] = {listeners, listeners * listener_kbps(*mount)};
  }
  HistoryNow own;
  for (const auto& [name, now] : sample.mounts) {
    own.listeners += now.listeners;
    own.kbps += now.kbps;
  }
  sample.nodes[node_name(*services_.config.read())] = own;
  add_cluster(sample);
  for (const auto& [name, now] : sample.mounts) {
    sample.all.listeners += now.listeners;
    sample.all.kbps += now.kbps;
  }
  return sample;
}

void HistoryService::add_cluster(HistorySample& sample) const {
  const RedirectDecider& decider = services_.cluster->decider();
  const SteadyTime time = services_.clock.steady();
  const auto names = decider.with_table([&](const NodeTable& table) {
    for (const Node& node : table.nodes()) {
      const NodeState state = node.state_at(time);
      if (node.id.empty() || node.kind == NodeKind::kSelf || state == NodeState::kDead ||
          state == NodeState::kJoining)
        continue;
      sample.nodes.try_emplace(node.id, HistoryNow{node.reported_listeners, node.reported_kbps});
    }
    std::vector<std::string> out;
    for (const MountNodes* row : table.mounts()) out.push_back(row->mount);
    return out;
  });
  for (const std::string& name : names) {
    const auto now = decider.with_table([&](const NodeTable& table) {
      std::optional<HistoryNow> seen;
      const MountNodes* row = table.mount(name);
      if (row == nullptr) return seen;
      const bool carried =
          std::any_of(row->carriers.begin(), row->carriers.end(), [&](const Carrier& carrier) {
            return carrier.node != table.self() && carrier.reported && table.carries(carrier, time);
          });
      if (!carried) return seen;
      const auto listeners = static_cast<double>(audience_of(table, *row).all());
      seen = HistoryNow{listeners, listeners * (row->kbps > 0 ? row->kbps : kNominalListenerKbps)};
      return seen;
    });
    if (!now) continue;
    HistoryNow& sum = sample.mounts[name];
    sum.listeners += now->listeners;
    sum.kbps += now->kbps;
  }
}

}  // namespace lb
