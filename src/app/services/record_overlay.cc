#include "app/services/record_overlay.h"

#include "config/mounts/mount_record.h"

namespace lb {

RecordOverlay::RecordOverlay(Loop& control, Loop& clerk, std::shared_ptr<const Config> first,
                             PullsHere pulls_here, Apply apply)
    : control_(control),
      clerk_(clerk),
      pulls_here_(pulls_here),
      apply_(std::move(apply)),
      store_(layers_of(first).store),
      external_(layers_of(first).external),
      wanted_(layers_of(first)),
      layers_(wanted_),
      laid_(std::move(first)) {}

void RecordOverlay::set_store(MountRecords records, Done done) {
  store_ = std::move(records);
  wanted_.store = with_suspended(store_);
  changed(std::move(done));
}

void RecordOverlay::set_external(MountRecords records, Done done) {
  external_ = std::move(records);
  wanted_.external = with_suspended(external_);
  changed(std::move(done));
}

void RecordOverlay::set_suspended(Names names) {
  if (names == suspended_) return;
  suspended_ = std::move(names);
  wanted_.store = with_suspended(store_);
  wanted_.external = with_suspended(external_);
  changed(nullptr);
}

MountRecords RecordOverlay::with_suspended(MountRecords records) const {
  for (const std::string& name : suspended_) {
    const auto* record = records.look_up(name);
    if (record == nullptr || (*record)->state == RecordState::kDeleting) continue;
    auto suspended = std::make_shared<MountRecord>(**record);
    suspended->state = RecordState::kSuspended;
    records.set(name, std::move(suspended));
  }
  return records;
}

void RecordOverlay::set_file(std::shared_ptr<const Config> file, Done done) {
  wanted_.file = std::move(file);
  changed(std::move(done));
}

std::shared_ptr<const Config> RecordOverlay::begin_with(MountRecords store, MountRecords external) {
  store_ = std::move(store);
  external_ = std::move(external);
  wanted_.store = with_suspended(store_);
  wanted_.external = with_suspended(external_);
  layers_ = wanted_;
  laid_ = lay_over(wanted_, pulls_here_);
  return laid_;
}

std::shared_ptr<const Config> RecordOverlay::begin_with(MountRecords store) {
  return begin_with(std::move(store), external_);
}

void RecordOverlay::came(Source source) {
  const auto known = [this, source] { awaited_.fetch_and(~unsigned{source}); };
  if (!awaits(source)) return;
  if (is_laid()) return known();
  changed(known);
}

void RecordOverlay::changed(Done done) {
  if (done) waiting_.push_back(std::move(done));
  if (!std::exchange(due_, true)) control_.post([this] { lay(); });
}

bool RecordOverlay::is_laid() const {
  return wanted_.file == layers_.file && wanted_.store.is_same(layers_.store) &&
         wanted_.external.is_same(layers_.external) && wanted_.stations.is_same(layers_.stations);
}

bool RecordOverlay::is_little() const {
  const auto few = []<class Records>(const Records& before, const Records& now) {
    return !Records::more_changed(before, now, kAtOnce);
  };
  return wanted_.file == layers_.file && few(layers_.store, wanted_.store) &&
         few(layers_.external, wanted_.external) && few(layers_.stations, wanted_.stations);
}

void RecordOverlay::lay() {
  if (stopped_) return;
  auto done = std::exchange(waiting_, {});
  if (is_laid()) {
    due_ = false;
    for (Done& each : done) each();
    return;
  }
  if (is_little()) return finish(update_overlay(laid_, wanted_, pulls_here_), std::move(done));
  clerk_.post([this, pulls_here = pulls_here_, laid = laid_, wanted = wanted_,
               done = std::move(done)]() mutable {
    auto update =
        std::make_shared<const OverlayUpdate>(update_overlay(laid, std::move(wanted), pulls_here));
    control_.post([this, laid = std::move(laid), update = std::move(update),
                   done = std::move(done)]() mutable {
      if (!stopped_) finish(*update, std::move(done));
      // The clerk frees the old configuration, which may be large.
      clerk_.post([laid = std::move(laid), update = std::move(update)] {});
    });
  });
}

void RecordOverlay::finish(const OverlayUpdate& update, std::vector<Done> done) {
  laid_ = update.config;
  layers_ = layers_of(laid_);
  apply_(update);
  for (Done& each : done) each();
  // Changes may have come meanwhile.
  due_ = !is_laid() || !waiting_.empty();
  if (due_) control_.post([this] { lay(); });
}

}  // namespace lb
