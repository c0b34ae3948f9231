#include "app/operate/mount_moves.h"

#include <utility>

#include "api/records/mount_places.h"
#include "api/request/record_book.h"
#include "app/cluster/cluster_links.h"
#include "app/cluster/ingest_service.h"
#include "app/services/worker.h"
#include "app/topology/mount_homes.h"
#include "base/cat.h"
#include "config/settings/config.h"
#include "stream/source/source_admission.h"

namespace lb {

MountMoves::MountMoves(Network& network, Take take)
    : network_(network),
      take_(std::move(take)),
      timer_(network.loops.control(), [this] { check(); }) {}

void MountMoves::follow(const RecordBook& before, const RecordBook& now) {
  for_each_change(before.mounts(), now.mounts(),
                  [this](const std::string& name, const auto*, const auto* is) {
                    if (is != nullptr && (*is)->value.state == RecordState::kMoving)
                      rows_[name] = Row{*is, {}};
                    else
                      rows_.erase(name);
                  });
  if (rows_.empty())
    timer_.cancel();
  else if (!timer_.armed())
    timer_.after(kEachCheck);
}

bool MountMoves::has_arrived(const MountRecord& record) const {
  const std::string& to = record.place.to;
  if (!is_own_id(*network_.config.read(), to))
    return network_.links->ingest().has_source_at(record.mount, to);
  const auto* writer = network_.admission->writer_of(record.mount);
  return writer != nullptr && writer->kind == WriterKind::kSource && writer->mount->is_fed();
}

void MountMoves::check() {
  timer_.after(kEachCheck);
  const SteadyTime now = network_.loops.control().now();
  const std::int64_t seconds = unix_seconds(network_.clock.wall());
  for (auto& [name, row] : rows_) {
    if (now < row.again) continue;
    const MoveStep step = next_step(row.row->value, has_arrived(row.row->value), seconds);
    if (step == MoveStep::kWait) continue;
    row.again = now + kAgain;
    take_(*row.row, step);
  }
}

void end_moved_sources(Network& network, const Config& before, const Config& now,
                       std::span<const std::string> mounts) {
  for (const std::string& mount : mounts) {
    const MountSettings& old = mount_section(before, mount);
    const MountSettings& next = mount_section(now, mount);
    if (!gives_up_source(before, old, now, next)) continue;
    for (const auto& encoder : network.admission->encoders_of(mount))
      network.log.info(
          "records/move",
          cat({"mount ", mount, ": its home is ", next.home, " now; the source here, from ",
               encoder.facts->source_ip, ", is ended, and its listeners wait for the stream"}));
    Worker::end_encoders(network, mount, EndReason::kMoved);
  }
}

}  // namespace lb
