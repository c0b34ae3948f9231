#include "stream/source.h"

#include <utility>

namespace lb {
namespace {

// So that a source that sends as fast as it can leaves the worker to its listeners.
constexpr int kReadsAWake = 4;

}  // namespace

Source::Source(SourceHost& host, SourceOffer offer, WriterLease lease,
               std::shared_ptr<const SourceFacts> facts)
    : host_(host),
      offer_(std::move(offer)),
      feed_(host, std::move(offer_.body), offer_.metaint, std::move(lease), std::move(facts)),
      started_(host.loop().now()),
      last_data_(started_),
      timeout_(host.loop(), [this] { on_timeout(); }) {}

void Source::start() {
  timeout_.after(feed_.mount().settings()->source_timeout);
  watch_.start<&Source::on_readable>(host_.loop(), offer_.transport->fd(), EV_READ, this);
  if (!offer_.leftover.empty()) {
    std::string early = std::move(offer_.leftover);
    offer_.leftover.clear();
    if (!went_on(feed_.take(std::as_writable_bytes(std::span(early))))) return;
    feed_.publish();
  }
  if (offer_.transport->buffered() > 0) on_readable(EV_READ);
}

void Source::on_readable(short) {
  // What a transport has in hand makes no socket readable.
  for (int i = 0; i < kReadsAWake || offer_.transport->buffered() > 0; ++i) {
    const auto room = feed_.room();
    if (!room) {
      finish_with(EndReason::kIo, room.error().what);
      return;
    }
    const IoResult result = offer_.transport->read(*room);
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) {
      finish(EndReason::kClientGone);
      return;
    }
    last_data_ = host_.loop().now();
    if (!went_on(feed_.received(result.bytes))) return;
    const bool emptied = result.bytes < room->size() && room->size() > 4096;
    if (emptied && offer_.transport->buffered() == 0) break;
  }
  feed_.publish();
}

bool Source::went_on(const Result<bool>& taken) {
  if (taken && *taken) return true;
  if (taken)
    finish(EndReason::kDone);
  else
    finish_with(taken.error().code == Error::Code::kIo ? EndReason::kIo : EndReason::kClientGone,
                taken.error().what);
  return false;
}

void Source::on_timeout() {
  const auto limit = feed_.mount().settings()->source_timeout;
  const auto silent = host_.loop().now() - last_data_;
  if (silent < limit) {
    timeout_.after(std::chrono::ceil<std::chrono::microseconds>(limit - silent));
    return;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silent).count();
  finish_with(EndReason::kTimeout, "source silent " + std::to_string(seconds) + "s (limit " +
                                       std::to_string(limit.count()) + "s), ended");
}

void Source::finish_with(EndReason reason, std::string_view why) {
  host_.log().warn("source/source", "mount " + feed_.mount().name() + ": " + std::string(why));
  finish(reason);
}

void Source::finish(EndReason reason) {
  watch_.stop();
  timeout_.cancel();
  feed_.publish();
  host_.source_ended(*this, reason);  // deletes this
}

}  // namespace lb
