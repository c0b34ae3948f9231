// MetricsService: the text of /metrics, made at most once a second, however many ask.
//
// What only control knows is taken there; the rest is read, and the text made, on the clerk.
// Thread: get() and its callback on control.
// Ownership: Services.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/metrics/metrics.h"
#include "base/clock.h"
#include "base/unique_function.h"

namespace lb {

struct Services;

class MetricsService {
 public:
  using Text = std::shared_ptr<const std::string>;
  using Then = UniqueFunction<void(Text)>;

  explicit MetricsService(Services& services) : services_(services) {}
  void get(Then then);
  // Of these mounts alone.  owns: called on the clerk.
  void get_own(std::function<bool(std::string_view)> owns, Then then);

 private:
  MetricsPicture take_picture() const;           // control
  void complete(MetricsPicture& picture) const;  // clerk

  Services& services_;
  Text text_;
  std::shared_ptr<const MetricsPicture> picture_;  // of which it was made
  SteadyTime made_{};
  bool making_ = false;
  std::vector<Then> waiting_;
};

}  // namespace lb
