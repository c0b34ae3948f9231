#include "stream/source/source.h"

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/log.h"

namespace lb {
namespace {

// Limits how long a fast source keeps the worker from its listeners.
constexpr int kReadsAWake = 4;

// The time over which <limit-rate> is averaged, because an encoder begins with a lead.
constexpr double kLimitWindow = 10;
// A held source is read in pieces of at least this size.
constexpr double kLeastRead = 1024;

double bytes_per_second(const MountSettings& settings) {
  return static_cast<double>(settings.limit_rate) / 8;
}

}  // namespace

Source::Source(SourceHost& host, SourceOffer offer, WriterLease lease,
               std::shared_ptr<const SourceFacts> facts)
    : host_(host),
      offer_(std::move(offer)),
      feed_(host, std::move(offer_.body), offer_.metaint, std::move(lease), facts, offer_.place),
      started_(host.loop().now()),
      last_data_(started_),
      heard_(host.loop().awake()),
      timeout_(host.loop(), [this] { on_timeout(); }),
      resume_(host.loop(), [this] { resume(); }),
      relayed_(facts->relayed),
      allowed_(bytes_per_second(*feed_.mount().settings()) * kLimitWindow),
      allowed_at_(started_) {}

void Source::start() {
  feed_.lease().mount->note_data(started_);
  const auto settings = feed_.mount().settings();
  const auto state = std::move(offer_.state);
  if (state) {
    bytes_before_ = state->bytes_read;
    started_ = state->connected;
    last_data_ = state->last_data;
    heard_ = last_data_ - host_.loop().away();
    auto entered = relayed_ ? feed_.enter_spare(std::move(*state)) : feed_.enter(std::move(*state));
    if (!entered) {
      finish_with(EndReason::kIo, entered.error().what);
      return;
    }
    feed_.publish();
  } else if (settings->standby_places() > 0 && !relayed_) {
    feed_.keep_ring();
  }
  auto first = std::min(settings->source_timeout, kSourceTimesPoll);
  if (!relayed_ && settings->max_stream_duration.count() > 0)
    first = std::min(first, settings->max_stream_duration);
  timeout_.after(first);
  watch(true);
  if (!offer_.leftover.empty()) {
    std::string early = std::move(offer_.leftover);
    offer_.leftover.clear();
    if (!went_on(feed_.take(std::as_writable_bytes(std::span(early))))) return;
    feed_.publish();
  }
  if (offer_.transport->buffered() > 0) on_readable(EV_READ);
}

void Source::watch(bool on) {
  watched_ = on;
  if (on && !held_)
    watch_.start<&Source::on_readable>(host_.loop(), offer_.transport->fd(), EV_READ, this);
  else
    watch_.stop();
}

void Source::on_readable(short) {
  if (!held_) read_on(true);
}

void Source::drain() { read_on(false); }

std::size_t Source::allowance(const MountSettings& settings) {
  const double rate = bytes_per_second(settings);
  const SteadyTime now = host_.loop().now();
  allowed_ += rate * std::chrono::duration<double>(now - allowed_at_).count();
  allowed_ = std::min(allowed_, rate * kLimitWindow);
  allowed_at_ = now;
  return allowed_ > 0 ? static_cast<std::size_t>(std::max(allowed_, kLeastRead)) : 0;
}

void Source::hold(const MountSettings& settings) {
  held_ = true;
  has_more_ = false;  // the host must not call again now
  watch_.stop();
  const double seconds = std::max(0.05, -allowed_ / bytes_per_second(settings));
  resume_.after(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
  if (std::exchange(hold_logged_, true)) return;
  host_.log().warn("source/source", cat({"mount ", feed_.mount().name(),
                                         ": its source sends more than ", settings.limit_rate,
                                         " bit/s (limit-rate); it is read no faster than that"}));
}

void Source::resume() {
  held_ = false;
  last_data_ = host_.loop().now();  // this server caused the silence
  heard_ = host_.loop().awake();
  if (watched_) watch(true);
  on_readable(EV_READ);
}

void Source::read_on(bool limited) {
  if (ended_) return;
  has_more_ = true;
  bool any = false;
  const auto settings = feed_.mount().settings();
  limited = limited && is_limited(*settings);
  // Bytes buffered in the transport do not make the socket readable.
  for (int i = 0; i < kReadsAWake || offer_.transport->buffered() > 0; ++i) {
    const auto free = feed_.room();
    if (!free) {
      finish_with(EndReason::kIo, free.error().what);
      return;
    }
    std::span<std::byte> room = *free;
    if (limited) {
      const std::size_t allowed = allowance(*settings);
      if (allowed == 0) {
        hold(*settings);
        break;
      }
      room = room.first(std::min(allowed, room.size()));
    }
    const IoResult result = offer_.transport->read(room);
    if (result.status == IoStatus::kAgain) {
      has_more_ = false;
      break;
    }
    if (result.status != IoStatus::kDone) {
      finish(result.status == IoStatus::kEof ? closed_by_peer() : EndReason::kClientGone);
      return;
    }
    any = true;
    allowed_ -= static_cast<double>(result.bytes);
    const SteadyTime noted = feed_.mount().last_data();
    const auto taken = feed_.received(result.bytes);
    // Extensions of chunks, and what follows the last one, are no data.
    if (feed_.mount().last_data() != noted) {
      last_data_ = host_.loop().now();
      heard_ = host_.loop().awake();
    }
    if (!went_on(taken)) return;
    const bool emptied = result.bytes < room.size() && room.size() > 4096;
    if (emptied && offer_.transport->buffered() == 0) {
      has_more_ = false;
      break;
    }
  }
  // A view like the last one would wake all loops with listeners.
  if (any) feed_.publish();
}

// An upstream that sends addresses ends its answer at the end of the span.
EndReason Source::closed_by_peer() const noexcept {
  return relayed_ && offer_.place && feed_.bytes_read() > 0 ? EndReason::kSpan
                                                            : EndReason::kClientGone;
}

bool Source::went_on(const Result<bool>& taken) {
  if (taken && *taken) return true;
  if (taken)
    finish(closed_by_peer() == EndReason::kSpan ? EndReason::kSpan : EndReason::kDone);
  else
    finish_with(taken.error().code == Error::Code::kIo ? EndReason::kIo : EndReason::kClientGone,
                taken.error().what);
  return false;
}

void Source::on_timeout() {
  if (ended_) return;
  const auto settings = feed_.mount().settings();
  const auto limit = settings->source_timeout;
  const auto longest = relayed_ ? std::chrono::seconds(0) : settings->max_stream_duration;
  const auto streamed = host_.loop().now() - started_;
  if (longest.count() > 0 && streamed >= longest) {
    host_.log().info("source/source",
                     cat({"mount ", feed_.mount().name(), ": its source has sent for ",
                          longest.count(), "s (max-stream-duration), ended"}));
    finish(EndReason::kLimit);
    return;
  }
  // Bytes waiting in the socket arrived in time and have only not been read yet.
  if (!held_ && silent() >= limit) read_now();
  if (ended_) return;
  const auto silence = held_ ? SteadyTime::duration(0) : silent();
  if (silence < limit) {
    SteadyTime::duration next = std::min<SteadyTime::duration>(limit - silence, kSourceTimesPoll);
    if (longest.count() > 0) next = std::min<SteadyTime::duration>(next, longest - streamed);
    timeout_.after(std::chrono::ceil<std::chrono::microseconds>(next));
    return;
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence).count();
  finish_with(EndReason::kTimeout,
              cat({"source silent ", seconds, "s (limit ", limit.count(), "s), ended"}));
}

void Source::finish_with(EndReason reason, std::string_view why) {
  host_.log().warn("source/source", cat({"mount ", feed_.mount().name(), ": ", why}));
  finish(reason);
}

SourceOffer Source::step_back() {
  ended_ = true;
  watch_.stop();
  timeout_.cancel();
  resume_.cancel();
  feed_.publish();
  offer_.state = feed_.take_state();
  offer_.state->connected = started_;
  offer_.state->last_data = heard_ + host_.loop().away();
  offer_.state->bytes_read = bytes_read();
  return std::move(offer_);
}

void Source::finish(EndReason reason) {
  ended_ = true;
  watch_.stop();
  timeout_.cancel();
  resume_.cancel();
  if (reason == EndReason::kSpan) feed_.span_ended();
  feed_.publish();
  host_.source_ended(*this, reason);  // deletes this
}

}  // namespace lb
