#include "hls/past_lookups.h"

#include <utility>

#include "base/cat.h"

namespace lb {

PastLookups::PastLookups()
    : limits_(std::make_shared<PastLimits>()), table_(std::make_shared<Table>()) {}

bool PastLookups::begins(Waiting& waiting, std::size_t most, const std::string& key,
                         HlsPastThen then) {
  {
    const std::lock_guard<std::mutex> guard(table_->mutex);
    const auto found = waiting.find(key);
    if (found != waiting.end()) {
      found->second.push_back(std::move(then));
      return false;
    }
    if (waiting.size() < most) {
      waiting[key].push_back(std::move(then));
      return true;
    }
  }
  then(nullptr);
  return false;
}

std::vector<HlsPastThen> PastLookups::take(Waiting& waiting, const std::string& key) {
  auto found = waiting.extract(key);
  return found.empty() ? std::vector<HlsPastThen>() : std::move(found.mapped());
}

void PastLookups::list(PastMount mount, const std::string& name, const PastAskRange& range,
                       HlsPastThen then) {
  const std::string key = cat({mount.name, "\n", name});
  const Clock& clock = mount.clock;
  std::shared_ptr<const HlsPast> known;
  {
    const std::lock_guard<std::mutex> guard(table_->mutex);
    const SteadyTime now = clock.steady();
    std::erase_if(table_->kept, [now](const auto& one) { return one.second.until <= now; });
    if (const auto kept = table_->kept.find(key); kept != table_->kept.end())
      known = kept->second.past;
  }
  if (known) return then(std::move(known));
  if (!begins(table_->lists, kMaxLists, key, std::move(then))) return;
  look_up_past_list(std::move(mount), range, limits_,
                    [table = table_, key, &clock](std::shared_ptr<const HlsPast> past) {
                      std::vector<HlsPastThen> all;
                      {
                        const std::lock_guard<std::mutex> guard(table->mutex);
                        all = take(table->lists, key);
                        if (table->kept.size() < kMaxKept)
                          table->kept[key] = {past, clock.steady() + kKept};
                      }
                      for (HlsPastThen& each : all) each(past);
                    });
}

void PastLookups::segment(PastMount mount, std::uint32_t stream, std::uint64_t sequence,
                          HlsPastThen then) {
  const std::string key = cat({mount.name, "\n", stream, "-", sequence});
  if (!begins(table_->segments, kMaxSegments, key, std::move(then))) return;
  look_up_past_segment(std::move(mount), stream, sequence, limits_,
                       [table = table_, key](const std::shared_ptr<const HlsPast>& past) {
                         std::vector<HlsPastThen> all;
                         {
                           const std::lock_guard<std::mutex> guard(table->mutex);
                           all = take(table->segments, key);
                         }
                         for (HlsPastThen& each : all) each(past);
                       });
}

}  // namespace lb
