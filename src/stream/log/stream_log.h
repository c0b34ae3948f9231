// StreamLog: the writer's side of a stream: appends, marks, trims, publishes.
//
// Thread: the home worker of the mount's present source (the holder of the WriterLease).
// Ownership: the lease; between two sources, the mount.
// Positions never restart in a mount's life, so a listener's cursor survives a change of source.
// Bounds: the window reaches back to the slowest listener, at least the burst and the wanted time
// of arrival, at most queue-size (doc/decisions.md A10); a window of media time reaches back so
// far, at most 64 KiB for each second.  A segment has about two seconds, 16 to 256 KiB.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/record.h"
#include "base/result.h"
#include "media/framer.h"
#include "stream/log/stream_view.h"
#include "stream/log/title_place.h"

namespace lb {

// CatchUp: how far a mount's window exceeds queue-size after a pause.
//
// After a pause (the server was suspended, the encoder's line was cut) all delayed bytes arrive at
// once, faster than listeners can be sent them.  These listeners have not fallen behind, so bytes
// that arrive within a second after a pause stay in the window ten seconds longer.
class CatchUp {
 public:
  void received(std::size_t bytes, SteadyTime now) noexcept {
    if (last_ != SteadyTime{} && now - last_ >= kPause) {
      began_ = now;
      bytes_ = 0;
    }
    last_ = now;
    if (began_ != SteadyTime{} && now - began_ < kArrives)
      bytes_ = std::min(bytes_ + bytes, kMaxBytes);
  }
  // Bytes beyond queue-size, when the last bytes were received.
  std::size_t extra() const noexcept { return last_ - began_ < kStays ? bytes_ : 0; }
  // Bytes that a listener may be behind because of the pause.  It ends before extra() does, so that
  // a listener that skips finds the rest of its unit in the window.
  std::size_t forgiven() const noexcept { return last_ - began_ < kForgiven ? bytes_ : 0; }

  static constexpr std::chrono::seconds kPause{1}, kArrives{1}, kForgiven{5}, kStays{10};
  // A stream of 4 Mbit/s that waited for 16 s; the kernel keeps less for one socket.
  static constexpr std::size_t kMaxBytes = 8 << 20;

  template <class Io, RecordOf<CatchUp> T>
  friend void record_fields(Io& io, T& pause) {
    io(1, pause.last_, pause.began_, pause.bytes_);
  }

 private:
  SteadyTime last_{};   // epoch: nothing has come
  SteadyTime began_{};  // epoch: there was no pause
  std::size_t bytes_ = 0;
};

struct LogWindow {
  std::size_t burst_bytes = 65536;
  std::size_t queue_bytes = 512000;
  std::chrono::milliseconds media{0};  // as long as this media time, whatever its bytes (HLS)
  // Bytes that arrived within this time, for servers that ask for them when their own upstream is
  // lost or silent.
  std::chrono::milliseconds arrived{0};
  // `media` is before this position if it is within `media` of the end, as where a list of HLS
  // follows behind a source that sends ahead.
  std::uint64_t media_end = 0;
};

class StreamLog final : public MarkSink {
 public:
  static Result<std::unique_ptr<StreamLog>> create(const std::string& name);
  // Saves everything for a hand-over except the bytes, which stay in the file.
  void save(RecordOut& out) const;
  int file() const noexcept { return store_->fd(); }
  // The titles that listeners may have been sent, in the same order before and after a hand-over.
  std::vector<std::shared_ptr<const Metadata>> titles() const;
  // A log that goes on with another process's record.  Nothing is published yet.  Error: the record
  // contradicts itself or the file.
  static Result<std::unique_ptr<StreamLog>> restore(RecordIn& in, UniqueFd file);
  // A stream that is over, to be saved: its last view.  Nothing is written to it.
  static std::unique_ptr<StreamLog> of_view(const StreamView& view);

  // Space at the head, at least one byte, at most to the end of the segment; recv() writes there.
  Result<std::span<std::byte>> room(SteadyTime now);
  // The first n bytes of room() are written.  Not visible until published.
  void commit(std::size_t n) noexcept {
    head_ += n;
    if (n > 0) catch_up_.received(n, room_at_);
  }
  Result<void> append(std::span<const std::byte> bytes, SteadyTime now);
  std::uint64_t head() const noexcept { return head_; }

  // MarkSink; positions as the framer gives them. codec() keeps the facts for the source.
  void sync(std::uint64_t position, UnitTime time) override;
  void inner(std::uint64_t position, UnitTime time) override;
  void start(std::uint64_t position) override {
    sync_.push({position, {std::max(last_time_.samples, inner_samples_), last_time_.second}, true});
  }
  void time(std::uint64_t samples) override { newest_samples_ = samples; }
  void clock(std::uint64_t position, unsigned rate_hz) override;
  void headers(std::uint64_t position, Bytes bytes) override;
  void metadata(std::uint64_t position, Metadata metadata) override;
  // The place of a title that comes now.
  TitlePlace place_of_title(std::uint64_t position) const;
  // A title with a known place.
  void placed_metadata(std::uint64_t position, Metadata metadata, const TitlePlace& place);
  void codec(const CodecFacts& facts) override;
  void picture(StreamPicture picture) override { new_picture_ = std::move(picture); }
  // What a framer found since the last call; null: nothing new.
  std::shared_ptr<const Metadata> take_new_metadata() { return std::move(new_metadata_); }
  // The place of the newest metadata.
  const TitlePlace& title_place() const noexcept { return title_place_; }
  std::shared_ptr<const CodecFacts> take_new_codec() { return std::move(new_codec_); }
  // Empty: nothing new.
  StreamPicture take_new_picture() { return std::exchange(new_picture_, {}); }

  // Drops bytes behind `at`, which were never visible and are overwritten: the start of a unit that
  // its source did not finish.  REQUIRES: last published end <= at <= head()
  void cut(std::uint64_t at);
  // A new source begins to write at `at`; bytes behind it are cut. span: facts about its bytes; its
  // own `begin` is ignored.
  void begin_source(std::uint64_t at, StreamSpan span = {});
  // The same stream goes on at head(), even within a unit, with its upstream's present facts.
  void resume_source(const StreamSpan& span);
  // The span of the stream being written; REQUIRES: a source has begun.
  const StreamSpan& span() const noexcept { return spans_.back(); }
  bool has_span() const noexcept { return !spans_.empty(); }
  // Whether this node has given the present span its address; note_entry(): it has.
  bool enters_here() const noexcept {
    return has_span() && span().has_address() && span().id == entered_;
  }
  void note_entry() noexcept {
    if (has_span()) entered_ = span().id;
  }
  // From the next mark on the bytes have another address; `span` has it for the head.
  void change_address(StreamSpan span);
  // The writer ends with a unit: the changed address counts at the head, without another mark.
  void take_address(UnitTime time) { begin_address(head_, time); }
  // From `position` on the bytes have another address.  REQUIRES: not before the present span
  void new_span(std::uint64_t position, StreamSpan span);
  // A writer goes on here; its first byte is not known yet.
  void note_seam(std::uint64_t at) noexcept { seam_ = at; }
  // The last written bytes, published or not; fewer if the log has no more.
  Bytes bytes_before_head(std::size_t bytes) const;
  // The numbers of a stream that enters here and follows the log's earlier streams; in an empty
  // log those behind the recorded ones.
  SegmentNumbers next_numbers(std::int64_t wall_ms, std::uint32_t cut_ms,
                              const std::optional<SegmentNumbers>& recorded = {}) const noexcept;
  // Compares the clock of a stream that enters at this node with the time of day, once a second:
  // the time is set after three seconds, in which an encoder sends its lead; a drift of over half a
  // second that lasts five seconds is corrected.  Call it for each piece of bytes.
  void keep_wall(SteadyTime now, std::int64_t wall_ms);
  // Makes [.., visible_end) readable and releases bytes that have left the window.
  std::shared_ptr<const StreamView> publish(std::uint64_t visible_end, const LogWindow& window,
                                            std::uint64_t low_water, bool ended);
  // The last published view, for readers of a restored log; it frees no bytes.
  std::shared_ptr<const StreamView> last_view() const { return view_to(visible_end_, false); }
  // By the last whole second or more; 0 until known.
  std::uint64_t bytes_per_second() const noexcept { return rate_; }
  // The median of the last three whole seconds, so that one of them does not mislead: the first has
  // an encoder's lead, an upstream's burst or only headers, another may have the end of a stall. 0
  // until two of this source are known.
  std::uint64_t usual_bytes_per_second() const noexcept;

 private:
  // Limits titles and headers in the window, because a hostile source could fill the memory and
  // delay its worker.
  static constexpr std::uint64_t kMaxEvents = 256;
  static constexpr std::int64_t kNoEpoch = std::numeric_limits<std::int64_t>::max();

  explicit StreamLog(std::shared_ptr<Store> store);
  template <class Io, class Self>
  static void fields(Io& io, Self& self);
  Result<void> map_segments(const std::vector<std::uint64_t>& sizes, std::uint64_t at);
  std::shared_ptr<const StreamView> view_to(std::uint64_t end, bool ended) const;
  void measure_rate(SteadyTime now);
  // samples: media time of its first unit.  after: see WallSeams.
  void begin_span(StreamSpan span, std::uint64_t samples, std::optional<std::int64_t> after);
  UnitTime time_before(std::uint64_t at) const;
  // When the last unit before `end` has sounded; nullopt: it has no time.
  std::optional<std::int64_t> wall_of_end(std::uint64_t end) const;
  void begin_address(std::uint64_t position, UnitTime time);
  void begin_epoch(std::uint64_t position, UnitTime time);
  void choose_segment_size(SteadyTime now);
  Result<void> next_segment(SteadyTime now);
  void trim(std::uint64_t end, const LogWindow& window, std::uint64_t low_water);
  void punch_unread();
  void note_second(std::uint64_t position, UnitTime time);
  std::uint64_t keep_media(std::uint64_t end, const LogWindow& window);
  std::uint64_t keep_arrived(std::uint64_t end, std::chrono::milliseconds window) const;

  std::shared_ptr<Store> store_;
  std::shared_ptr<const SegmentTable> segments_;
  std::shared_ptr<Segment> current_;
  std::uint64_t punched_ = 0;  // the memory before it is freed
  // Of the present views, and older ones that some view may still have, oldest first.
  std::shared_ptr<const std::uint64_t> pin_ = std::make_shared<const std::uint64_t>(0);
  std::vector<std::weak_ptr<const std::uint64_t>> pins_;
  AppendLog<SyncMark> sync_, inner_;
  AppendLog<StreamEvent> events_;
  AppendLog<StreamSpan> spans_;
  WallSeams wall_seams_;
  UnitTime last_time_;                // of the newest mark
  std::uint64_t inner_samples_ = 0;   // of the newest inner one
  std::uint64_t newest_samples_ = 0;  // of the newest unit from a framer
  // The second-marks of the window of media time, with their time since the first.
  struct Second {
    std::uint64_t position = 0;
    std::int64_t ms = 0;

    template <class Io, RecordOf<Second> T>
    friend void record_fields(Io& io, T& second) {
      io(1, second.position, second.ms);
    }
  };
  std::deque<Second> seconds_kept_;
  std::optional<StreamSpan> next_address_;    // for the head at that time
  std::optional<std::int64_t> new_epoch_ms_;  // the next second-mark begins a span with this clock
  StreamIdentity entered_{};                  // of the newest span that entered here
  SteadyTime source_since_{}, wall_checked_{};
  std::int64_t earliest_epoch_ms_ = kNoEpoch;  // by the time of day, since the last comparison
  unsigned seconds_off_ = 0;                   // times in a row that the clock was wrong
  std::uint64_t last_event_ = 0;               // positions of events never decrease
  std::shared_ptr<const Bytes> base_headers_;
  std::shared_ptr<const Metadata> base_metadata_;
  std::shared_ptr<const Metadata> new_metadata_;
  TitlePlace title_place_;
  // The newest headers and title of a flood that has no room: the headers take effect when older
  // ones have left the window, the title at once.
  std::shared_ptr<const Bytes> late_headers_;
  std::shared_ptr<const Metadata> late_metadata_;
  std::uint64_t late_at_ = 0;
  std::shared_ptr<const CodecFacts> new_codec_;
  StreamPicture new_picture_;
  std::uint64_t begin_ = 0, head_ = 0, seam_ = 0;
  std::uint64_t visible_end_ = 0;  // of the last view
  std::uint64_t rate_ = 0;         // bytes per second
  std::uint64_t rate_head_ = 0;    // where the present measurement began
  SteadyTime rate_since_{};
  std::array<std::uint64_t, 3> seconds_{};  // of the present source, a ring
  unsigned seconds_seen_ = 0;
  std::size_t segment_bytes_ = 32768;
  SteadyTime segment_since_{};
  SteadyTime room_at_{}, begun_at_{};  // begun_at_: of the present source
  CatchUp catch_up_;
};

}  // namespace lb
