#include "stream/source/standby_source.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/cat.h"
#include "base/log.h"

namespace lb {
namespace {

// Limits how long a fast encoder keeps the worker from its listeners.
constexpr int kStandbyReads = 4;

std::unique_ptr<SourceState> first_state(SourceOffer& offer, const MountSettings& settings,
                                         const SourceFacts& facts, SteadyTime now) {
  if (offer.state) return std::move(offer.state);
  auto state = std::make_unique<SourceState>();
  state->body = std::move(offer.body);
  if (offer.metaint > 0 && facts.plugin->icy_metadata) state->titles.emplace(offer.metaint);
  const auto silence = offer.silence.count() > 0 ? offer.silence : settings.takeover_after;
  state->ring = std::make_unique<SourceRing>(*facts.plugin, silence + SourceRing::kSpare);
  state->connected = state->last_data = now;
  return state;
}

}  // namespace

StandbySource::StandbySource(FeedHost& worker, StandbyHost& host, SourceOffer offer,
                             std::uint64_t id, std::shared_ptr<Mount> mount,
                             const SourceFacts& facts)
    : worker_(worker),
      host_(host),
      offer_(std::move(offer)),
      id_(id),
      mount_(std::move(mount)),
      state_(first_state(offer_, *mount_->settings(), facts, worker.loop().now())),
      heard_(state_->last_data - worker.loop().away()),
      timeout_(worker.loop(), [this] { on_timeout(); }) {}

void StandbySource::start() {
  const auto settings = mount_->settings();
  timeout_.after(
      std::min<std::chrono::milliseconds>(settings->takeover_after, settings->source_timeout));
  watch_.start<&StandbySource::on_readable>(worker_.loop(), offer_.transport->fd(), EV_READ, this);
  if (!offer_.leftover.empty()) {
    std::string early = std::move(offer_.leftover);
    offer_.leftover.clear();
    if (!put(std::as_writable_bytes(std::span(early)))) return;
  }
  if (offer_.transport->buffered() > 0) on_readable(EV_READ);
}

void StandbySource::on_readable(short) {
  if (ended_) return;
  // Bytes buffered in the transport do not make the socket readable.
  for (int i = 0; i < kStandbyReads || offer_.transport->buffered() > 0; ++i) {
    const std::span<std::byte> room = worker_.scratch();
    const IoResult result = offer_.transport->read(room);
    if (result.status == IoStatus::kAgain) return;
    if (result.status != IoStatus::kDone) {
      // An upstream that sends addresses ends its answer at the end of the span.
      finish(offer_.place && result.status == IoStatus::kEof ? EndReason::kSpan
                                                             : EndReason::kClientGone);
      return;
    }
    state_->last_data = worker_.loop().now();
    heard_ = worker_.loop().awake();
    if (!put(room.first(result.bytes))) return;
    if (result.bytes < room.size() && offer_.transport->buffered() == 0) return;
  }
}

bool StandbySource::put(std::span<std::byte> received) {
  state_->bytes_read += received.size();
  worker_.count_received(received.size());
  const auto payload = state_->body.take(received);
  if (!payload) {
    finish_with(EndReason::kClientGone, payload.error().what);
    return false;
  }
  std::span<std::byte> audio = received.first(payload->bytes);
  if (state_->titles) {
    const auto on_block = [this](std::string_view text, std::size_t) {
      const auto icy = parse_icy_text(text);
      bad_icy_ = bad_icy_ || !icy;
      if (!icy) return;
      state_->ring->set_title(
          make_icy_metadata(icy->title, icy->url, "", mount_->settings()->charset, icy->others),
          offer_.place ? parse_title_place(icy->place) : std::nullopt);
    };
    audio = audio.first(state_->titles->take(audio, on_block));
  }
  if (bad_icy_) {
    finish_with(EndReason::kClientGone, "Incorrect metadata format, ending stream");
    return false;
  }
  state_->ring->put(audio, worker_.loop().now());
  hear(audio);
  if (payload->ended) {
    finish(offer_.place ? EndReason::kSpan : EndReason::kDone);
    return false;
  }
  if (!flows_ && state_->ring->in_step()) {
    flows_ = true;
    host_.standby_flows(*this, true);
  }
  return true;
}

void StandbySource::let_hear(UniqueFd pipe) {
  hearing_ = std::move(pipe);
  // The newest unit, because no byte has arrived as late as that.
  const auto entry = state_->ring->entry(SteadyTime::max());
  hear(entry.bytes);
}

// A decoder would hear noise after missing bytes, so a partial write ends the check.
void StandbySource::hear(std::span<const std::byte> audio) {
  if (!hearing_ || audio.empty()) return;
  const ssize_t n = ::write(hearing_.get(), audio.data(), audio.size());
  if (n != static_cast<ssize_t>(audio.size())) hearing_.reset();
}

void StandbySource::on_timeout() {
  if (ended_) return;
  const auto settings = mount_->settings();
  const SteadyTime::duration limit = settings->source_timeout;
  const SteadyTime::duration quiet = settings->takeover_after;
  // Bytes waiting in the socket arrived in time and have only not been read yet.
  if (silent() >= std::min(limit, quiet)) on_readable(EV_READ);
  if (ended_) return;
  const auto silence = silent();
  if (silence >= limit) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silence).count();
    finish_with(EndReason::kTimeout, cat({"source silent ", seconds, "s, ended"}));
    return;
  }
  if (flows_ && silence >= quiet) {
    flows_ = false;
    host_.standby_flows(*this, false);
  }
  const auto next = std::min<SteadyTime::duration>(
      kSourceTimesPoll, silence < quiet ? std::min(quiet, limit) - silence : limit - silence);
  timeout_.after(std::chrono::ceil<std::chrono::microseconds>(next));
}

SourceOffer StandbySource::take_offer() {
  ended_ = true;
  watch_.stop();
  timeout_.cancel();
  offer_.state = std::move(state_);
  return std::move(offer_);
}

void StandbySource::finish_with(EndReason reason, std::string_view why) {
  worker_.log().warn("source/source", cat({"mount ", mount_->name(), ", standby: ", why}));
  finish(reason);
}

void StandbySource::finish(EndReason reason) {
  ended_ = true;
  watch_.stop();
  timeout_.cancel();
  host_.standby_ended(*this, reason);  // deletes this
}

}  // namespace lb
