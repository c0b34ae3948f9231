#include "stream/listener/delivery.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

namespace lb {

const std::shared_ptr<const Metadata>& no_title() {
  static const auto kNoTitle = std::make_shared<const Metadata>(make_icy_metadata("", "", "", ""));
  return kNoTitle;
}

namespace {

constexpr std::size_t kMaxParts = 8;
constexpr std::string_view kUnchanged("\0", 1);  // a metadata block of length 0

iovec part_of(const void* data, std::size_t size) {
  iovec part{};
  part.iov_base = const_cast<void*>(data);
  part.iov_len = size;
  return part;
}

// Returns kDone once the preamble is sent.
IoResult send_preamble(Listener& listener, bool more) {
  Preamble& preamble = *listener.preamble;
  std::array<iovec, 2> parts{};
  std::size_t n = 0;
  if (preamble.sent < preamble.head.size())
    parts[n++] =
        part_of(preamble.head.data() + preamble.sent, preamble.head.size() - preamble.sent);
  if (preamble.headers) {
    const std::size_t skip =
        preamble.sent > preamble.head.size() ? preamble.sent - preamble.head.size() : 0;
    if (skip < preamble.headers->size())
      parts[n++] = part_of(preamble.headers->data() + skip, preamble.headers->size() - skip);
  }
  if (n == 0) {
    listener.preamble.reset();
    return {};
  }
  IoResult result = listener.transport->write_v({parts.data(), n}, more);
  if (result.status != IoStatus::kDone) return result;
  listener.bytes_sent += result.bytes;
  preamble.sent += result.bytes;
  if (preamble.sent < preamble.size()) return {IoStatus::kAgain, 0};
  listener.preamble.reset();
  return result;
}

// The metadata at a position; never null, never without a block.
std::shared_ptr<const Metadata> title_at(const StreamView& view, std::uint64_t position) {
  auto now = view.metadata_at(position);
  return now && !now->icy_block.empty() ? now : no_title();
}

// Servers that know addresses also get the address of the title.
std::string_view block_of(const Listener& listener, const Metadata& title) {
  const bool placed = listener.span_begin != Listener::kAnySpan && !title.placed_block.empty();
  return placed ? title.placed_block : title.icy_block;
}

// One writev of audio with metadata blocks between.
class IcyWrite {
 public:
  IcyWrite(Listener& listener, const StreamView& view, std::uint64_t limit, std::size_t budget)
      : listener_(listener) {
    const IcyPhase& icy = listener.icy;
    std::uint64_t position = listener.position;
    std::uint32_t until = icy.until_block;
    // The metadata that the player knows when it receives the next block.
    const Metadata* sent = icy.title_sent ? icy.shown.get() : nullptr;
    if (icy.block_sent > 0) {
      sent = icy.block.get();
      add_block(block_of(listener, *icy.block).substr(icy.block_sent), icy.block);
      until = icy.metaint;
    }
    while (count_ < kMaxParts && bytes_ < budget && position < limit) {
      if (until == 0) {
        const auto now = title_at(view, position);
        if (now.get() == sent) {
          add_block(kUnchanged, nullptr);
        } else {
          sent = now.get();
          add_block(block_of(listener, *now), now);
        }
        until = icy.metaint;
        continue;
      }
      const auto bytes = view.bytes_at(position);
      const std::size_t n = std::min<std::size_t>(
          {bytes.size(), until, static_cast<std::size_t>(limit - position), budget - bytes_});
      if (n == 0) break;
      parts_[count_] = part_of(bytes.data(), n);
      kinds_[count_++] = Kind::kAudio;
      bytes_ += n;
      position += n;
      until -= static_cast<std::uint32_t>(n);
    }
  }
  bool empty() const noexcept { return count_ == 0; }
  std::span<const iovec> parts() const noexcept { return {parts_.data(), count_}; }

  // Counts n sent bytes.
  void advance(std::size_t n) {
    IcyPhase& icy = listener_.icy;
    listener_.bytes_sent += n;
    for (std::size_t i = 0; i < count_ && n > 0; ++i) {
      const std::size_t size = parts_[i].iov_len;
      const std::size_t sent = std::min(n, size);
      n -= sent;
      if (kinds_[i] == Kind::kAudio) {
        listener_.position += sent;
        icy.until_block -= static_cast<std::uint32_t>(sent);
        continue;
      }
      if (sent < size) {
        icy.block = blocks_[i];
        icy.block_sent += static_cast<std::uint32_t>(sent);
        return;
      }
      if (blocks_[i]) icy.shown = blocks_[i];
      icy.title_sent = true;
      icy.block.reset();
      icy.block_sent = 0;
      icy.until_block = icy.metaint;
    }
  }

 private:
  enum class Kind : std::uint8_t { kAudio, kBlock };
  // metadata: null for kUnchanged.
  void add_block(std::string_view bytes, std::shared_ptr<const Metadata> metadata) {
    parts_[count_] = part_of(bytes.data(), bytes.size());
    kinds_[count_] = Kind::kBlock;
    blocks_[count_++] = std::move(metadata);
    bytes_ += bytes.size();
  }

  Listener& listener_;
  std::array<iovec, kMaxParts + 1> parts_{};
  std::array<Kind, kMaxParts + 1> kinds_{};
  std::array<std::shared_ptr<const Metadata>, kMaxParts + 1> blocks_{};
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
};

IoResult send_interleaved(Listener& listener, const StreamView& view, std::uint64_t limit,
                          std::size_t budget) {
  IcyWrite write(listener, view, limit, budget);
  if (write.empty()) return {IoStatus::kError, 0};
  const IoResult result = listener.transport->write_v(write.parts(), false);
  if (result.status == IoStatus::kDone) write.advance(result.bytes);
  return result;
}

IoResult send_plain(Listener& listener, const StreamView& view, std::uint64_t limit,
                    std::size_t budget, DeliveryCall call) {
  const std::size_t want = std::min(static_cast<std::size_t>(limit - listener.position), budget);
  const bool file = listener.transport->can_send_file() &&
                    (call == DeliveryCall::kSendfile ||
                     (call == DeliveryCall::kAuto && want >= Store::page_bytes()));
  IoResult result;
  if (file) result = listener.transport->send_file(view.store->fd(), listener.position, want);
  // If the kernel or a layer above it cannot send files, the bytes are sent by writev.
  const bool refused =
      file && result.status == IoStatus::kError && (errno == EINVAL || errno == ENOSYS);
  if (!file || refused) {
    std::array<iovec, kMaxParts> parts{};
    std::size_t count = 0, bytes = 0;
    while (count < parts.size() && bytes < want) {
      const auto mapped = view.bytes_at(listener.position + bytes);
      if (mapped.empty()) break;
      const std::size_t n = std::min(mapped.size(), want - bytes);
      parts[count++] = part_of(mapped.data(), n);
      bytes += n;
    }
    if (count == 0) return {IoStatus::kError, 0};
    result = listener.transport->write_v({parts.data(), count}, false);
  }
  if (result.status == IoStatus::kDone) {
    listener.position += result.bytes;
    listener.bytes_sent += result.bytes;
  }
  return result;
}

Delivered deliver_some(Listener& listener, const StreamView& view, std::size_t budget_bytes,
                       DeliveryCall call) {
  const std::uint64_t limit = std::max(listener.position, std::min(view.end, listener.leave_at()));
  std::size_t left = budget_bytes;
  for (;;) {
    IoResult result;
    if (listener.preamble) {
      result = send_preamble(listener, listener.position < limit);
    } else if (listener.position == limit) {
      result.status = listener.transport->flush();
      if (result.status == IoStatus::kDone) return Delivered::kCaughtUp;
    } else if (left == 0) {
      return Delivered::kMore;
    } else if (listener.icy.metaint > 0) {
      result = send_interleaved(listener, view, limit, left);
    } else {
      result = send_plain(listener, view, limit, left, call);
    }
    switch (result.status) {
      case IoStatus::kDone:
        left -= std::min(left, result.bytes);
        break;
      case IoStatus::kAgain:
        return Delivered::kBlocked;
      case IoStatus::kEof:
      case IoStatus::kError:
        return Delivered::kGone;
    }
  }
}

}  // namespace

Delivered deliver(Listener& listener, const StreamView& view, std::size_t budget_bytes,
                  DeliveryCall call) {
  const std::uint64_t before = listener.bytes_sent;
  const Delivered delivered = deliver_some(listener, view, budget_bytes, call);
  if (listener.hung_up != SteadyTime{} && listener.bytes_sent > before)
    ++listener.sent_since_hang_up;
  return delivered;
}

}  // namespace lb
