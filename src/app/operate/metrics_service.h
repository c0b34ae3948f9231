// MetricsService: the text of /metrics, made at most once a second for all requests.
//
// Control collects the numbers that only it has; the clerk reads the others and makes the text.
// Thread: get() and its callback on control; save() there too, restore() before the loops run.
// Ownership: Services.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics/metrics.h"
#include "base/clock.h"
#include "base/record.h"
#include "base/unique_function.h"

namespace lb {

struct Services;

// Counts of processes before this one, if no other record has them.
struct CountRecord {
  std::string name;
  std::uint64_t times = 0;
  static constexpr PlainRecord kRecord{.members = 2};
};
struct CountsRecord {
  std::vector<CountRecord> counts;
  static constexpr PlainRecord kRecord{.members = 1};
};

class MetricsService {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Then = UniqueFunction<void(Text)>;

  explicit MetricsService(Services& services) : services_(services) {}
  void get(Then then);
  // Gets the metrics of the mounts for which owns() is true.  owns: called on the clerk.
  void get_own(std::function<bool(std::string_view)> owns, Then then);
  // For an upgrade: numbers that only grow continue in the next process.
  CountsRecord save() const;
  void restore(const CountsRecord& saved);

 private:
  MetricsPicture take_picture() const;  // control
  void count_on_control(MetricsPicture& picture) const;
  void count(MetricsPicture& picture) const;     // any thread
  void complete(MetricsPicture& picture) const;  // clerk
  void add_counts_before(MetricsPicture& picture) const;

  Services& services_;
  Text text_;
  std::shared_ptr<const MetricsPicture> picture_;  // the numbers in it
  SteadyTime made_{};
  bool making_ = false;
  std::vector<Then> waiting_;
  std::map<std::string, std::uint64_t, std::less<>> before_;  // of processes before this one
};

}  // namespace lb
