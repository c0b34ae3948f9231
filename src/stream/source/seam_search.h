// SeamSearch: finds where a new writer's bytes continue those of a log.
//
// If a key is given, by content: the last bytes of the log are searched for in the new writer's,
// also only their end at its start; if found exactly once, the stream goes on behind them to the
// byte, even within a unit.  This joins servers without addresses (stock Icecast) that relay one
// stream.  Otherwise it goes on at the first unit.
//
// Thread: the mount's home worker.
// Ownership: the feed, until it is decided.
// Bounds: a key is searched for in 512 KiB and for half a second, a unit in 64 KiB.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "media/framer.h"

namespace lb {

struct SeamRecord;

class SeamSearch final : private MarkSink {
 public:
  enum class Found : std::uint8_t {
    kNothing,  // neither: the bytes follow unchanged
    kContent,  // bytes() follow the log's last byte
    kUnit,     // bytes() begin with a unit
  };

  // key: empty: search for a unit.
  SeamSearch(const FramerPlugin& plugin, Bytes key, SteadyTime now);

  // Of a hand-over: held bytes follow by take().
  SeamSearch(const FramerPlugin& plugin, const SeamRecord& saved);
  SeamRecord save() const;

  // The longest time that a key may delay bytes.
  static constexpr std::chrono::milliseconds kKeyMayCome{500};

  bool has_key() const noexcept { return !key_.empty(); }
  // This number of the next bytes were received earlier: the key may still follow them.
  void known(std::size_t bytes) noexcept { known_ = bytes; }
  // The new writer has ended: no more bytes come.
  void no_more() noexcept { no_more_ = true; }
  // True: decided.
  bool take(std::span<const std::byte> audio, SteadyTime now);
  Found found() const noexcept { return found_; }
  std::span<const std::byte> bytes() const noexcept {
    return std::span<const std::byte>(held_).subspan(from_);
  }
  // The bytes before bytes().
  std::span<const std::byte> passed() const noexcept {
    return std::span<const std::byte>(held_).first(from_);
  }

 private:
  void sync(std::uint64_t position, UnitTime) override { note(position); }
  void clock(std::uint64_t, unsigned) override {}
  void start(std::uint64_t position) override { note(position); }
  void headers(std::uint64_t, Bytes) override {}
  void metadata(std::uint64_t, Metadata) override {}
  void codec(const CodecFacts&) override {}
  void note(std::uint64_t position) {
    if (!unit_) unit_ = static_cast<std::size_t>(position);
  }
  void search_key();
  void match_beginning();

  std::unique_ptr<Framer> framer_;
  Bytes held_, key_;
  const SteadyTime since_;
  std::size_t known_ = 0;
  std::size_t searched_ = 0;    // of held_, for the key
  unsigned hits_ = 0;           // of the key
  std::size_t behind_key_ = 0;  // of the first hit
  bool beginning_matched_ = false;
  bool no_more_ = false;
  std::optional<std::size_t> unit_;  // the first one
  Found found_ = Found::kNothing;
  std::size_t from_ = 0;
};

}  // namespace lb
