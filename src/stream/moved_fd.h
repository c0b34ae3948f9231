// MovedFd: the place of a descriptor among those that go with a record to another process.
// FdsOut, FdsIn: those descriptors, on both sides.
//
// Thread: one owner.
// Ownership: FdsOut names descriptors that stay where they are; FdsIn owns them until they are
// taken, once each.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace lb {

using MovedFd = std::uint64_t;

class FdsOut {
 public:
  MovedFd add(int fd) {
    fds_.push_back(fd);
    return fds_.size() - 1;
  }
  const std::vector<int>& all() const noexcept { return fds_; }

 private:
  std::vector<int> fds_;
};

class FdsIn {
 public:
  FdsIn() = default;
  explicit FdsIn(std::vector<UniqueFd> fds) : fds_(std::move(fds)) {}
  // Invalid: there is no such descriptor, or it has been taken.
  UniqueFd take(MovedFd at) noexcept {
    return at < fds_.size() ? std::move(fds_[static_cast<std::size_t>(at)]) : UniqueFd();
  }

 private:
  std::vector<UniqueFd> fds_;
};

}  // namespace lb
