// SeamSearch: where a new writer's bytes go on behind what a log holds.
//
// By content first, where a key is given: the last bytes of the log are searched for in what the
// new writer sends, or so much of their end as it begins with; found exactly once, the stream goes
// on behind them to the byte, even within a unit.  Servers that know no addresses (stock Icecast)
// and relay one stream are joined so.  Else at the first unit.
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
    kNothing,  // neither: the bytes follow as they came
    kContent,  // bytes() follow the log's last byte
    kUnit,     // bytes() begin with a unit
  };

  // key: empty: at a unit.
  SeamSearch(const FramerPlugin& plugin, Bytes key, SteadyTime now);

  // Of a hand-over: what was held follows by take().
  SeamSearch(const FramerPlugin& plugin, const SeamRecord& saved);
  SeamRecord save() const;

  // How long a key may keep the bytes waiting.
  static constexpr std::chrono::milliseconds kKeyMayCome{500};

  bool has_key() const noexcept { return !key_.empty(); }
  // So many bytes of what is taken next have come before now: the key may still follow them.
  void known(std::size_t bytes) noexcept { known_ = bytes; }
  // The new writer has sent all that it will: what has not come does not come.
  void no_more() noexcept { no_more_ = true; }
  // True: it is decided.
  bool take(std::span<const std::byte> audio, SteadyTime now);
  Found found() const noexcept { return found_; }
  std::span<const std::byte> bytes() const noexcept {
    return std::span<const std::byte>(held_).subspan(from_);
  }
  // What went before bytes().
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
