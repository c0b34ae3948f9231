#include "stream/source/source_record.h"

#include <utility>

#include "base/cat.h"
#include "stream/source/source.h"
#include "stream/source/source_set.h"

namespace lb {

bool Source::is_saved() const { return !relayed_ || can_move(*offer_.transport); }

std::string Source::cannot_move() const {
  const auto because = [this](std::string_view why) {
    return cat({"the source of ", feed_.mount().name(), ": ", why});
  };
  if (ended_) return because("it ends at this moment");
  if (!can_move(*offer_.transport)) return because("its connection is not a socket that stays");
  if (!offer_.leftover.empty() || offer_.state) return because("it begins at this moment");
  if (const auto why = feed_.cannot_move(); !why.empty()) return because(why);
  return {};
}

SourceRecord Source::save(FdsOut& fds) const {
  SourceRecord saved;
  saved.lease = lease().id;
  saved.mount = feed_.mount().name();
  saved.identity = lease().identity;
  saved.encoder = save_offer(offer_, fds);
  saved.metaint = offer_.metaint;
  saved.feed = feed_.save();
  saved.started = started_;
  // By its own time: the next loop does not know how long this one was away.
  saved.last_data = heard_ + host_.loop().away();
  saved.bytes_before = bytes_before_;
  saved.allowed = static_cast<std::int64_t>(allowed_);
  saved.allowed_at = allowed_at_;
  return saved;
}

Source::Source(SourceHost& host, SourceOffer offer, const SourceRecord& saved, WriterLease lease,
               std::shared_ptr<const SourceFacts> facts)
    : host_(host),
      offer_(std::move(offer)),
      feed_(host, saved.feed, std::move(lease), facts),
      started_(saved.started),
      last_data_(saved.last_data),
      heard_(saved.last_data - host.loop().away()),
      bytes_before_(saved.bytes_before),
      timeout_(host.loop(), [this] { on_timeout(); }),
      resume_(host.loop(), [this] { resume(); }),
      relayed_(facts->relayed),
      allowed_(static_cast<double>(saved.allowed)),
      allowed_at_(saved.allowed_at) {}

void Source::go_on(const FeedRecord& saved) {
  if (auto went = feed_.go_on(saved); !went) {
    finish_with(EndReason::kIo, went.error().what);
    return;
  }
  watch(true);
  on_timeout();  // continues to count, and first reads what came in the pause
}

std::string SourceSet::cannot_move() const {
  for (const auto& [id, standby] : standbys_)
    if (std::string why = standby->is_spare() ? "" : standby->cannot_move(); !why.empty())
      return why;
  for (const auto& [id, source] : sources_)
    if (std::string why = source->is_saved() ? source->cannot_move() : ""; !why.empty()) return why;
  return {};
}

std::vector<SourceRecord> SourceSet::save(FdsOut& fds) const {
  std::vector<SourceRecord> all;
  for (const auto& [id, source] : sources_)
    if (source->is_saved()) all.push_back(source->save(fds));
  return all;
}

const StreamLog* SourceSet::log_of(std::uint64_t lease) const {
  const auto at = sources_.find(lease);
  return at == sources_.end() ? nullptr : at->second->lease().log.get();
}

bool SourceSet::is_saved(std::uint64_t lease) const {
  const auto at = sources_.find(lease);
  return at != sources_.end() && at->second->is_saved();
}

std::string SourceSet::framer_of(std::uint64_t lease) const {
  const auto at = sources_.find(lease);
  return at == sources_.end() ? std::string() : at->second->saved_framer();
}

Result<void> SourceSet::restore(SourceOffer offer, const SourceRecord& saved, WriterLease lease,
                                std::shared_ptr<const SourceFacts> facts) {
  auto source = std::make_unique<Source>(*this, std::move(offer), saved, std::move(lease), facts);
  if (auto read = source->restore(saved.feed); !read) return read;
  sources_[saved.lease] = std::move(source);
  return {};
}

void SourceSet::go_on(const std::vector<SourceRecord>& saved) {
  for (const SourceRecord& one : saved) {
    const auto at = sources_.find(one.lease);
    if (at == sources_.end()) continue;
    at->second->go_on(one.feed);  // may end it
    if (by_turns_ && sources_.contains(one.lease))
      read_by_turns(one.lease, *sources_.find(one.lease)->second);
  }
  choose_reading();
}

void SourceSet::forget() {
  turn_.cancel();
  silence_.clear();
  standbys_.clear();
  sources_.clear();
}

}  // namespace lb
