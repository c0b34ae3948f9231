// Recording: one mount being recorded: a reader of its log that writes files.
//
// Files begin and end at second-marks: at the first one at or after each 300 s of wall time, where
// the stream's address restarts, and where the clock was set back, or forward by more than a
// minute, so nodes that record one stream have the same files.  While the stream's wall time is not
// known (StreamSpan::anchored), it is guessed, and the file is corrected later; it is not announced
// before.
// Thread: the archive's thread.
// Ownership: ArchiveWriter; it holds its mount until the stream has ended.
// Errors: a full or failing disk pauses it; the live stream is not affected.
// Bounds: its low water holds the log, at most queue-size: a slower disk loses the oldest bytes.
// A mount begins at most kMaxFilesAnHour files an hour, because a source that logs in again or
// changes its sample rate could begin thousands a second; bytes beyond are not recorded.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "archive/files/catalog.h"
#include "archive/record/segment_file.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rate_limit.h"

namespace lb {

class Mount;
struct Metadata;
struct StreamView;

struct RecordingHost {
  const Clock& clock;
  Log& log;
  Catalog& catalog;
  std::string dir;
  // Reports "archive-full" and "archive-resumed" of a mount, with a number of seconds.
  std::function<void(const char* event, const std::string& mount, std::int64_t seconds)> told;
  std::atomic<std::uint64_t> skipped_bytes{0};
  std::map<std::string, RateLimit> begun = {};  // files, by mount
  SteadyTime refused_logged{};
};

class Recording {
 public:
  static constexpr std::int64_t kFileMs = 300'000;
  static constexpr unsigned kMaxFilesAnHour = 1000;
  // A file up to this size is not ended for its mount's limit.
  static constexpr std::uint64_t kSmallFile = 1 << 20;
  enum class Progress : std::uint8_t { kCaughtUp, kMore, kOver };

  // position: the first byte that it reads.
  Recording(RecordingHost& host, std::shared_ptr<Mount> mount, std::uint64_t position);
  // Continues another process's recording, in its file if that belongs to this archive.
  Recording(RecordingHost& host, std::shared_ptr<Mount> mount, RecordingRecord saved, UniqueFd data,
            UniqueFd index);
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // Writes at most about `budget` bytes.
  Progress advance(std::size_t budget);
  // Closes the file at the last complete unit.
  void finish();

  RecordingRecord save() const;

  // Whether its begin is in the log, and so is its end.
  bool is_logged = true;
  const std::shared_ptr<Mount>& mount() const noexcept { return mount_; }
  bool paused() const noexcept { return state_.paused; }
  // Whether the last turn took a good part of the queue, so that a fast stream could overrun it.
  bool hurries() const noexcept { return hurries_; }
  // Whether the last turn ended a file that was large for its mount, so that retention is due.
  bool ended_large() const noexcept { return ended_large_; }
  // How far the written part is behind the received one.
  std::int64_t lag_ms() const noexcept { return lag_ms_; }

 private:
  std::int64_t wall_now_ms() const;
  // By the file's clock, while that is a guess.
  std::int64_t wall_of(const StreamSpan& span, std::uint64_t samples) const;
  // The same in this file: the hole that a clock set forward makes lies behind it.
  std::int64_t in_file(const StreamSpan& span, std::uint64_t samples, std::int64_t wall_ms) const;
  std::uint64_t recorded() const noexcept {
    return file_ ? state_.begin + file_->size() : state_.position;
  }
  bool may_go_on();
  bool may_create();
  bool is_large(unsigned times = 1) const;
  std::uint64_t seam_ahead(const StreamView& view) const;
  bool begin_file(const StreamView& view);
  bool create(const StreamView& view, const StreamSpan& span, std::uint64_t position,
              std::uint64_t samples, std::int64_t wall_ms);
  void note_title(std::uint64_t offset, const Metadata& title);
  bool record_up_to(const StreamView& view, std::uint64_t position, std::uint64_t samples,
                    std::int64_t wall_ms);
  bool record_seconds(const StreamView& view, std::uint64_t limit, std::size_t& budget);
  bool record_part_of_second(const StreamView& view, std::uint64_t limit);
  bool record_by_clock(const StreamView& view, std::uint64_t limit);
  void end_file(const StreamView& view, std::uint64_t limit);
  StreamSpan guess_clock(const StreamView& view, const StreamSpan& span) const;
  void settle(const StreamView& view);
  void close_file();
  void lose_file();
  void show();
  void pause(const Error& error, bool no_space);
  void skip(const StreamView& view);

  RecordingHost& host_;
  const std::shared_ptr<Mount> mount_;
  const std::string directory_;
  RecordingRecord state_;  // without mount and file
  std::optional<SegmentFile> file_;
  bool hurries_ = false;
  bool ended_large_ = false;
  SteadyTime missed_logged_{};
  bool titles_left_out_ = false;  // of file_, and logged
  std::int64_t lag_ms_ = 0;
};

}  // namespace lb
