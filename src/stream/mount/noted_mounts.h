// NotedMounts: mounts that have got a listener, or a source, since control looked last.
//
// Thread: any.
// Ownership: the MountTable and its mounts.
// Bounds: a mount is noted once until control has taken it out again (Mount::rests()).
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace lb {

class NotedMounts {
 public:
  void note(const std::string& mount) {
    std::lock_guard<std::mutex> guard(mutex_);
    names_.push_back(mount);
  }
  std::vector<std::string> take() {
    std::lock_guard<std::mutex> guard(mutex_);
    return std::exchange(names_, {});
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> names_;
};

}  // namespace lb
