#include "app/pages/history_service.h"

#include <utility>

#include "app/pages/history_sample.h"
#include "app/services/network.h"
#include "base/cat.h"
#include "base/file.h"
#include "config/settings/config.h"

namespace lb {
namespace {

constexpr std::size_t kLongestHistoryFile = std::size_t{200} << 20;

}  // namespace

HistoryService::HistoryService(Network& network)
    : network_(network),
      clock_trust_(network.clock),
      timer_(network.stats_thread.loop(), [this] { check(); }) {}

std::string HistoryService::path(const Config& config) {
  const std::string directory = state_directory(config);
  return directory.empty() ? directory : directory + "/history";
}

void HistoryService::read(const std::string& file) {
  const auto text = read_file(FileAt(file), {.limit = kLongestHistoryFile});
  if (!text) {
    if (text.error().code != Error::Code::kNotFound)
      network_.log.warn("history/read", text.error().what + "; the charts begin empty");
  } else if (auto restored = history_.restore(text->text); !restored) {
    network_.log.warn("history/read",
                      cat({file, ": ", restored.error().what, "; the charts begin empty"}));
  } else if (const std::int64_t newest = history_.newest(); newest > 0) {
    clock_trust_.go_on({wall_time(newest)});
  }
  unread_ = false;
}

void HistoryService::configure(const Config& config, Read what) {
  const bool on = config.console.enabled && config.console.history.count() > 0;
  const std::string file = on ? path(config) : "";
  if (!file.empty() && what == Read::kNow) read(file);
  if (!file.empty() && what == Read::kSoon) {
    unread_ = true;
    network_.stats_thread.loop().post([this, file] { read(file); });
  }
  if (on_.exchange(on) == on) return;
  if (!on) history_.clear();
  network_.stats_thread.loop().post([this, on] {
    saved_ = network_.clock.steady();
    if (on)
      timer_.after(coalesced(network_.stats_thread.loop(), kEvery));
    else
      timer_.cancel();
  });
}

void HistoryService::check() {
  if (!on_) return;
  const bool trusts = clock_trust_.trusts();
  history_.take(unix_seconds(network_.clock.wall()), sample_of(network_), trusts);
  timer_.after(coalesced(network_.stats_thread.loop(), kEvery));
  const SteadyTime now = network_.clock.steady();
  if (now - saved_ < kSaveEvery) return;
  saved_ = now;
  std::string file = path(*network_.config.read());
  if (file.empty()) return;
  network_.disk.loop().post([this, file = std::move(file)] { write(file, history_.bytes()); });
}

void HistoryService::save() {
  if (!on_) return;
  if (const std::string file = path(*network_.config.read()); !file.empty())
    write(file, history_.bytes());
}

void HistoryService::save(std::function<void()> then) {
  network_.disk.loop().post([this, then = std::move(then)]() mutable {
    save();
    network_.loops.control().post(std::move(then));
  });
}

void HistoryService::write(const std::string& path, const std::string& bytes) {
  if (unread_) return;
  const auto written = replace_file(FileAt(path), bytes, {.synced = Synced::kBytes});
  if (written) {
    told_ = false;
  } else if (!told_.exchange(true)) {
    network_.log.warn("history/write",
                      written.error().what + "; the history ends with this process");
  }
}

}  // namespace lb
