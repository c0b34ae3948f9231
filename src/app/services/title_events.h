// TitleEvents: publishes the event `title` (doc/orchestration.md) when a title sounds, not when it
// arrives.  A mount has at most one event in kBetween, with its newest title, as an encoder may
// send any number.  A title that sounds more than kFurthest ahead has a wrong clock, and is
// published at once.
// Thread: control.
// Ownership: Services.
// Bounds: one row for each mount that has had a title lately.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "net/loop/loop.h"

namespace lb {

class TitleEvents {
 public:
  static constexpr std::chrono::milliseconds kBetween{1000};
  static constexpr std::chrono::seconds kFurthest{60};

  // since_ms: Unix time
  using Publish =
      std::function<void(const std::string& mount, const std::string& song, std::int64_t since_ms)>;
  TitleEvents(Loop& control, Publish publish)
      : loop_(control), publish_(std::move(publish)), timer_(control, [this] { work(); }) {}

  // since_ms: nullopt means now.
  void titled(const std::string& mount, std::string song, std::optional<std::int64_t> since_ms);

 private:
  struct Row {
    std::string song;
    std::int64_t since_ms = 0;
    bool waits = false;
    SteadyTime due{}, told{};
  };
  void work();

  Loop& loop_;
  const Publish publish_;
  std::map<std::string, Row> rows_;
  Timer timer_;
};

}  // namespace lb
