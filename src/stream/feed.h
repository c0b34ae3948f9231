// Feed: the way of one party's bytes into a mount: body framing → ICY blocks out → (rewriter) →
// framer → log → view.
//
// Bytes are received straight into the log's mapping and closed up in place.  A format whose titles
// need a rewritten stream (Ogg) goes through a buffer, and so do the first bytes of a feed that
// continues a mount: they are held until the first unit begins, so that listeners who are already
// there get nothing but whole units across the seam.
//
// Thread: the mount's home worker.  Ownership: the Source; it holds the write lease meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/log.h"
#include "http/body.h"
#include "media/framer.h"
#include "media/icy.h"
#include "net/loop.h"
#include "stream/mount.h"

namespace lb {

// What a feed needs from its worker.
class FeedHost {
 public:
  virtual ~FeedHost() = default;
  virtual Loop& loop() noexcept = 0;
  virtual Log& log() noexcept = 0;
  // A buffer of this worker, valid until the next call.
  virtual std::span<std::byte> scratch() noexcept = 0;
  virtual void wake(Channel::Loops loops, const std::shared_ptr<Mount>& mount) = 0;
  // So many more have come, over all its feeds.
  virtual void count_received(std::size_t) noexcept {}
};

enum class TitleResult : std::uint8_t { kDone, kRefused };

class Feed {
 public:
  // metaint: of the blocks inside this party's own stream; 0: none.
  Feed(FeedHost& host, BodyReader body, std::size_t metaint, WriterLease lease,
       std::shared_ptr<const SourceFacts> facts);
  ~Feed();
  Feed(const Feed&) = delete;
  Feed& operator=(const Feed&) = delete;

  // Where the next bytes may be received; at least one byte.
  Result<std::span<std::byte>> room();
  // The first n bytes of room() have been received.  True: the body goes on.  Not visible until
  // published.  An error says why the feed is over.
  Result<bool> received(std::size_t n);
  // Bytes that came by another way (with the head).
  Result<bool> take(std::span<std::byte> bytes) { return put(bytes, false); }
  TitleResult set_title(Metadata metadata);
  void publish();

  const WriterLease& lease() const noexcept { return lease_; }
  WriterLease take_lease() noexcept { return std::move(lease_); }
  const Mount& mount() const noexcept { return *lease_.mount; }
  std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  class SeamSearch;

  bool direct() const noexcept { return !rewriter_ && !search_; }
  Result<bool> put(std::span<std::byte> received, bool in_place);
  Result<void> put_audio(std::span<const std::byte> audio, bool in_place);
  Result<void> put_unit_aligned(std::span<const std::byte> audio, bool in_place);
  void on_icy_block(std::string_view text, std::uint64_t position);
  void say_title(const Metadata& metadata);

  FeedHost& host_;
  BodyReader body_;
  WriterLease lease_;
  std::shared_ptr<const SourceFacts> facts_;
  std::unique_ptr<Framer> framer_;
  std::unique_ptr<Rewriter> rewriter_;
  std::unique_ptr<SeamSearch> search_;  // null: the first unit has begun
  std::optional<IcyDeinterleaver> deinterleaver_;
  std::span<std::byte> room_;
  Bytes rewritten_;
  std::uint64_t bytes_read_ = 0;
  bool bad_icy_ = false;
};

}  // namespace lb
