// What the tests of the archive share: a source whose units have a
// second each, or less, of media time.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "archive/files/scan.h"
#include "archive/read/range_plan.h"
#include "archive/record/archive_writer.h"
#include "base/temporary_directory.h"
#include "stream/support.h"

namespace lb::test {

inline std::string file_text(const std::string& path) {
  std::ostringstream all;
  all << std::ifstream(path, std::ios::binary).rdbuf();
  return all.str();
}

// A source at 1000 Hz whose units last 250 ms and have 100 bytes.
class TimedSource {
 public:
  static constexpr unsigned kRate = 1000, kUnitSamples = 250;
  static constexpr std::size_t kUnitBytes = 100;

  explicit TimedSource(Mount& mount, std::int64_t wall_ms, std::uint64_t id = 0x1122334455667788)
      : mount_(mount), log(*StreamLog::create("test")) {
    begin(wall_ms, id);
  }
  void begin(std::int64_t wall_ms, std::uint64_t id) {
    StreamSpan span;
    span.id = {id, 1};
    span.wall_ms = wall_ms;
    span.anchored = true;
    span.media = {0, kRate};
    log->begin_source(log->head(), span);
    clock = MediaClock({0, kRate});
  }
  // Its time of day is not known.
  void begin_unsettled(std::int64_t wall_ms) {
    StreamSpan span;
    span.id = {0x1122334455667788, 1};
    span.media = {0, kRate};
    span.wall_ms = wall_ms;
    log->begin_source(log->head(), span);
  }
  TimedSource& seconds(unsigned n) { return units(4 * n); }
  TimedSource& units(unsigned n) {
    for (; n > 0; --n) {
      if (inner)
        log->inner(log->head(), clock.unit());
      else
        log->sync(log->head(), clock.unit());
      if (clock.unit().second) clock.told();
      clock.pass(kUnitSamples);
      const std::string text = pattern_text(log->head(), log->head() + unit_bytes);
      if (!log->append(std::as_bytes(std::span(text)), now)) std::abort();
    }
    return *this;
  }
  TimedSource& title(std::string_view what) {
    log->metadata(log->head(), make_icy_metadata(what, "", "", ""));
    return *this;
  }
  void publish(bool ended = false) {
    mount_.channel().publish(
        log->publish(log->head(), window, mount_.channel().low_water(), ended));
  }

 private:
  Mount& mount_;

 public:
  std::unique_ptr<StreamLog> log;
  bool inner = false;  // the units begin within packets
  std::size_t unit_bytes = kUnitBytes;
  MediaClock clock;
  LogWindow window{1000, 1'000'000};
  SteadyTime now{std::chrono::seconds(1000)};
};

// Of files of this node, which lack nothing.
inline Result<ExportPlan> plan_export(ReaderPool& readers, const std::string& dir,
                                      const std::vector<FileRow>& rows, std::int64_t from_ms,
                                      std::int64_t to_ms) {
  PastReading reading(readers, dir, "/m");
  ExportPlanner planner("/m",
                        std::make_shared<const RecordedFiles>(
                            std::make_shared<const std::vector<FileRow>>(rows), std::nullopt),
                        from_ms, to_ms);
  while (planner.step(reading)) {
  }
  return planner.take(reading);
}

inline std::shared_ptr<const SourceFacts> facts_of(const char* type) {
  SourceFacts facts;
  facts.content_type = type;
  facts.plugin = &framer_for(type);
  return std::make_shared<const SourceFacts>(std::move(facts));
}

}  // namespace lb::test
