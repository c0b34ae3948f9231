// RecordOverlay: makes the configuration in force from the configuration file, the records of a
// store and the records of an external configuration.
//
// The parsed file is kept apart, so a change of records never reads it.  Changes of one turn of
// control, or of the clerk's working time, are applied together.  A few changed mounts are handled
// on control, more of them, and a file, on the clerk; all take effect in order.
// Thread: control; awaits() any thread.
// Ownership: Services.
// Source: doc/stores.md.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_function.h"
#include "config/mounts/overlay.h"
#include "net/loop/loop.h"

namespace lb {

class RecordOverlay {
 public:
  static constexpr std::size_t kAtOnce = 16;
  using Apply = std::function<void(const OverlayUpdate&)>;
  using Done = UniqueFunction<void()>;

  // apply: receives the new configuration.
  RecordOverlay(Loop& control, Loop& clerk, std::shared_ptr<const Config> first,
                PullsHere pulls_here, Apply apply);

  // Replaces all records of this kind.  `done` is called once, after this returns, when they or
  // newer ones are in force.
  void set_store(MountRecords records, Done done = nullptr);
  void set_external(MountRecords records, Done done = nullptr);
  // Suspends these mounts until the next call, whatever their records say.
  using Names = std::set<std::string, std::less<>>;
  void set_suspended(Names names);
  // Takes effect together with the next change of mounts, or with begin_with().
  void set_stations(StationRecords records) { wanted_.stations = std::move(records); }
  void set_file(std::shared_ptr<const Config> file, Done done);
  // Makes the configuration of the start, before anything runs.
  std::shared_ptr<const Config> begin_with(MountRecords store, MountRecords external);
  std::shared_ptr<const Config> begin_with(MountRecords store);  // keeps the external ones

  // Sources of records of which this process has nothing yet, not even a copy of the last run.
  // Until they answer, a mount may seem to have no record; what is removed by its section is gone.
  enum Source : std::uint8_t { kStore = 1, kExternal = 2, kMasters = 4 };
  void await(Source source) noexcept { awaited_.fetch_or(source); }
  // All that the source gave counts as known once it is in force.
  void came(Source source);
  // Whether one of these is awaited.
  bool awaits(unsigned sources) const noexcept { return (awaited_.load() & sources) != 0; }

  void stop() { stopped_ = true; }

 private:
  void changed(Done done);
  MountRecords with_suspended(MountRecords records) const;
  void lay();
  bool is_laid() const;
  bool is_little() const;
  void finish(const OverlayUpdate& update, std::vector<Done> done);

  Loop& control_;
  Loop& clerk_;
  const PullsHere pulls_here_;
  const Apply apply_;
  MountRecords store_, external_;  // as given
  Names suspended_;
  MountLayers wanted_, layers_;         // layers_ belongs to laid_
  std::shared_ptr<const Config> laid_;  // in force
  std::vector<Done> waiting_;           // for wanted_
  bool due_ = false;                    // lay() is posted, or the clerk is at work
  bool stopped_ = false;
  std::atomic<unsigned> awaited_{0};
};

}  // namespace lb
