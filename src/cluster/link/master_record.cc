// The record of a MasterSession for the process that takes over; see master_session.h.
#include "cluster/link/master_record.h"

#include <utility>
#include <variant>

#include "base/cat.h"
#include "base/strings.h"
#include "cluster/link/master_session.h"

namespace lb {

MasterRecord MasterSession::save() const {
  MasterRecord saved;
  saved.name = name();
  saved.id = master_id_;
  saved.mark = master_mark_;
  saved.http_port = http_port_;
  saved.https_port = https_port_;
  saved.clock_ms = clock_.offset().count();
  std::vector<StreamOffer> offers;
  // A withdrawn stream is kept for its listeners only, as they hear a fallback of the master: the
  // next process has to know where its relay belongs.
  for (const auto& [mount, stream] : streams_.streams()) offers.push_back(stream.offer);
  for (SnapFrame& frame : snap_frames(std::move(offers), {})) {
    frame.seq = saved.streams.size() + 1;  // a frame without one cannot be read
    saved.streams.push_back(render_frame(frame));
  }
  return saved;
}

// As if the link were lost at this moment: streams stay until it is back, and its SNAP withdraws
// those again that were withdrawn.
Result<void> MasterSession::restore(const MasterRecord& saved) {
  if (saved.id.empty() || !master_id_.empty()) return {};
  master_id_ = saved.id;
  master_mark_ = saved.mark;
  http_port_ = saved.http_port;
  https_port_ = saved.https_port;
  const std::int64_t here = wall_ms_of(host_.loop().clock());
  clock_.measured(here + saved.clock_ms, here);
  const SteadyTime now = host_.loop().awake();
  for (std::size_t i = 0; i < saved.streams.size(); ++i) {
    auto frame = parse_frame(trim(saved.streams[i]));
    if (!frame) return frame.error();
    auto* const snap = *frame ? std::get_if<SnapFrame>(&**frame) : nullptr;
    if (snap == nullptr) return Error::invalid(cat({"master ", saved.id, ": no SNAP"}));
    streams_.snapshot(std::move(snap->offers), i + 1 < saved.streams.size(), now);
  }
  streams_.connection_lost(now);
  host_.master_clock(master_id_, clock_.offset());
  return {};
}

}  // namespace lb
