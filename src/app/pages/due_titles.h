// DueTitles: titles that were told ahead, until they begin to sound.
//
// Thread: control.
// Ownership: ServerStation.
// Bounds: kMaxOfMount titles of a mount, kMaxMounts mounts; an upgrade, or the end of the process,
// forgets them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "admin/command/station.h"
#include "net/loop/loop.h"

namespace lb {

class DueTitles {
 public:
  static constexpr std::size_t kMaxOfMount = 32, kMaxMounts = 1000;

  using Set = std::function<void(const std::string& mount, TitleRequest request)>;
  DueTitles(Loop& control, Set set)
      : loop_(control), set_(std::move(set)), timer_(control, [this] { work(); }) {}

  // request: with at_ms; in place of one of the same moment.  False: there is no room.
  bool add(const std::string& mount, TitleRequest request);

 private:
  void work();

  Loop& loop_;
  const Set set_;
  std::map<std::string, std::map<std::int64_t, TitleRequest>> waiting_;  // by at_ms
  Timer timer_;
};

}  // namespace lb
