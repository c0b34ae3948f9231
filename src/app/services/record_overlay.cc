#include "app/services/record_overlay.h"

#include <algorithm>
#include <utility>

namespace lb {

RecordOverlay::RecordOverlay(Loop& control, Loop& clerk, std::shared_ptr<const Config> first,
                             Apply apply)
    : control_(control),
      clerk_(clerk),
      apply_(std::move(apply)),
      wanted_{first, std::make_shared<const MountRecords>(),
              std::make_shared<const MountRecords>()},
      laid_parts_(wanted_),
      laid_(std::move(first)),
      timer_(control, [this] { lay(); }) {}

std::uint64_t RecordOverlay::apply_records(std::function<MountRecords()> make) {
  make_records_ = std::move(make);
  changed();
  return version_;
}

void RecordOverlay::apply_external(std::shared_ptr<const MountRecords> records) {
  wanted_.external = std::move(records);
  changed();
}

std::shared_ptr<const Config> RecordOverlay::begin_with(MountRecords records,
                                                        MountRecords external) {
  wanted_.records = std::make_shared<const MountRecords>(std::move(records));
  wanted_.external = std::make_shared<const MountRecords>(std::move(external));
  laid_parts_ = wanted_;
  laid_ = lay_over(wanted_.parsed, *wanted_.records, *wanted_.external);
  return laid_;
}

void RecordOverlay::changed() {
  ++version_;
  plan();
}

void RecordOverlay::plan() {
  if (stopped_ || laid_version_ == version_ || under_way_ > 0 || timer_.armed()) return;
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(next_ - control_.now());
  timer_.after(std::max(std::chrono::milliseconds(0), wait));
}

std::shared_ptr<const RecordOverlay::Work> RecordOverlay::begin() {
  auto work = std::make_shared<Work>();
  work->before_ = laid_parts_;
  work->now_ = wanted_;
  work->make_records_ = make_records_;
  work->laid_ = laid_;
  work->version_ = version_;
  began_ = control_.now();
  ++under_way_;
  return work;
}

OverlayUpdate RecordOverlay::Work::run(std::shared_ptr<const Config> parsed) const {
  OverlayParts now = now_;
  if (parsed) now.parsed = std::move(parsed);
  if (make_records_) now.records = std::make_shared<const MountRecords>(make_records_());
  return update_overlay(before_, laid_, std::move(now));
}

void RecordOverlay::finished(std::shared_ptr<const Work> work, const OverlayUpdate* update) {
  --under_way_;
  if (stopped_) return;
  if (update != nullptr) {
    wanted_.parsed = update->parts.parsed;
    wanted_.records = update->parts.records;
    if (work->version_ == version_) make_records_ = nullptr;
    laid_version_ = std::max(laid_version_, work->version_);
    auto last = std::make_pair(std::exchange(laid_, update->config),
                               std::exchange(laid_parts_, update->parts));
    apply_(*update);
    // What is large is let go on the clerk.
    clerk_.post([last = std::move(last)] {});
  }
  clerk_.post([work = std::move(work)] {});
  const SteadyTime::duration cost = control_.now() - began_;
  next_ = began_ + std::min<SteadyTime::duration>(kPause, kShare * cost);
  plan();
}

void RecordOverlay::lay() {
  if (stopped_ || under_way_ > 0) return;
  clerk_.post([this, work = begin()]() mutable {
    auto update = std::make_shared<const OverlayUpdate>(work->run(nullptr));
    control_.post([this, work = std::move(work), update = std::move(update)]() mutable {
      finished(std::move(work), update.get());
      clerk_.post([update = std::move(update)] {});
    });
  });
}

void RecordOverlay::stop() {
  stopped_ = true;
  timer_.cancel();
}

}  // namespace lb
