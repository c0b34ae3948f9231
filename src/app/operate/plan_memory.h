// PlanMemory: what the plans of one request have drawn and hashed.  A plan is made again after a
// conflict, and when its account is free; a hash of a password takes up to 100 ms each time.
// Thread: the clerk, one plan at a time.
// Ownership: outlives the worlds that it has changed.
// Bounds: those of one request's plan.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/request/plan.h"

namespace lb {

class PlanMemory {
 public:
  // The next plan of this world draws the same bytes and has the same hashes as the one before.
  void serve(ApiWorld& world) {
    next_ = 0;
    world.random = [this, draw = std::move(world.random)](std::size_t bytes) {
      if (next_ == drawn_.size() || drawn_[next_].size() != bytes) {
        drawn_.resize(next_);
        drawn_.push_back(draw(bytes));
      }
      return drawn_[next_++];
    };
    world.hash = [this, hash = std::move(world.hash)](HashMethod method,
                                                      const std::string& password) {
      auto& known = hashes_[{method, password}];
      if (!known) known = hash(method, password);
      return known;
    };
    world.matches = [this, matches = std::move(world.matches)](const std::string& hash,
                                                               const std::string& password) {
      auto& known = judged_[{hash, password}];
      if (!known) known = matches(hash, password);
      return *known;
    };
  }

 private:
  std::vector<std::string> drawn_;
  std::size_t next_ = 0;
  std::map<std::pair<HashMethod, std::string>, std::optional<std::string>> hashes_;
  std::map<std::pair<std::string, std::string>, std::optional<bool>> judged_;
};

}  // namespace lb
