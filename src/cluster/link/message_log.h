// MessageLog: the messages between nodes that have passed here: each counts once, however many ways
// it arrives, and the newest can be shown.
//
// Thread: control.
// Ownership: app/cluster/cluster_links.
// Bounds: kRemembered messages, each of at most 4 KiB and a few names.
#pragma once

#include <deque>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "cluster/link/frame.h"

namespace lb {

class MessageLog {
 public:
  static constexpr std::size_t kRemembered = 1024;
  static constexpr std::size_t kShown = 64;
  struct Entry {
    MessageFrame message;
    WallTime when{};
  };
  // False: the message is known already.
  bool take(const MessageFrame& message, WallTime when);
  const std::deque<Entry>& entries() const noexcept { return entries_; }  // the newest last

 private:
  using Key = std::pair<std::string, std::string>;  // from, serial
  std::set<Key> seen_;
  std::deque<Key> order_;
  std::deque<Entry> entries_;
};

}  // namespace lb
