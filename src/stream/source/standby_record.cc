#include "stream/source/standby_record.h"

#include <utility>

#include "base/cat.h"
#include "stream/source/source_set.h"
#include "stream/source/standby_source.h"

namespace lb {

std::string StandbySource::cannot_move() const {
  const bool ends = ended_;
  if (!ends && offer_.leftover.empty() && can_move(*offer_.transport)) return {};
  return cat({"an encoder that stands by on ", mount_->name(),
              ends ? " ends at this moment" : ": its connection is not a socket that stays"});
}

StandbyRecord StandbySource::save(FdsOut& fds) const {
  StandbyRecord saved;
  saved.id = id_;
  saved.mount = mount_->name();
  saved.encoder = save_offer(offer_, fds);
  saved.flows = flows_;
  saved.body = state_->body;
  saved.titles = state_->titles;
  saved.ring = saved_bytes(*state_->ring);
  saved.connected = state_->connected;
  saved.bytes_read = state_->bytes_read;
  if (hearing_) saved.hearing.push_back(fds.add(hearing_.get()));
  return saved;
}

Result<void> StandbySource::restore(const StandbyRecord& saved, UniqueFd hearing) {
  hearing_ = std::move(hearing);
  flows_ = saved.flows;
  state_->body = saved.body;
  state_->titles = saved.titles;
  state_->connected = saved.connected;
  state_->bytes_read = saved.bytes_read;
  return restore_part("ring", saved.ring, *state_->ring);
}

void StandbySource::go_on() {
  // The hand-over caused the pause.
  state_->last_data = worker_.loop().now();
  heard_ = worker_.loop().awake();
  start();
}

std::vector<StandbyRecord> SourceSet::save_standbys(FdsOut& fds) const {
  std::vector<StandbyRecord> all;
  for (const auto& [id, standby] : standbys_)
    if (!standby->is_spare()) all.push_back(standby->save(fds));
  return all;
}

Result<void> SourceSet::restore_standby(SourceOffer offer, const StandbyRecord& saved,
                                        UniqueFd hearing, std::shared_ptr<Mount> mount,
                                        const SourceFacts& facts) {
  StandbyHost& host = *this;
  auto standby = std::make_unique<StandbySource>(*this, host, std::move(offer), saved.id,
                                                 std::move(mount), facts);
  if (auto read = standby->restore(saved, std::move(hearing)); !read) return read;
  standbys_[saved.id] = std::move(standby);
  return {};
}

void SourceSet::go_on_standbys(const std::vector<std::uint64_t>& ids) {
  for (const std::uint64_t id : ids)
    if (const auto at = standbys_.find(id); at != standbys_.end())
      at->second->go_on();  // may end it
}

}  // namespace lb
