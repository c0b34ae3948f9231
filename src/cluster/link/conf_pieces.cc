#include "cluster/link/conf_pieces.h"

#include <utility>

#include "cluster/link/frame.h"

namespace lb {

std::shared_ptr<const ConfPieces::Piece> ConfPieces::next(const Changes& changes,
                                                          std::uint64_t from, const ConfFrame& head,
                                                          const std::string& node) {
  const auto kept = kept_.find({from, head.all});
  if (kept != kept_.end() && !kept->second.apart.contains(node)) return kept->second.piece;
  auto piece = std::make_shared<Piece>();
  std::set<std::string> apart;
  ConfRun run(head);
  auto at = changes.upper_bound(from);
  for (piece->to = from; at != changes.end(); ++at) {
    const auto value = callbacks_.value_of(at->second, node);
    if (!run.empty() && !run.fits(at->second, value.value_or(""))) break;
    if (value)
      run.set(at->second, *value);
    else
      run.remove(at->second);
    callbacks_.sent_apart(at->second, apart);
    piece->to = at->first;
  }
  piece->more = at != changes.end();
  for (ConfFrame& frame : run.take(piece->more)) {
    piece->lines += render_frame(std::move(frame));
    ++piece->frames;
  }
  if (!apart.contains(node) && bytes_ < kMaxKept) {
    bytes_ += piece->lines.size();
    kept_.insert_or_assign({from, head.all}, Kept{std::move(apart), piece});
  }
  return piece;
}

void ConfPieces::clear() {
  kept_.clear();
  bytes_ = 0;
}

}  // namespace lb
