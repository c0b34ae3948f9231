// RecordOverlay: what the mounts of this server are made of, the configuration file, the records of
// a store and those of an external configuration, and the configuration that follows from it.
//
// The file as it was read is kept apart, so a change of records never reads it.  What changes in
// one turn of control, or while the clerk is at work, is laid over together.  Few changed mounts
// are laid over on control, more, and a file, on the clerk; nothing overtakes what came before it.
// Thread: control.
// Ownership: Services.
// Source: doc/stores.md.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
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

  // apply: what the configuration is from now on.
  RecordOverlay(Loop& control, Loop& clerk, std::shared_ptr<const Config> first,
                PullsHere pulls_here, Apply apply);

  // All of them, as they are now.  `done` is called once when that, or something newer, is applied;
  // not before this returns.
  void set_store(MountRecords records, Done done = nullptr);
  void set_external(MountRecords records, Done done = nullptr);
  // In force with the mounts that are set, or begun with, next.
  void set_stations(StationRecords records) { wanted_.stations = std::move(records); }
  void set_file(std::shared_ptr<const Config> file, Done done);
  // The same before anything runs: the configuration of the start.
  std::shared_ptr<const Config> begin_with(MountRecords store, MountRecords external);
  std::shared_ptr<const Config> begin_with(MountRecords store);  // as they are, otherwise

  void stop() { stopped_ = true; }

 private:
  void changed(Done done);
  void lay();
  bool is_laid() const;
  bool is_little() const;
  void finish(const OverlayUpdate& update, std::vector<Done> done);

  Loop& control_;
  Loop& clerk_;
  const PullsHere pulls_here_;
  const Apply apply_;
  MountLayers wanted_, layers_;         // layers_: of laid_
  std::shared_ptr<const Config> laid_;  // what is applied
  std::vector<Done> waiting_;           // for wanted_
  bool due_ = false;                    // lay() is in the inbox, or the clerk is at work
  bool stopped_ = false;
};

}  // namespace lb
