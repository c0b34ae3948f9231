// StreamLog: the writer's side of a stream: append, mark, trim, publish.
//
// Thread: the home worker of the mount's present source (the holder of the WriterLease).
// Ownership: the lease; between two sources, the mount.
// Positions never restart in a mount's life, so a listener's cursor survives a change of source.
// Bounds: the window reaches back to the slowest listener, at least the burst and what has arrived
// in the time that is wanted, at most queue-size (doc/decisions.md A10); with a window of media
// time it reaches back so far, at most 64 KiB for each second of it.  A segment holds about two
// seconds, 16 to 256 KiB.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
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

// CatchUp: by how much a mount's window reaches beyond queue-size after a pause.
//
// After a pause (the server was suspended, the encoder's line was cut) all that has waited arrives
// at once, faster than any listener can be sent it.  Those listeners have not fallen behind: so
// what arrives within a second after a pause stays in the window for ten seconds more.
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
  // Bytes beyond queue-size, at the time of the last ones received.
  std::size_t extra() const noexcept { return last_ - began_ < kStays ? bytes_ : 0; }

  static constexpr std::chrono::seconds kPause{1}, kArrives{1}, kStays{10};
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
  std::chrono::milliseconds media{0};  // so much media time, however many bytes it has (HLS)
  // What has come in so long, for servers that ask for it when their own upstream is lost or
  // silent.
  std::chrono::milliseconds arrived{0};
};

class StreamLog final : public MarkSink {
 public:
  static Result<std::unique_ptr<StreamLog>> create(const std::string& name);
  // Of a hand-over: all but the bytes, which lie at their positions in the file.
  void save(RecordOut& out) const;
  int file() const noexcept { return store_->fd(); }
  // Those that listeners may have been told, in one order before and behind a hand-over.
  std::vector<std::shared_ptr<const Metadata>> titles() const;
  // One that goes on where another process has saved it.  Nothing is published yet.
  // Error: what was saved does not fit to itself, or to the file.
  static Result<std::unique_ptr<StreamLog>> restore(RecordIn& in, UniqueFd file);
  // Of a stream that is over, to be saved: what its last view shows.  Nothing is written to it.
  static std::unique_ptr<StreamLog> of_view(const StreamView& view);

  // Room at the head, at least one byte, at most to the end of the segment; recv() writes there.
  Result<std::span<std::byte>> room(SteadyTime now);
  // The first n bytes of room() are written.  Not visible until published.
  void commit(std::size_t n) noexcept {
    head_ += n;
    if (n > 0) catch_up_.received(n, room_at_);
  }
  Result<void> append(std::span<const std::byte> bytes, SteadyTime now);
  std::uint64_t head() const noexcept { return head_; }

  // MarkSink; positions as the framer gives them.  codec() is kept for the source to fetch.
  void sync(std::uint64_t position, UnitTime time) override;
  void inner(std::uint64_t position, UnitTime time) override;
  void start(std::uint64_t position) override {
    sync_.push({position, {std::max(last_time_.samples, inner_samples_), last_time_.second}, true});
  }
  void time(std::uint64_t samples) override { newest_samples_ = samples; }
  void clock(std::uint64_t position, unsigned rate_hz) override;
  void headers(std::uint64_t position, Bytes bytes) override;
  void metadata(std::uint64_t position, Metadata metadata) override;
  // Where a title stands that comes now.
  TitlePlace place_of_title(std::uint64_t position) const;
  // Of a title whose place is known already.
  void placed_metadata(std::uint64_t position, Metadata metadata, const TitlePlace& place);
  void codec(const CodecFacts& facts) override;
  void picture(StreamPicture picture) override { new_picture_ = std::move(picture); }
  // The two facts that a framer found since the last call; null: nothing new.
  std::shared_ptr<const Metadata> take_new_metadata() { return std::move(new_metadata_); }
  // Of the newest metadata.
  const TitlePlace& title_place() const noexcept { return title_place_; }
  std::shared_ptr<const CodecFacts> take_new_codec() { return std::move(new_codec_); }
  // Without bytes: nothing new.
  StreamPicture take_new_picture() { return std::exchange(new_picture_, {}); }

  // What lies behind `at` was never visible, and is written over: the beginning of a unit that its
  // source did not finish.
  // REQUIRES: last published end <= at <= head()
  void cut(std::uint64_t at);
  // A new source begins to write at `at`; what lies behind it is cut.  span: what is known of its
  // bytes; its own `begin` does not matter.
  void begin_source(std::uint64_t at, StreamSpan span = {});
  // The same stream goes on at head(), even within a unit, with what its upstream says of it now.
  void resume_source(const StreamSpan& span);
  // Of the stream that is written now; REQUIRES: a source has begun.
  const StreamSpan& span() const noexcept { return spans_.back(); }
  bool has_span() const noexcept { return !spans_.empty(); }
  // From the next mark on the bytes have another address, which `span` tells of the head.
  void change_address(StreamSpan span);
  // From `position` on the bytes have another address.  REQUIRES: not before the present span
  void new_span(std::uint64_t position, StreamSpan span);
  // A writer goes on here, and it is not known yet with which byte.
  void note_seam(std::uint64_t at) noexcept { seam_ = at; }
  // The last bytes that were written, published or not; fewer where the log has no more.
  Bytes bytes_before_head(std::size_t bytes) const;
  // The numbers of a stream that enters here and follows what this log has held.
  SegmentNumbers next_numbers(std::int64_t wall_ms, std::uint32_t cut_ms) const noexcept;
  // Compares the clock of a stream that enters at this node with the time of day, once a second:
  // the time of its first seconds, in which an encoder sends its lead, is told after three; drift
  // of over half a second that lasts five is mended.
  void keep_wall(SteadyTime now, std::int64_t wall_ms);
  // Makes [.., visible_end) readable and releases what the window has passed.
  std::shared_ptr<const StreamView> publish(std::uint64_t visible_end, const LogWindow& window,
                                            std::uint64_t low_water, bool ended);
  // What the last publication has shown, for readers of a log that was restored: it gives back no
  // byte.
  std::shared_ptr<const StreamView> last_view() const { return view_to(visible_end_, false); }
  // Of the last whole second or more; 0 until known.
  std::uint64_t bytes_per_second() const noexcept { return rate_; }
  // The median of the last three whole seconds, for what must not be misled by one of them: the
  // first has an encoder's lead in it, or an upstream's burst; another the end of a hold-up.  0
  // until two of this source are known.
  std::uint64_t usual_bytes_per_second() const noexcept;

 private:
  explicit StreamLog(std::shared_ptr<Store> store);
  template <class Io, class Self>
  static void fields(Io& io, Self& self);
  Result<void> map_segments(const std::vector<std::uint64_t>& sizes, std::uint64_t at);
  std::shared_ptr<const StreamView> view_to(std::uint64_t end, bool ended) const;
  void measure_rate(SteadyTime now);
  // samples: media time of its first unit.  after: see WallSeams.
  void begin_span(StreamSpan span, std::uint64_t samples, std::optional<std::int64_t> after);
  // When the last unit before `end` has sounded; nullopt: it has no time.
  std::optional<std::int64_t> wall_of_end(std::uint64_t end) const;
  void begin_address(std::uint64_t position, UnitTime time);
  void begin_epoch(std::uint64_t position, UnitTime time);
  void choose_segment_size(SteadyTime now);
  Result<void> next_segment(SteadyTime now);
  void trim(std::uint64_t end, const LogWindow& window, std::uint64_t low_water);
  void punch_unread();
  void note_second(std::uint64_t position, UnitTime time);
  std::uint64_t keep_media(std::uint64_t end, std::chrono::milliseconds window);
  std::uint64_t keep_arrived(std::uint64_t end, std::chrono::milliseconds window) const;

  std::shared_ptr<Store> store_;
  std::shared_ptr<const SegmentTable> segments_;
  std::shared_ptr<Segment> current_;
  // Left the window, perhaps still named by a view; punched from the front when no view names it.
  struct Retired {
    std::weak_ptr<const Segment> segment;
    std::uint64_t begin = 0, end = 0;

    template <class Io, RecordOf<Retired> T>
    friend void record_fields(Io& io, T& range) {
      // No process but ours has its views any more.
      auto& [segment, begin, end] = range;
      static_cast<void>(segment);
      io(1, begin, end);
    }
  };
  std::deque<Retired> retired_;
  AppendLog<SyncMark> sync_, inner_;
  AppendLog<StreamEvent> events_;
  AppendLog<StreamSpan> spans_;
  WallSeams wall_seams_;
  UnitTime last_time_;                // of the newest mark
  std::uint64_t inner_samples_ = 0;   // of the newest inner one
  std::uint64_t newest_samples_ = 0;  // of the newest unit that a framer has told of
  // The second-marks of the window of media time, with the seconds since the first of them.
  struct Second {
    std::uint64_t position = 0;
    std::int64_t ms = 0;

    template <class Io, RecordOf<Second> T>
    friend void record_fields(Io& io, T& second) {
      auto& [position, ms] = second;
      io(1, position, ms);
    }
  };
  std::deque<Second> seconds_kept_;
  std::optional<StreamSpan> next_address_;    // of the head at which it was told
  std::optional<std::int64_t> new_epoch_ms_;  // the next second-mark begins a span with this clock
  SteadyTime source_since_{}, wall_checked_{};
  unsigned seconds_off_ = 0;      // how many times in a row the clock was wrong
  std::uint64_t last_event_ = 0;  // positions of events never decrease
  std::shared_ptr<const Bytes> base_headers_;
  std::shared_ptr<const Metadata> base_metadata_;
  std::shared_ptr<const Metadata> new_metadata_;
  TitlePlace title_place_;
  // The newest of a flood, for which there is no room: headers take effect when older ones have
  // left the window, a title at once.
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
  std::array<std::uint64_t, 3> seconds_{};  // of the present source, in a circle
  unsigned seconds_seen_ = 0;
  std::size_t segment_bytes_ = 32768;
  SteadyTime segment_since_{};
  SteadyTime room_at_{}, begun_at_{};  // begun_at_: of the present source
  CatchUp catch_up_;
};

}  // namespace lb
