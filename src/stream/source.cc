#include "stream/source.h"

#include <cstring>
#include <utility>

#include "http/access_line.h"

namespace lb {
namespace {

// So that a source that sends as fast as it can leaves the worker to its listeners.
constexpr int kReadsAWake = 4;

}  // namespace

Source::Source(SourceHost& host, SourceOffer offer, WriterLease lease, std::shared_ptr<const SourceFacts> facts)
    : host_(host),
      offer_(std::move(offer)),
      lease_(std::move(lease)),
      facts_(std::move(facts)),
      framer_(facts_->plugin->make(lease_.log->head())),
      started_(host.loop().now()),
      last_data_(started_),
      timeout_(host.loop(), [this] { on_timeout(); }) {
  if (facts_->plugin->make_rewriter != nullptr) rewriter_ = facts_->plugin->make_rewriter();
  // Icecast reads inline titles in formats that have them; in Ogg the header means nothing.
  if (offer_.metaint > 0 && facts_->plugin->icy_metadata) deinterleaver_.emplace(offer_.metaint);
  lease_.log->begin_source();
}

Source::~Source() = default;

void Source::start() {
  timeout_.after(lease_.mount->settings()->source_timeout);
  watch_.start<&Source::on_readable>(host_.loop(), offer_.transport->fd(), EV_READ, this);
  publish(false);
  if (offer_.leftover.empty()) return;
  std::string early = std::move(offer_.leftover);
  offer_.leftover.clear();
  if (take(std::as_writable_bytes(std::span(early)), false)) publish(false);
}

void Source::on_readable(short) {
  for (int i = 0; i < kReadsAWake; ++i) {
    const SteadyTime now = host_.loop().now();
    std::span<std::byte> into;
    if (rewriter_) {
      into = host_.scratch();
    } else {
      auto room = lease_.log->room(now);
      if (!room) {
        finish_with(EndReason::kIo, room.error().what);
        return;
      }
      into = *room;
    }
    const IoResult result = offer_.transport->read(into);
    if (result.status == IoStatus::kAgain) break;
    if (result.status != IoStatus::kDone) {
      finish(EndReason::kClientGone);
      return;
    }
    last_data_ = now;
    if (!take(into.first(result.bytes), !rewriter_)) return;
    if (result.bytes < into.size() && into.size() > 4096) break;  // the socket is empty
  }
  publish(false);
}

bool Source::take(std::span<std::byte> received, bool in_place) {
  bytes_read_ += received.size();
  lease_.mount->bytes_read.fetch_add(received.size(), std::memory_order_relaxed);
  auto payload = offer_.body.take(received);
  if (!payload) {
    finish_with(EndReason::kClientGone, payload.error().what);
    return false;
  }
  std::span<std::byte> audio = received.first(payload->bytes);
  const std::uint64_t position = lease_.log->head();
  if (deinterleaver_) {
    const std::size_t n = deinterleaver_->take(
        audio, [&](std::string_view text, std::size_t at) { on_icy_block(text, position + at); });
    audio = audio.first(n);
  }
  if (bad_icy_) {
    finish_with(EndReason::kClientGone, "Incorrect metadata format, ending stream");
    return false;
  }
  if (rewriter_) {
    if (!put_through_rewriter(audio)) return false;
  } else {
    if (in_place) {
      lease_.log->commit(audio.size());
    } else if (auto put = lease_.log->append(audio, host_.loop().now()); !put) {
      finish_with(EndReason::kIo, put.error().what);
      return false;
    }
    framer_->consume(audio, *lease_.log);
  }
  if (payload->ended) {
    finish(EndReason::kDone);
    return false;
  }
  return true;
}

bool Source::put_through_rewriter(std::span<const std::byte> audio) {
  rewritten_.clear();
  rewriter_->rewrite(audio, rewritten_);
  if (auto put = lease_.log->append(rewritten_, host_.loop().now()); !put) {
    finish_with(EndReason::kIo, put.error().what);
    return false;
  }
  framer_->consume(rewritten_, *lease_.log);
  return true;
}

void Source::on_icy_block(std::string_view text, std::uint64_t position) {
  const auto icy = parse_icy_text(text);
  if (!icy) {
    bad_icy_ = true;
    return;
  }
  lease_.log->metadata(position, make_icy_metadata(icy->title, icy->url, "", lease_.mount->settings()->charset));
}

TitleResult Source::set_title(Metadata metadata) {
  if (facts_->plugin->icy_metadata) {
    lease_.log->metadata(lease_.log->head(), std::move(metadata));
  } else if (!rewriter_ || !rewriter_->set_title(metadata)) {
    return TitleResult::kRefused;
  }
  publish(false);
  return TitleResult::kDone;
}

void Source::publish(bool ended) {
  Mount& mount = *lease_.mount;
  const auto settings = mount.settings();
  const LogWindow window{settings->burst_bytes, settings->queue_bytes};
  auto view = lease_.log->publish(framer_->complete(), window, mount.channel().low_water(), ended);
  mount.bytes_per_second.store(lease_.log->bytes_per_second(), std::memory_order_relaxed);
  if (auto codec = lease_.log->take_new_codec()) mount.set_codec(std::move(codec));
  if (auto metadata = lease_.log->take_new_metadata()) {
    const auto before = mount.metadata();
    const bool changed = before->song() != metadata->song();
    mount.set_metadata(metadata);
    if (changed) {
      const std::int64_t listeners = mount.gate().inside();
      host_.log().info("source/source", "mount " + mount.name() + ": title is now \"" + metadata->song() + "\"");
      host_.log().playlist(clf_time(host_.loop().clock().wall()) + "|" + mount.name() + "|" + std::to_string(listeners) + "|" + metadata->song());
    }
  }
  host_.wake(mount.channel().publish(std::move(view)), lease_.mount);
}

void Source::on_timeout() {
  const auto limit = lease_.mount->settings()->source_timeout;
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
  host_.log().warn("source/source", "mount " + lease_.mount->name() + ": " + std::string(why));
  finish(reason);
}

void Source::finish(EndReason reason) {
  watch_.stop();
  timeout_.cancel();
  publish(true);
  host_.source_ended(*this, reason);  // deletes this
}

}  // namespace lb
