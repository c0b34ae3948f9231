// Samples: percentiles of a set of durations, exact, sorted when asked.
// Thread: one; merged after the threads have ended.  Units: stored as nanoseconds, given as ms.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace lb {

class Samples {
 public:
  void add(std::uint64_t ns) { all_.push_back(ns); }
  void merge(const Samples& other) {
    all_.insert(all_.end(), other.all_.begin(), other.all_.end());
  }
  std::size_t size() const noexcept { return all_.size(); }

  // share 0 … 1; nearest rank; 0 when there are no samples.
  double ms(double share) {
    if (all_.empty()) return 0;
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(all_.size()));
    const auto at = all_.begin() + static_cast<std::ptrdiff_t>(std::min(rank, all_.size() - 1));
    std::nth_element(all_.begin(), at, all_.end());
    return static_cast<double>(*at) / 1e6;
  }

  double mean_ms() const {
    double sum = 0;
    for (const std::uint64_t ns : all_) sum += static_cast<double>(ns);
    return all_.empty() ? 0 : sum / static_cast<double>(all_.size()) / 1e6;
  }

 private:
  std::vector<std::uint64_t> all_;
};

}  // namespace lb
