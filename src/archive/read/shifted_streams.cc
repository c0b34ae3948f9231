#include "archive/read/shifted_streams.h"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <utility>

#include "archive/files/archive_file.h"
#include "archive/files/archive_name.h"
#include "archive/files/catalog.h"
#include "archive/files/past_record.h"
#include "archive/files/record.h"
#include "archive/read/reader_pool.h"
#include "archive/read/warmth.h"
#include "archive/remote/remote_archive.h"
#include "base/cat.h"
#include "media/same_format.h"
#include "stream/listener/loop_streams.h"
#include "stream/log/wall_place.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kShiftedTick = 1s;
// A live listener that stalls falls out of the window; a shifted one needs this limit.
constexpr auto kLongestClientStall = 60s;
constexpr std::int64_t kLookMs = 3'600'000;  // for which other nodes are asked

std::int64_t to_ms(SteadyTime::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

// Each file and the live log have title objects of their own, so equal titles are compared by
// content and not sent again.
void keep_title(Listener& listener, const StreamView& view, std::uint64_t position) {
  const auto& shown = listener.icy.shown;
  auto now = view.metadata_at(position);
  if (shown && now && now->icy_block == shown->icy_block) listener.icy.shown = std::move(now);
}

std::int64_t wall_at(const ArchiveFile& file, std::uint64_t offset) {
  return file.index.marks[file.index.mark_before(offset)].wall_ms;
}

// The wall time at the end of the bytes before `offset`.  A last mark may belong to a clock set at
// that very place, so a jump of more than kAheadMs is ignored.
std::int64_t wall_before(const ArchiveFile& file, std::uint64_t offset) {
  const std::int64_t end = wall_at(file, offset);
  const std::int64_t last = wall_at(file, offset - std::min<std::uint64_t>(offset, 1));
  return std::abs(end - last) > kAheadMs ? last : end;
}

// The position in a live log of the byte with this address; nullopt: the log does not contain it.
std::optional<std::uint64_t> position_of(const StreamView& view, const StreamIdentity& id,
                                         std::uint64_t origin) {
  for (std::uint64_t i = view.spans.begin(); i < view.spans.end(); ++i) {
    const StreamSpan& span = view.spans[i];
    if (span.id != id || origin < span.origin) continue;
    const std::uint64_t position = span.begin + (origin - span.origin);
    const std::uint64_t end = i + 1 < view.spans.end() ? view.spans[i + 1].begin : view.end;
    if (position >= view.begin && position <= end) return position;
  }
  return std::nullopt;
}

}  // namespace

struct ShiftedStreams::One final : Member {
  One(std::unique_ptr<Listener> given, ShiftedStart start, SteadyTime now)
      : Member(std::move(given), std::move(start.mount)),
        recorded(std::move(start.recorded)),
        type(start.file->index.head.content_type),
        file(std::move(start.file)),
        wall_ms(start.wall_ms),
        since(now) {}
  One(std::unique_ptr<Listener> given, std::shared_ptr<Mount> of, const PastRecord& saved)
      : Member(std::move(given), std::move(of)),
        recorded(saved.recorded),
        type(saved.content_type),
        sought(saved.next),
        sought_ms(saved.next_ms),
        own(saved.own),
        wall_ms(saved.wall_ms),
        since(saved.since) {}
  ShiftedStreams& owner() const { return static_cast<ShiftedStreams&>(*group); }
  Loop& loop() const { return owner().host_.loop(); }
  bool is_of(const Mount& other) const override { return mount->name() == other.name(); }
  bool settle() override;
  void tick() override { run(); }
  void run() override;
  void change_mount(const std::shared_ptr<Mount>& to);
  void depart();
  void warm(std::uint64_t piece);
  void go_on();
  bool check(std::int64_t from_ms);
  void follow(const RecordedFiles& files);
  bool enter_live(std::uint64_t farthest_bytes);
  void follow_live(const std::shared_ptr<Mount>& live);
  void seek();
  void ask_for_sought();
  // Own files, and the known files of other nodes.
  Catalog::Files files_anywhere() const {
    const Shared& shared = owner().shared_;
    return shared.remote != nullptr ? shared.remote->files(recorded)
                                    : shared.catalog->files(recorded);
  }
  // The address of the next byte.
  StreamAddress next() const {
    if (!file) return sought;
    return {file->index.head.span.id, file->row.origin + listener->position};
  }
  void load(const FileRow& row, std::uint64_t offset, bool seam);
  void loaded(ReaderPool::File next, std::uint64_t offset, bool seam);
  void end(EndReason reason) { owner().end(*this, reason); }
  std::int64_t ms_since() const { return to_ms(loop().now() - since); }

  const std::string recorded, type;
  std::shared_ptr<const ArchiveFile> file;  // null: seek() has not found it yet
  const StreamAddress sought{};             // address of the next byte, of a listener handed over
  const std::int64_t sought_ms = 0;         // its wall time; 0: not known
  const bool own = false;                   // this node has recorded it
  std::int64_t wall_ms;                     // of the start
  std::int64_t heard_ms = 0;                // the newest end among the files heard
  const SteadyTime since;                   // when wall_ms was due
  std::int64_t stuck_ms = -1;   // time after `since` from which no file follows; -1: not stuck
  bool waits_for_disk = false;  // a file, or a part of one
  bool looked = false;          // other nodes were asked for the files that follow
  bool lost = false;            // no node delivers the bytes that are due
  bool answered = false;        // all nodes with files of the sought time have listed them
};

ShiftedStreams::ShiftedStreams(LoopStreams& streams, Shared shared)
    : ListenerGroup(streams, {kShiftedTick, kLongestClientStall}),
      streams_(streams),
      shared_(std::move(shared)) {}

ShiftedStreams::One* ShiftedStreams::find_one(std::uint64_t id) const {
  return static_cast<One*>(find(id));
}

void ShiftedStreams::join(std::unique_ptr<Listener> joined, ShiftedStart start) {
  Listener& listener = *joined;
  const FileIndex& index = start.file->index;
  listener.position = start.offset;
  if (!listener.preamble) listener.preamble = std::make_unique<Preamble>();
  if (listener.preamble->head.size() > 2)
    listener.preamble->add_line(
        cat({"X-LB-Stream: ",
             print_address({index.head.span.id, start.file->row.origin + start.offset})}));
  listener.preamble->headers = index.headers_at(start.offset);
  if (!start.lead.empty()) {
    auto front = std::make_shared<Bytes>();
    if (listener.preamble->headers) *front = *listener.preamble->headers;
    front->insert(front->end(), start.lead.begin(), start.lead.end());
    listener.preamble->headers = std::move(front);
  }
  streams_.count_joined(start.mount);
  auto made = std::make_unique<One>(std::move(joined), std::move(start), host_.loop().now());
  One& one = *made;
  add(std::move(made));
  one.run();
}

// If its mount ended or plays again, the listener moves to the mount that now has this name.
bool ShiftedStreams::One::settle() {
  if (mount->phase() != MountPhase::kEnded) return true;
  const Shared& shared = owner().shared_;
  auto now = shared.live(recorded);
  if (!now && shared.off_air && file) now = shared.off_air(recorded, *file);
  if (now && now != mount) change_mount(now);
  return true;
}

void ShiftedStreams::One::change_mount(const std::shared_ptr<Mount>& to) {
  listener->mount_pass = GatePass::enter(to->gate());
  if (listener->relay_pass) listener->relay_pass = GatePass::enter(to->relay_gate());
  mount = to;
}

void ShiftedStreams::One::run() {
  if (waits_for_disk || enter_live(mount->settings()->burst_bytes)) return;
  if (!file) return seek();
  const auto& marks = file->index.marks;
  // The mark after the bytes that are due before the next tick.
  const std::size_t due = file->index.mark_at(wall_ms + ms_since() + to_ms(kShiftedTick));
  const std::uint64_t next = marks[std::min(due + 1, marks.size() - 1)].offset;
  const std::uint64_t limit =
      std::min({file->end(), listener->leave_at(), next + mount->settings()->burst_bytes});
  if (limit > listener->position) {
    const std::uint64_t piece = std::min(limit - listener->position, ReaderPool::kPiece);
    const bool here = file->has(listener->position, piece);
    // No holder of this file delivers it, but another file may contain the same bytes.
    if (!here && lost) return go_on();
    if (!here || !is_warm(file->fd(), listener->position, piece)) return warm(piece);
    owner().shared_.readers->warm_reads.fetch_add(1, std::memory_order_relaxed);
  }
  StreamView view = *file->view;
  view.end = std::min(std::max(limit, listener->position), listener->position + ReaderPool::kPiece);
  const std::uint64_t before = listener->bytes_sent;
  const Delivered delivered = deliver(*listener, view, kBudget, owner().host_.delivery_call());
  owner().account(*this, listener->bytes_sent - before);
  if (delivered == Delivered::kGone) return end(EndReason::kClientGone);
  const bool all = delivered == Delivered::kCaughtUp && listener->position >= limit;
  owner().want_write(*this, !all);
  if (!all) return;
  if (listener->position >= listener->leave_at())
    depart();
  else if (listener->position >= file->end())
    go_on();
}

void ShiftedStreams::One::warm(std::uint64_t piece) {
  waits_for_disk = true;
  owner().want_write(*this, false);
  owner().shared_.readers->warm(file, listener->position, ReaderPool::kPiece, loop(),
                                [&group = owner(), piece, id = listener->id] {
                                  One* const one = group.find_one(id);
                                  if (one == nullptr) return;
                                  one->waits_for_disk = false;
                                  one->lost = !one->file->has(one->listener->position, piece);
                                  one->run();
                                });
}

// Hands the listener to the mount that it is moved to.
void ShiftedStreams::One::depart() {
  LoopStreams& streams = owner().streams_;
  const auto gone = owner().take(*this);
  streams.departed(std::move(listener), *mount);
}

std::size_t ShiftedStreams::move(const Mount& from, const std::shared_ptr<Mount>& to) {
  std::size_t moved = 0;
  each(&from, [&](Listener& listener) {
    const One& one = *find_one(listener.id);
    if (!one.file) return;
    const FileIndex& index = one.file->index;
    if (!same_format(index.head.content_type, to->facts()->content_type)) return;
    std::size_t mark = index.mark_before(listener.position);
    if (index.marks[mark].offset < listener.position && mark + 1 < index.marks.size()) ++mark;
    listener.continuation = std::make_unique<Continuation>(
        Continuation{std::max(listener.position, index.marks[mark].offset), to, EnterMode::kLive});
    listener.moved = !listener.home || *listener.home != to->name();
    ++moved;
  });
  return moved;
}

// Continues behind the end of the file, or behind a part that no node delivers.
void ShiftedStreams::One::go_on() {
  const Catalog::Files files = files_anywhere();
  const std::uint64_t origin = file->row.origin + listener->position;
  const std::size_t found = files->find(file->row.id, origin);
  if (found < files->size() && !(lost && file->is((*files)[found])))
    return load((*files)[found], origin - (*files)[found].origin, false);
  const std::int64_t here_ms = wall_at(*file, listener->position);
  // Clocks of holders differ, so the search never begins before the time already heard.
  heard_ms = std::max(heard_ms, here_ms);
  if (check(heard_ms)) return;
  follow(*files);
}

// Continues with the first file behind heard_ms, or waits for one.
void ShiftedStreams::One::follow(const RecordedFiles& files) {
  const StreamAddress at = next();
  const auto heard = [&](const FileRow& row) {
    return row.bytes == 0 || (file && file->is(row)) ||
           (row.id == short_id(at.id) && row.origin_end() <= at.position);
  };
  std::size_t i = files.find(heard_ms);
  while (i < files.size() && heard(files[i])) ++i;
  if (i < files.size()) {
    const std::int64_t hole = files[i].from_ms - heard_ms;
    if (hole > kLongestHole.count()) return end(EndReason::kSourceEnded);
    return load(files[i], 0, true);
  }
  if (stuck_ms < 0) stuck_ms = ms_since();
  looked = false;
  const auto live = owner().shared_.live(recorded);
  if (lost || (!live && !files.growing()) || ms_since() - stuck_ms > kLongestHole.count())
    return end(EndReason::kSourceEnded);
  if (live && !files.growing() && !owner().shared_.catalog->is_reading(recorded)) follow_live(live);
}

// Its mount plays on and is not recorded any more: with the next byte if the window has it, or
// after a gap.
void ShiftedStreams::One::follow_live(const std::shared_ptr<Mount>& live) {
  const auto view = live->channel().newest();
  if (enter_live(view->end - view->begin)) return;
  // Another node may have what follows, and be away for a moment.
  const RemoteArchive* const remote = owner().shared_.remote;
  const auto newest = newest_place(*view);
  if (!newest || listener->continuation || (remote != nullptr && remote->holds(recorded))) return;
  if (newest->wall_ms - heard_ms > kLongestHole.count() ||
      !same_format(live->facts()->content_type, type))
    return end(EndReason::kSourceEnded);
  listener->continuation =
      std::make_unique<Continuation>(Continuation{listener->position, live, EnterMode::kLive});
  depart();
}

// Asks other nodes for their files of the following time; returns true if a request was sent.
bool ShiftedStreams::One::check(std::int64_t from_ms) {
  RemoteArchive* const remote = owner().shared_.remote;
  if (looked || remote == nullptr || !remote->holds(recorded)) return false;
  looked = waits_for_disk = true;
  remote->check(recorded, from_ms, from_ms + kLookMs,
                [&group = owner(), &loop = loop(), id = listener->id](bool) {
                  loop.post([&group, id] {
                    One* const one = group.find_one(id);
                    if (one == nullptr) return;
                    one->waits_for_disk = false;
                    one->go_on();
                  });
                });
  return true;
}

// Waits until the archive is read and the nodes that have the next byte are connected.  If its file
// has been removed meanwhile, the listener continues as behind the end of a file.
void ShiftedStreams::One::seek() {
  const Shared& shared = owner().shared_;
  const bool reading = shared.catalog->is_reading(recorded);
  const Catalog::Files files = files_anywhere();
  const std::size_t found = files->find(short_id(sought.id), sought.position);
  if (found < files->size())
    return load((*files)[found], sought.position - (*files)[found].origin, false);
  const bool held = shared.remote != nullptr && shared.remote->holds(recorded);
  // A node that has the byte may not be connected yet.
  if (!reading && sought_ms > 0 && (answered || (own && !held))) {
    heard_ms = sought_ms;
    return follow(*files);
  }
  if (stuck_ms < 0) stuck_ms = ms_since();
  if (ms_since() - stuck_ms > kLongestHole.count()) return end(EndReason::kSourceEnded);
  if (held && !looked) ask_for_sought();
}

// Asks other nodes for their files with the sought byte, then for those of the following time.
void ShiftedStreams::One::ask_for_sought() {
  looked = true;
  RemoteArchive& remote = *owner().shared_.remote;
  auto then = [&group = owner(), &loop = loop(), id = listener->id](bool all) {
    loop.post([&group, id, all] {
      if (One* const one = group.find_one(id)) {
        one->answered = all || one->own;
        one->run();
      }
      // Only the next tick may ask again: check() may answer at once, and run() would ask in a
      // loop.
      if (One* const one = group.find_one(id)) one->looked = one->answered = false;
    });
  };
  remote.check(
      recorded, short_id(sought.id), sought.position,
      [&remote, of = recorded, from_ms = sought_ms, then = std::move(then)](bool all) mutable {
        remote.check(of, from_ms, from_ms + kLookMs,
                     [all, then = std::move(then)](bool too) { then(all && too); });
      });
}

void ShiftedStreams::each_past(const std::function<void(PastRecord)>& f, FdsOut& fds) const {
  std::map<const ArchiveFile*, MovedFd> unnamed;
  each(nullptr, [&](const Listener& listener) {
    const One& one = *find_one(listener.id);
    PastRecord saved;
    saved.listener = save_listener(listener, {}, fds);
    saved.worker = host_.loop().id();
    saved.recorded = one.recorded;
    saved.content_type = one.type;
    saved.next = one.next();
    saved.wall_ms = one.wall_ms;
    saved.since = one.since;
    saved.bytes_per_second = one.mount->usual_bytes_per_second();
    saved.next_ms = one.file ? wall_at(*one.file, listener.position) : one.sought_ms;
    saved.own = one.file ? !one.file->remote : one.own;
    if (one.file && is_unnamed(*one.file)) {
      const auto [at, is_new] = unnamed.try_emplace(one.file.get());
      if (is_new) at->second = fds.add(one.file->fd());
      saved.unnamed = {at->second, is_new ? print_index(one.file->index) : ""};
    }
    f(std::move(saved));
  });
}

void ShiftedStreams::adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
                           const PastRecord& saved, std::shared_ptr<const ArchiveFile> file) {
  const std::uint64_t id = listener->id;
  auto made = std::make_unique<One>(std::move(listener), std::move(mount), saved);
  if (file) {
    made->listener->position = saved.next.position - file->row.origin;
    keep_title(*made->listener, *file->view, made->listener->position);
    made->file = std::move(file);
  }
  add(std::move(made));
  host_.loop().post([this, id] {
    if (One* const one = find_one(id)) one->run();
  });
}

void ShiftedStreams::One::load(const FileRow& row, std::uint64_t offset, bool seam) {
  waits_for_disk = true;
  stuck_ms = -1;
  const Shared& shared = owner().shared_;
  shared.readers->load(*shared.dir, recorded, row, loop(),
                       [&group = owner(), offset, seam, id = listener->id](ReaderPool::File next) {
                         if (One* const one = group.find_one(id))
                           one->loaded(std::move(next), offset, seam);
                       });
}

void ShiftedStreams::One::loaded(ReaderPool::File next, std::uint64_t offset, bool seam) {
  waits_for_disk = false;
  if (listener->continuation) return depart();
  if (!next || !same_format(next->index.head.content_type, type) || offset > next->end())
    return end(EndReason::kSourceEnded);
  const auto before = std::exchange(file, std::move(next));
  // A file of another stream may begin with a time that this listener has heard already.
  if (seam && file->index.from_ms() + kAheadMs < heard_ms)
    offset = file->index.marks[file->index.mark_at(heard_ms)].offset;
  // A gap between the files brings listeners nearer to the present, and a difference between their
  // clocks causes no pause.
  if (before)
    wall_ms += wall_at(*file, offset) - wall_before(*before, listener->position);
  else if (seam)
    wall_ms += wall_at(*file, offset) - heard_ms;
  listener->position = offset;
  keep_title(*listener, *file->view, offset);
  looked = lost = false;
  if (seam)
    if (auto headers = file->index.headers_at(offset)) {
      listener->preamble = std::make_unique<Preamble>();
      listener->preamble->headers = std::move(headers);
    }
  if (offset < file->end()) run();
}

// The live log has all bytes from here on, and these are few enough to be sent at once.
bool ShiftedStreams::One::enter_live(std::uint64_t farthest_bytes) {
  if (listener->continuation || (listener->preamble && listener->preamble->sent > 0)) return false;
  const auto live = owner().shared_.live(recorded);
  if (!live) return false;
  const auto view = live->channel().newest();
  const StreamAddress at = next();
  const auto position = position_of(*view, at.id, at.position);
  if (!position || view->end - *position > farthest_bytes) return false;
  owner().want_write(*this, false);
  keep_title(*listener, *view, *position);
  if (live != mount) change_mount(live);
  LoopStreams& streams = owner().streams_;
  const auto gone = owner().take(*this);
  auto back = streams.enter_at(std::move(listener), live, *position);
  if (back) streams.ended(std::move(back), *live, EndReason::kLagged);
  return true;
}

}  // namespace lb
