// SourceRing: the newest bytes of one encoder, with their arrival times and marks: the first bytes
// for a mount that changes to this encoder.
//
// Thread: the worker of the encoder's connection.
// Ownership: its Feed while it writes the mount, otherwise its StandbySource; both put the
// encoder's own bytes into it, without changes for listeners.
// Bounds: kKept bytes, the wanted time, and back to an earlier newest mark; at most kMax.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "http/body.h"
#include "media/framer.h"
#include "media/icy.h"
#include "stream/log/title_place.h"

namespace lb {

class SourceRing final : private MarkSink {
 public:
  static constexpr std::size_t kKept = 64 * 1024, kMax = 2048 * 1024;
  // Added to the silence after which the mount changes over.
  static constexpr std::chrono::milliseconds kSpare{1000};

  explicit SourceRing(const FramerPlugin& plugin, std::chrono::milliseconds kept = {});

  // Takes bytes without body framing and ICY blocks.
  void put(std::span<const std::byte> audio, SteadyTime now);
  // A title from outside the bytes; in Ogg it holds for the present chain. place: from its
  // upstream.
  void set_title(Metadata title, std::optional<TitlePlace> place = {}) {
    title_ = std::move(title);
    title_place_ = std::move(place);
  }
  const std::optional<Metadata>& title() const noexcept { return title_; }
  const std::optional<TitlePlace>& title_place() const noexcept { return title_place_; }

  struct Entry {
    Bytes bytes;
    bool aligned = false;  // they begin where a decoder may start
  };
  // From the first unit that came at `since` or later, otherwise from the newest.
  Entry entry(SteadyTime since) const;
  // The held bytes; begin() is the number of the first.
  std::span<const std::byte> held() const noexcept { return bytes_; }
  std::uint64_t begin() const noexcept { return begin_; }
  std::uint64_t end() const noexcept { return end_; }
  void save(RecordOut& out) const;
  // REQUIRES: nothing has been put
  void restore(RecordIn& in);
  // A unit has begun, or the format has no units.
  bool in_step() const noexcept { return has_no_units_ ? end_ > 0 : in_step_; }

 private:
  struct Arrival {
    std::uint64_t position = 0;
    SteadyTime time{};

    template <class Io, RecordOf<Arrival> T>
    friend void record_fields(Io& io, T& arrival) {
      io(1, arrival.position, arrival.time);
    }
  };
  struct Mark {
    std::uint64_t position = 0;
    std::shared_ptr<const Bytes> headers;  // that a decoder needs first; null: none

    template <class Io, RecordOf<Mark> T>
    friend void record_fields(Io& io, T& mark) {
      io(1, mark.position, mark.headers);
    }
  };

  void sync(std::uint64_t position, UnitTime) override { marked({position, headers_}); }
  void start(std::uint64_t position) override { marked({position, nullptr}); }
  void clock(std::uint64_t, unsigned) override {}
  void headers(std::uint64_t, Bytes bytes) override {
    headers_ = std::make_shared<const Bytes>(std::move(bytes));
  }
  // From here on the stream has its own title.
  void metadata(std::uint64_t, Metadata) override { title_.reset(); }
  void codec(const CodecFacts&) override {}
  template <class Io, class Self>
  static void fields(Io& io, Self& self);
  void marked(Mark mark);
  SteadyTime arrival_of(std::uint64_t position) const;
  void trim(SteadyTime now);
  Entry from(std::uint64_t position, const std::shared_ptr<const Bytes>& headers) const;

  std::unique_ptr<Framer> framer_;
  const bool has_no_units_;
  const std::chrono::milliseconds kept_;
  Bytes bytes_;  // [begin_, end_)
  std::uint64_t begin_ = 0, end_ = 0;
  std::deque<Arrival> arrivals_;
  std::deque<Mark> marks_;
  std::shared_ptr<const Bytes> headers_;
  std::optional<Metadata> title_;
  std::optional<TitlePlace> title_place_;
  bool in_step_ = false;
};

// An encoder's connection between two bytes, kept when it begins to write the mount and when it
// steps back.
struct SourceState {
  BodyReader body;
  std::optional<IcyDeinterleaver> titles;
  std::unique_ptr<SourceRing> ring;
  SteadyTime connected{}, last_data{};
  std::uint64_t bytes_read = 0;
  // Of the mount, before it changes to this encoder.
  SteadyTime since{};    // the last byte
  std::size_t from = 0;  // of a relay: where in the ring the mount goes on
  std::shared_ptr<const Metadata> last_title;
};

}  // namespace lb
