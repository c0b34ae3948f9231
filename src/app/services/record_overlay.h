// RecordOverlay: the records of mounts that are laid over the configuration file, of the store and
// of the external configuration, and when that is done again.
//
// The file as it was read is kept apart, so a change of records never reads it.  Changes are laid
// over on the clerk; what comes meanwhile is laid over together.
// A reload of the file goes the same way, so the two cannot overtake each other.
//
// Pause: a change after a quiet time is laid over at once, and so is the next one of a writer that
// waits for each answer: laying over takes one part in kShare of the time at most, and what several
// writers change meanwhile is laid over together.  No change waits for more than kPause.
// Thread: control; work() runs on the clerk.
// Ownership: Services.
// Source: doc/stores.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "config/overlay.h"
#include "net/loop.h"

namespace lb {

class RecordOverlay {
 public:
  static constexpr std::chrono::milliseconds kPause{250};
  static constexpr int kShare = 4;
  using Apply = std::function<void(const OverlayUpdate&)>;

  // apply: what the configuration is from now on.
  RecordOverlay(Loop& control, Loop& clerk, std::shared_ptr<const Config> first, Apply apply);

  // All of them, as they are now; `make` is called once, on the clerk.  Applied soon, not before
  // this returns.  The version that they are part of.
  std::uint64_t apply_records(std::function<MountRecords()> make);
  void apply_external(std::shared_ptr<const MountRecords> records);
  // The same before anything runs: the configuration of the start.
  std::shared_ptr<const Config> begin_with(MountRecords records, MountRecords external);

  // A reload: the clerk calls run() with the file that it has read; then control calls finished(),
  // with null if the file could not be used.
  class Work {
   public:
    OverlayUpdate run(std::shared_ptr<const Config> parsed) const;

   private:
    friend class RecordOverlay;
    OverlayParts before_, now_;
    std::function<MountRecords()> make_records_;  // null: those of now_
    std::shared_ptr<const Config> laid_;
    std::uint64_t version_ = 0;
  };
  std::shared_ptr<const Work> begin();
  void finished(std::shared_ptr<const Work> work, const OverlayUpdate* update);

  const OverlayParts& parts() const noexcept { return laid_parts_; }
  // Of what apply_records() has returned, the newest that is laid over.
  std::uint64_t laid_version() const noexcept { return laid_version_; }
  std::shared_ptr<const MountRecords> external() const noexcept { return wanted_.external; }
  void stop();

 private:
  void changed();
  void plan();
  void lay();

  Loop& control_;
  Loop& clerk_;
  const Apply apply_;
  OverlayParts wanted_, laid_parts_;
  std::function<MountRecords()> make_records_;  // null: wanted_ has them
  std::shared_ptr<const Config> laid_;
  std::uint64_t version_ = 0;       // of wanted_
  std::uint64_t laid_version_ = 0;  // of the newest that is laid over
  unsigned under_way_ = 0;
  SteadyTime began_{};  // the last time
  SteadyTime next_{};   // not before
  Timer timer_;
  bool stopped_ = false;
};

}  // namespace lb
