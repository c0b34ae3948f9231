// HistoryService: takes a sample of listeners and kbit/s each 10 s into the History, and keeps that
// in a file of the state directory.  A server without <console> takes no samples.
// Thread: control; samples on the thread "stats", files on "disk".
// Ownership: Services.
// Errors: a damaged file is logged and ignored; a failed write is logged once, and tried again.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "admin/metrics/history.h"
#include "base/clock.h"
#include "net/loop/loop.h"

namespace lb {

struct Config;
struct Network;

class HistoryService {
 public:
  static constexpr std::chrono::seconds kEvery{10};
  static constexpr std::chrono::seconds kSaveEvery{300};

  explicit HistoryService(Network& network);

  // At the start it reads the file: before the loops run, or on "stats" if listeners wait for them.
  enum class Read : std::uint8_t { kNothing, kNow, kSoon };
  void configure(const Config& config, Read what);
  void save();                            // on a thread that may wait: at the end
  void save(std::function<void()> then);  // the same on "disk", then on control

  // -- any thread --------------------------------------------------------------------------------
  // Null: no history is kept.
  const History* history() const noexcept { return on_ ? &history_ : nullptr; }

 private:
  void read(const std::string& file);
  void check();  // "stats"
  static std::string path(const Config& config);
  void write(const std::string& path, const std::string& bytes);

  Network& network_;
  History history_;
  std::atomic<bool> on_{false};
  std::atomic<bool> told_{false};    // a failed write was logged
  std::atomic<bool> unread_{false};  // the file has charts that are not here yet
  SteadyTime saved_{};               // "stats"
  ClockTrust clock_trust_;           // "stats", after the start
  Timer timer_;                      // "stats"
};

}  // namespace lb
