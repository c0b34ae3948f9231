#include "archive/record/recording.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "archive/files/retention.h"
#include "archive/files/scan.h"
#include "archive/record/view_marks.h"
#include "base/cat.h"
#include "media/mpeg_header.h"
#include "stream/mount/mount.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kRetry = 5s;
constexpr std::uint64_t kRoomToResume = 1 << 20;
constexpr auto kMissedLine = 60s;
// If the framer finds no sample rate within this time, the format has no media time.
constexpr auto kClockComes = 5s;
constexpr std::int64_t kClockMarkMs = 400;
constexpr std::uint64_t kQueueParts = 4;       // at one part a turn, turns get shorter
constexpr std::int64_t kPartOfSecondMs = 400;  // a shorter rest waits for the next turn
constexpr std::int64_t kLeapMs = 60'000;
constexpr std::string_view kModule = "archive/record";

// Ogg with a known codec has media time, with an unknown one it has none.
bool may_have_clock(const SourceFacts& facts) {
  return facts.plugin == nullptr || facts.plugin->name == "mpeg" || facts.plugin->name == "ogg";
}

std::int64_t cell_of(std::int64_t wall_ms) { return wall_ms / Recording::kFileMs; }

}  // namespace

Recording::Recording(RecordingHost& host, std::shared_ptr<Mount> mount, std::uint64_t position)
    : host_(host),
      mount_(std::move(mount)),
      directory_(cat({host.dir, "/", archive_directory(mount_->name())})) {
  state_.position = position;
}

Recording::Recording(RecordingHost& host, std::shared_ptr<Mount> mount, RecordingRecord saved,
                     UniqueFd data, UniqueFd index)
    : Recording(host, std::move(mount), saved.position) {
  state_ = std::move(saved);
  std::optional<FileRecord> file = std::exchange(state_.file, {});
  if (!file || !data || !index) {
    state_.guess.reset();
    return;
  }
  const bool is_here = file->path.starts_with(directory_ + "/");
  file_ = SegmentFile::restore(directory_, std::move(*file), std::move(data), std::move(index));
  if (is_here) {
    show();
    return;
  }
  // The archive has moved to another directory, so the recording begins a new file there.
  state_.position = recorded();
  file_->close();
  file_.reset();
}

RecordingRecord Recording::save() const {
  RecordingRecord saved = state_;
  saved.mount = mount_->name();
  if (file_) saved.file = file_->save();
  saved.position = recorded();
  const Channel& channel = mount_->channel();
  saved.whole = !state_.paused && channel.is_recorded_from(channel.newest()->begin);
  return saved;
}

Recording::~Recording() {
  Channel& channel = mount_->channel();
  channel.set_low_water(channel.recording_slot(), Channel::kNoReader);
}

std::int64_t Recording::wall_of(const StreamSpan& span, std::uint64_t samples) const {
  return (state_.guess ? *state_.guess : span).wall_of(samples);
}

std::int64_t Recording::in_file(const StreamSpan& span, std::uint64_t samples,
                                std::int64_t wall_ms) const {
  const std::int64_t paced = file_->last().wall_ms + span.wall_of(samples) -
                             span.wall_of(std::min(samples, file_->last().samples));
  return wall_ms - paced > kLeapMs ? paced : wall_ms;
}

std::int64_t Recording::wall_now_ms() const { return unix_ms(host_.clock.wall()); }

Recording::Progress Recording::advance(std::size_t budget) {
  Channel& channel = mount_->channel();
  const auto view = channel.newest();
  const std::uint64_t begin = recorded();
  hurries_ = ended_large_ = false;
  if (file_ && !file_->is_named()) lose_file();
  if (state_.paused && !may_go_on()) {
    state_.position = view->end;
    return view->ended ? Progress::kOver : Progress::kCaughtUp;
  }
  const bool missed = recorded() < view->begin;
  if (missed) skip(*view);
  bool more = false;
  while (!state_.paused) {
    if (!file_ && !begin_file(*view)) break;
    if (state_.guess) settle(*view);
    if (!file_) break;
    const std::uint64_t seam = seam_ahead(*view);
    const std::uint64_t limit = std::min(seam, view->end);
    const bool went_on =
        state_.by_clock ? record_by_clock(*view, limit) : record_seconds(*view, limit, budget);
    if (!went_on) break;
    if (budget == 0) {
      more = true;
      break;
    }
    if (file_ && seam <= view->end) {
      end_file(*view, seam);
      state_.position = seam;
      continue;
    }
    if (file_) break;
  }
  show();
  hurries_ = !state_.paused &&
             (missed || recorded() > begin + mount_->settings()->queue_bytes / kQueueParts);
  channel.set_low_water(channel.recording_slot(), state_.paused ? Channel::kNoReader : recorded());
  if (more) return Progress::kMore;
  if (!view->ended) return Progress::kCaughtUp;
  if (file_) end_file(*view, view->end);
  return Progress::kOver;
}

void Recording::finish() {
  while (advance(std::size_t{1} << 20) == Progress::kMore) {
  }
  if (file_) end_file(*mount_->channel().newest(), mount_->channel().newest()->end);
}

// Returns true if a paused recording may be tried again.
bool Recording::may_go_on() {
  if (host_.clock.steady() < state_.retry_at) return false;
  state_.retry_at = host_.clock.steady() + kRetry;
  const DiskSpace space = disk_space(host_.dir);
  if (space.bytes > 0 && space.free < kRoomToResume) return false;
  state_.paused = false;
  mount_->channel().set_recorded_from(state_.position);
  return true;
}

// Where the present file, or the next one, must end.  If the file already has the whole stream, its
// end lies in the span of the next stream, so seam_of() would find a later seam.
std::uint64_t Recording::seam_ahead(const StreamView& view) const {
  const std::uint64_t at = recorded();
  const StreamSpan* const span = view.span_at(at);
  if (file_ && at > state_.begin && span != nullptr && span->begin == at &&
      (span->seam || span->id != file_->head().span.id))
    return at;
  return seam_of(view, at);
}

// Begins a file at a unit whose wall time is known; returns false if no such unit has come.
bool Recording::begin_file(const StreamView& view) {
  for (const SyncMark* at = mark_from(view, state_.position);
       at != nullptr && at->position <= view.end; at = mark_from(view, at->position + 1)) {
    const SyncMark mark = *at;
    const StreamSpan* const span = view.span_at(mark.position);
    if (span == nullptr || span->media.rate_hz == 0 || !mark.time.second) continue;
    const StreamSpan* const clock = clock_of(view, mark.position);
    state_.unclocked_since.reset();
    state_.by_clock = false;
    const StreamSpan known = clock == nullptr ? guess_clock(view, *span) : *clock;
    if (!create(view, known, mark.position, mark.time.samples, known.wall_of(mark.time.samples)))
      return false;
    if (clock == nullptr) state_.guess = known;
    return true;
  }
  const std::uint64_t last = view.end > view.begin ? view.end - 1 : view.begin;
  const StreamSpan* span = view.span_at(last);
  if (span == nullptr || span->media.rate_hz != 0 || view.end == view.begin) {
    state_.unclocked_since.reset();
    state_.position = std::max(state_.position, std::min(state_.position, view.end));
    return false;
  }
  const SteadyTime now = host_.clock.steady();
  if (!state_.unclocked_since) state_.unclocked_since = now;
  if (state_.position >= view.end) return false;
  // No later unit can bring the clock of a source that has ended.
  const SteadyTime since = view.ended ? std::min(*state_.unclocked_since, mount_->facts()->started)
                                      : *state_.unclocked_since;
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - since);
  if (waited < kClockComes && may_have_clock(*mount_->facts()) && !view.ended) return false;
  std::uint64_t position = std::max(state_.position, span->begin);
  if (!view.sync.empty()) {
    const SyncMark* const mark = first_mark(view.sync, position);
    if (mark == nullptr || mark->position > view.end) return false;
    position = mark->position;
  }
  state_.by_clock = true;
  return create(view, *span, position, 0, wall_now_ms() - waited.count());
}

// Assumes that the newest unit was sent just now.
StreamSpan Recording::guess_clock(const StreamView& view, const StreamSpan& span) const {
  StreamSpan guess = span;
  const std::uint64_t end = std::min(view.end + 1, seam_of(view, span.begin));
  const SyncMark* const last = mark_before(view, end);
  if (last != nullptr) guess.wall_ms += wall_now_ms() - span.wall_of(last->time.samples);
  return guess;
}

// Corrects the file's times once the clock is known.
void Recording::settle(const StreamView& view) {
  const StreamSpan* const clock = clock_of(view, recorded());
  if (clock == nullptr || clock->id != state_.guess->id ||
      clock->media.rate_hz != state_.guess->media.rate_hz)
    return;
  if (auto done = file_->settle(*clock); !done) {
    pause(done.error(), file_->no_space());
    return;
  }
  state_.guess.reset();
  state_.cell = cell_of(file_->head().span.wall_ms);
}

bool Recording::may_create() {
  const SteadyTime now = host_.clock.steady();
  if (host_.begun[mount_->name()].take(now, Rate::an_hour(kMaxFilesAnHour))) return true;
  state_.paused = true;
  state_.retry_at = now + kRetry;
  if (host_.refused_logged != SteadyTime{} && now - host_.refused_logged < kMissedLine)
    return false;
  host_.refused_logged = now;
  host_.log.warn(kModule, cat({"archive ", mount_->name(), ": ", kMaxFilesAnHour,
                               " files were begun within an hour, because other sources or sample "
                               "rates came so often; another one is begun every few seconds, and "
                               "the rest is not recorded; the live stream goes on"}));
  return false;
}

// Only closed files can be removed.  With files of half of the mount's limit at most, the one that
// is written and the one before it fit.
bool Recording::is_large(unsigned times) const {
  const std::uint64_t most = most_bytes(mount_->settings()->archive) / 2;
  return !state_.guess && file_->size() / times > std::max(kSmallFile, most);
}

bool Recording::create(const StreamView& view, const StreamSpan& span, std::uint64_t position,
                       std::uint64_t samples, std::int64_t wall_ms) {
  if (!may_create()) return false;
  FileHead head;
  head.span = span;
  head.span.origin = span.origin_of(position);
  head.span.begin = 0;
  head.span.media.samples = samples;
  head.span.wall_ms = wall_ms;
  head.content_type = mount_->facts()->content_type;
  auto made = SegmentFile::create(directory_, head);
  if (!made) {
    const DiskSpace space = disk_space(host_.dir);
    pause(made.error(), space.bytes > 0 && space.free < kRoomToResume);
    return false;
  }
  file_ = std::move(*made);
  state_.begin = state_.noted = position;
  state_.cell = cell_of(wall_ms);
  titles_left_out_ = false;
  if (const auto headers = view.headers_at(position)) file_->note_headers(0, *headers);
  if (const auto title = view.metadata_at(position)) note_title(0, *title);
  return true;
}

void Recording::note_title(std::uint64_t offset, const Metadata& title) {
  if (file_->note_title(offset, title) || std::exchange(titles_left_out_, true)) return;
  host_.log.warn(kModule, cat({"archive ", mount_->name(), ": the titles of ", file_->path(),
                               " have more than half the size of its sound; those that are too "
                               "many are left out, and the sound is recorded"}));
}

// Returns false if the disk refuses the bytes.
bool Recording::record_up_to(const StreamView& view, std::uint64_t position, std::uint64_t samples,
                             std::int64_t wall_ms) {
  // After the clock was set back, the file must still not end before it begins.
  wall_ms = std::max(wall_ms, file_->last().wall_ms);
  for (std::uint64_t i = view.events.begin(); i < view.events.end(); ++i) {
    const StreamEvent& event = view.events[i];
    if (event.position <= state_.noted || event.position > position) continue;
    if (event.headers) file_->note_headers(event.position - state_.begin, *event.headers);
    if (event.metadata) note_title(event.position - state_.begin, *event.metadata);
  }
  if (view.late_metadata && view.late_at > state_.noted && view.late_at <= position)
    note_title(view.late_at - state_.begin, *view.late_metadata);
  state_.noted = position;
  while (recorded() < position) {
    auto bytes = view.bytes_at(recorded());
    bytes = bytes.first(std::min<std::uint64_t>(bytes.size(), position - recorded()));
    if (auto done = file_->append(bytes); !done) {
      pause(done.error(), file_->no_space());
      return false;
    }
  }
  if (auto done = file_->mark(samples, wall_ms); !done) {
    pause(done.error(), file_->no_space());
    return false;
  }
  if (state_.full_logged) {
    state_.full_logged = false;
    const std::int64_t missing =
        std::max<std::int64_t>(0, file_->head().span.wall_ms - state_.paused_at_ms + 500) / 1000;
    host_.log.info(
        kModule, cat({"archive ", mount_->name(), ": recording resumed, ", missing, " s missing"}));
    host_.told("archive-resumed", mount_->name(), missing);
  }
  return true;
}

// Records up to the last second-mark; returns false if the recording was paused.
bool Recording::record_seconds(const StreamView& view, std::uint64_t limit, std::size_t& budget) {
  for (const SyncMark* at = mark_from(view, recorded() + 1); at != nullptr && at->position <= limit;
       at = mark_from(view, at->position + 1)) {
    const SyncMark mark = *at;
    if (!mark.time.second) continue;
    const StreamSpan* span = view.span_at(mark.position);
    if (span == nullptr || mark.position >= seam_ahead(view)) break;
    const StreamSpan* const clock = clock_of(view, mark.position);
    const std::int64_t wall_ms = wall_of(clock == nullptr ? *span : *clock, mark.time.samples);
    const std::uint64_t before = recorded();
    const std::int64_t here_ms = in_file(*span, mark.time.samples, wall_ms);
    const bool is_set = wall_ms < file_->last().wall_ms || here_ms != wall_ms;
    if (!record_up_to(view, mark.position, mark.time.samples, here_ms)) return false;
    const bool large = is_large();
    if (large || ((cell_of(wall_ms) != state_.cell || is_set) && !state_.guess)) {
      ended_large_ |= large;
      close_file();
      state_.position = mark.position;
      if (!create(view, *span, mark.position, mark.time.samples, wall_ms)) return false;
    }
    const std::size_t took = static_cast<std::size_t>(mark.position - before);
    budget -= std::min(budget, took);
    if (budget == 0) return true;
  }
  return record_part_of_second(view, limit);
}

// Records the bytes after the last second-mark, because a kill loses only unwritten bytes.
bool Recording::record_part_of_second(const StreamView& view, std::uint64_t limit) {
  const std::uint64_t seam = seam_ahead(view);
  const SyncMark* const last = mark_before(view, std::min(limit + 1, seam));
  if (last == nullptr) return true;
  const SyncMark mark = *last;
  const StreamSpan* span = view.span_at(mark.position);
  if (mark.time.second || mark.position <= recorded() || span == nullptr) return true;
  const std::int64_t wall_ms = wall_of(*span, mark.time.samples);
  const bool waits = wall_ms - file_->last().wall_ms < kPartOfSecondMs &&
                     mark.position - recorded() < mount_->settings()->queue_bytes / kQueueParts;
  if (waits || (cell_of(wall_ms) != state_.cell && !state_.guess)) return true;
  if (in_file(*span, mark.time.samples, wall_ms) != wall_ms) return true;
  if (!record_up_to(view, mark.position, mark.time.samples, wall_ms)) return false;
  // Of a stream whose media time stands still, no second comes in which the file could end.
  const bool large = is_large(2);
  ended_large_ |= large;
  if (large) close_file();
  return true;
}

// Records a stream without media time: one mark a second by the clock, at a unit if it has units.
bool Recording::record_by_clock(const StreamView& view, std::uint64_t limit) {
  const std::int64_t now = wall_now_ms();
  const bool goes_back = now < file_->last().wall_ms;
  if (!goes_back && now - file_->last().wall_ms < kClockMarkMs) return true;
  std::uint64_t position = limit;
  if (!view.sync.empty()) {
    const auto last =
        view.sync.last_where([&](const SyncMark& mark) { return mark.position <= limit; });
    if (last == view.sync.end()) return true;
    position = view.sync[last].position;
  }
  if (position <= recorded()) return true;
  if (now - file_->last().wall_ms > kLeapMs && recorded() > state_.begin) {
    const StreamSpan* span = view.span_at(recorded());
    close_file();
    return span == nullptr || create(view, *span, state_.position, 0, now);
  }
  if (!record_up_to(view, position, 0, now)) return false;
  const bool large = is_large();
  if (cell_of(now) == state_.cell && !goes_back && !large) return true;
  ended_large_ |= large;
  const StreamSpan* span = view.span_at(position < view.end ? position : view.end - 1);
  close_file();
  state_.position = position;
  return span == nullptr || create(view, *span, position, 0, now);
}

// Ends the file at the last marked unit before `limit`.
void Recording::end_file(const StreamView& view, std::uint64_t limit) {
  if (state_.by_clock) {
    if (limit > recorded()) record_up_to(view, limit, 0, wall_now_ms());
  } else {
    // A mark at the seam belongs to the next stream.
    const std::uint64_t seam = seam_ahead(view);
    const SyncMark* const last = mark_before(view, std::min(limit + 1, seam));
    if (last != nullptr && last->position > recorded()) {
      const SyncMark mark = *last;
      const StreamSpan* span = view.span_at(mark.position - 1);
      if (span != nullptr)
        record_up_to(view, mark.position, mark.time.samples,
                     in_file(*span, mark.time.samples, wall_of(*span, mark.time.samples)));
    }
    // A mark of Ogg has the time of its page's end, so the last pages keep it.
    const bool pages = file_ && framer_for(file_->head().content_type).name == "ogg";
    if (pages && recorded() < limit && limit - recorded() <= kLongestTail)
      record_up_to(view, limit, file_->last().samples, file_->last().wall_ms);
    // A seam is at the end of a unit; for MPEG audio the length of the last units is known.
    if (file_ && recorded() < limit && limit - recorded() <= kLongestTail) {
      const std::uint64_t samples = mpeg_samples(view.bytes_between(recorded(), limit));
      const StreamSpan* const span = view.span_at(recorded());
      const std::uint64_t whole = file_->last().samples + samples;
      if (samples > 0 && span != nullptr)
        record_up_to(view, limit, whole, in_file(*span, whole, wall_of(*span, whole)));
    }
  }
  if (file_) close_file();
}

void Recording::close_file() {
  state_.position = recorded();
  state_.guess.reset();
  SegmentFile file = std::move(*file_);
  file_.reset();
  host_.catalog.note_end(mount_->name(), recorded_end(file.head(), file.last()));
  host_.catalog.close(mount_->name(), file.close());
}

// Another program has removed the file; the rest of the stream is recorded in a new one.
void Recording::lose_file() {
  const std::int64_t seconds = (file_->last().wall_ms - file_->head().span.wall_ms + 500) / 1000;
  host_.log.warn(kModule, cat({"archive ", mount_->name(), ": the file that was being written, ",
                               file_->path(), ", was removed by another program: ", seconds,
                               " s of sound are gone; another file begins"}));
  state_.position = recorded();
  state_.guess.reset();
  file_.reset();
  host_.catalog.forget_open(mount_->name());
}

// Announces the marked bytes to readers.
void Recording::show() {
  if (!file_) return;
  lag_ms_ = wall_now_ms() - file_->last().wall_ms;
  if (file_->last().offset == 0 || state_.guess) return;
  FileRow row = file_->row();
  row.open = true;
  host_.catalog.note_end(mount_->name(), recorded_end(file_->head(), file_->last()));
  const auto files = host_.catalog.files(mount_->name());
  if (const auto& open = files->open(); !open || !(*open == row))
    host_.catalog.grow(mount_->name(), row);
}

void Recording::pause(const Error& error, bool no_space) {
  state_.paused = true;
  state_.retry_at = host_.clock.steady() + kRetry;
  const std::int64_t last_ms = file_ ? file_->last().wall_ms : wall_now_ms();
  if (file_) close_file();
  if (state_.full_logged) return;  // the disk was tried again and is still full
  state_.full_logged = true;
  state_.paused_at_ms = last_ms;
  host_.log.warn(kModule, cat({"archive ", mount_->name(), ": ",
                               no_space ? std::string("no space left") : error.what,
                               ", recording paused; the live stream goes on"}));
  host_.told("archive-full", mount_->name(), 0);
}

// The disk was slower than the stream, and the window has dropped unwritten bytes.
void Recording::skip(const StreamView& view) {
  const std::uint64_t from = recorded();
  if (file_) close_file();
  state_.position = view.begin;
  mount_->channel().set_recorded_from(state_.position);
  state_.missed += view.begin - from;
  host_.skipped_bytes.fetch_add(view.begin - from, std::memory_order_relaxed);
  const SteadyTime now = host_.clock.steady();
  if (missed_logged_ != SteadyTime{} && now - missed_logged_ < kMissedLine) return;
  missed_logged_ = now;
  host_.log.warn(kModule, cat({"archive ", mount_->name(), ": ", state_.missed,
                               " bytes are not recorded: they came faster than they could be "
                               "written, and queue-size holds no more"}));
  state_.missed = 0;
}

}  // namespace lb
