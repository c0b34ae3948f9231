#include "archive/shifted_streams.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "archive/warmth.h"
#include "base/cat.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

constexpr auto kShiftedTick = 1s;
// A live listener that takes nothing falls out of the window; here nothing else ends it.
constexpr auto kLongestClientStall = 60s;
constexpr std::int64_t kLookMs = 3'600'000;  // ahead, at what other nodes have
constexpr auto kShiftedSlice = 5ms;  // so that no loop stalls, however many listeners there are
constexpr std::size_t kShiftedBudget = 64 * 1024;  // a turn, as in a fan-out

std::int64_t to_ms(SteadyTime::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

constexpr std::size_t kBetweenLooks = 8;  // listeners, at the clock

// A file that is read again, and the live log, have titles of their own: one that the player shows
// already is not told again.
void keep_title(Listener& listener, const StreamView& view, std::uint64_t position) {
  const auto& shown = listener.icy.shown;
  auto now = view.metadata_at(position);
  if (shown && now && now->icy_block == shown->icy_block) listener.icy.shown = std::move(now);
}

// The position in a live log of a byte with this address; nullopt: it is not there.
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

ShiftedStreams::ShiftedStreams(LoopStreams& streams, Shared shared)
    : streams_(streams),
      loop_(streams.loop()),
      shared_(std::move(shared)),
      timer_(loop_, [this] { begin_pass(); }) {}

ShiftedStreams::~ShiftedStreams() = default;

void ShiftedStreams::join(std::unique_ptr<Listener> joined, ShiftedStart start) {
  loop_.assert_here();
  const std::uint64_t id = joined->id;
  auto made = std::make_unique<One>(One{*this, std::move(joined), std::move(start), loop_.now()});
  One& one = *made;
  Listener& listener = *one.listener;
  listener.position = one.at.offset;
  if (!listener.preamble) listener.preamble = std::make_unique<Preamble>();
  if (std::string& head = listener.preamble->head; head.size() > 2)
    head.insert(head.size() - 2, cat({"X-LB-Stream: ",
                                      print_address({one.at.file->index.head.span.id,
                                                     one.at.file->row.origin + one.at.offset}),
                                      "\r\n"}));
  listener.preamble->headers = one.at.file->index.headers_at(one.at.offset);
  if (!one.at.lead.empty()) {
    auto front = std::make_shared<Bytes>();
    if (listener.preamble->headers) *front = *listener.preamble->headers;
    front->insert(front->end(), one.at.lead.begin(), one.at.lead.end());
    listener.preamble->headers = std::move(front);
    one.at.lead = {};
  }
  all_.emplace(id, std::move(made));
  count_.store(all_.size(), std::memory_order_relaxed);
  streams_.count_joined(one.at.mount);
  listener.watch.start<&One::on_client>(loop_, listener.transport->fd(), EV_READ, &one);
  if (!timer_.armed()) timer_.after(kShiftedTick);
  run(one);
}

void ShiftedStreams::One::on_client(short events) {
  if ((events & EV_READ) != 0) {
    // Players send nothing after their request; bytes that come all the same are discarded.
    std::array<std::byte, 2048> ignored;
    const IoResult result = listener->transport->read(ignored);
    if (result.status == IoStatus::kError) {
      owner.end(*this, EndReason::kClientGone);
      return;
    }
    if (result.status == IoStatus::kEof)
      listener->watch.want(static_cast<short>(listener->watch.wanted() & ~EV_READ));
  }
  if ((events & EV_WRITE) != 0) owner.run(*this);
}

void ShiftedStreams::begin_pass() {
  passing_.clear();
  passing_.reserve(all_.size());
  for (const auto& [id, one] : all_) passing_.push_back(id);
  passing_at_ = 0;
  pass();
}

void ShiftedStreams::pass() {
  const SteadyTime slice_ends = loop_.clock().steady() + kShiftedSlice;
  while (passing_at_ < passing_.size()) {
    const auto found = all_.find(passing_[passing_at_++]);
    if (found != all_.end()) tend(*found->second);
    if (passing_at_ % kBetweenLooks == 0 && loop_.clock().steady() >= slice_ends) {
      loop_.post([this] { pass(); });
      return;
    }
  }
  if (!all_.empty()) timer_.after(kShiftedTick);
}

void ShiftedStreams::tend(One& one) {
  settle(one);
  if (loop_.now() >= one.listener->until)
    end(one, EndReason::kLimit);
  else if (!one.waits_for_client)
    run(one);
  else if (loop_.now() - one.progress > kLongestClientStall)
    end(one, EndReason::kLagged);
}

// Its mount has ended, or plays again: the listener counts where the others of this name do.
void ShiftedStreams::settle(One& one) {
  if (one.at.mount->phase() != MountPhase::kEnded) return;
  auto mount = shared_.live(one.at.recorded);
  if (!mount && shared_.off_air) mount = shared_.off_air(one.at.recorded, *one.at.file);
  if (mount && mount != one.at.mount) change_mount(one, mount);
}

void ShiftedStreams::change_mount(One& one, const std::shared_ptr<Mount>& mount) {
  Listener& listener = *one.listener;
  mount->gate().enter();
  listener.mount_pass = GatePass(&mount->gate());
  if (listener.relay_pass) {
    mount->relay_gate().enter();
    listener.relay_pass = GatePass(&mount->relay_gate());
  }
  one.at.mount = mount;
}

std::int64_t ShiftedStreams::due_ms(const One& one) const {
  return one.at.wall_ms + to_ms(loop_.now() - one.since);
}

// Sends what is due.
void ShiftedStreams::run(One& one) {
  if (one.waits_for_disk || enter_live(one)) return;
  Listener& listener = *one.listener;
  const ArchiveFile& file = *one.at.file;
  const auto& marks = file.index.marks;
  // What is due until the next turn.
  const std::size_t due = file.index.mark_at(due_ms(one) + to_ms(kShiftedTick));
  const std::uint64_t next = marks[std::min(due + 1, marks.size() - 1)].offset;
  const std::uint64_t limit =
      std::min({file.end(), listener.leave_at(), next + one.at.mount->settings()->burst_bytes});
  if (limit > listener.position) {
    const std::uint64_t piece = std::min(limit - listener.position, ReaderPool::kPiece);
    const bool here = file.has(listener.position, piece);
    if (!here && one.lost) {
      // No holder of this file gives it: perhaps another file has the same bytes.
      go_on(one);
      return;
    }
    if (!here || !is_warm(file.fd(), listener.position, piece)) {
      one.waits_for_disk = true;
      want_write(one, false);
      shared_.readers->warm(one.at.file, listener.position, ReaderPool::kPiece, loop_,
                            [this, piece, id = listener.id] {
                              const auto found = all_.find(id);
                              if (found == all_.end()) return;
                              One& waiting = *found->second;
                              waiting.waits_for_disk = false;
                              waiting.lost =
                                  !waiting.at.file->has(waiting.listener->position, piece);
                              run(waiting);
                            });
      return;
    }
    shared_.readers->warm_reads.fetch_add(1, std::memory_order_relaxed);
  }
  StreamView view = *file.view;
  view.end = std::max(limit, listener.position);
  if (listener.position + ReaderPool::kPiece < view.end)
    view.end = listener.position + ReaderPool::kPiece;
  const std::uint64_t before = listener.bytes_sent;
  const Delivered delivered = deliver(listener, view, kShiftedBudget, streams_.delivery_call());
  const std::uint64_t sent = listener.bytes_sent - before;
  if (sent > 0 || !one.waits_for_client) one.progress = loop_.now();
  if (sent > 0) {
    one.at.mount->bytes_sent.fetch_add(sent, std::memory_order_relaxed);
    streams_.count_sent(sent);
  }
  switch (delivered) {
    case Delivered::kGone:
      end(one, EndReason::kClientGone);
      return;
    case Delivered::kBlocked:
    case Delivered::kMore:
      want_write(one, true);
      return;
    case Delivered::kCaughtUp:
      if (listener.position < limit) {
        want_write(one, true);
        return;
      }
      want_write(one, false);
      if (listener.position >= listener.leave_at())
        depart(one);
      else if (listener.position >= file.end())
        go_on(one);
      return;
  }
}

// To the mount that it is moved to.
void ShiftedStreams::depart(One& one) {
  auto row = all_.extract(one.listener->id);
  count_.store(all_.size(), std::memory_order_relaxed);
  One& gone = *row.mapped();
  gone.listener->watch.stop();
  streams_.departed(std::move(gone.listener), *gone.at.mount);
}

std::size_t ShiftedStreams::move(const Mount& from, const std::shared_ptr<Mount>& to) {
  std::size_t moved = 0;
  for (const auto& [id, one] : all_) {
    const FileIndex& index = one->at.file->index;
    if (one->at.mount->name() != from.name() ||
        index.head.content_type != to->facts()->content_type)
      continue;
    Listener& listener = *one->listener;
    std::size_t mark = index.mark_before(listener.position);
    if (index.marks[mark].offset < listener.position && mark + 1 < index.marks.size()) ++mark;
    listener.continuation = std::make_unique<Continuation>(
        Continuation{std::max(listener.position, index.marks[mark].offset), to, EnterMode::kLive});
    ++moved;
  }
  return moved;
}

void ShiftedStreams::want_write(One& one, bool wanted) {
  if (one.waits_for_client == wanted) return;
  one.waits_for_client = wanted;
  Watch& watch = one.listener->watch;
  watch.want(static_cast<short>(wanted ? watch.wanted() | EV_WRITE : watch.wanted() & ~EV_WRITE));
}

// The file is at its end.  False: nothing follows yet, or the listener has ended.
bool ShiftedStreams::go_on(One& one) {
  const Catalog::Files files = shared_.remote != nullptr ? shared_.remote->files(one.at.recorded)
                                                         : shared_.catalog->files(one.at.recorded);
  const ArchiveFile& file = *one.at.file;
  const std::uint64_t origin = file.row.origin + one.listener->position;
  std::size_t next = files->find(file.row.id, origin);
  if (next < files->size() && !(one.lost && file.is((*files)[next]))) {
    const FileRow& row = (*files)[next];
    load(one, row, origin - row.origin, false);
    return true;
  }
  // The end of the file, unless it is lost before.
  const std::int64_t here_ms =
      file.index.marks[file.index.mark_before(one.listener->position)].wall_ms;
  if (look(one, here_ms)) return false;
  next = files->find(here_ms);
  while (next < files->size() && (file.is((*files)[next]) || (*files)[next].bytes == 0)) ++next;
  if (next < files->size()) {
    const FileRow& row = (*files)[next];
    const std::int64_t hole = row.from_ms - here_ms;
    if (hole > std::chrono::milliseconds(kLongestHole).count()) {
      end(one, EndReason::kSourceEnded);
      return false;
    }
    // Listeners come nearer to the present by what is missing.
    if (hole > 0) one.at.wall_ms += hole;
    load(one, row, 0, true);
    return true;
  }
  const std::int64_t now = to_ms(loop_.now() - one.since);
  if (one.stuck_ms < 0) one.stuck_ms = now;
  one.looked = false;
  const bool ended = one.lost || (!shared_.live(one.at.recorded) && !files->growing());
  if (ended || now - one.stuck_ms > std::chrono::milliseconds(kLongestHole).count())
    end(one, EndReason::kSourceEnded);
  return false;
}

// Asks other nodes what they have of the time that follows.  False: they were asked.
bool ShiftedStreams::look(One& one, std::int64_t from_ms) {
  if (one.looked || shared_.remote == nullptr || !shared_.remote->holds(one.at.recorded))
    return false;
  one.looked = true;
  one.waits_for_disk = true;
  shared_.remote->look(one.at.recorded, from_ms, from_ms + kLookMs,
                       [this, id = one.listener->id](bool) {
                         loop_.post([this, id] {
                           const auto found = all_.find(id);
                           if (found == all_.end()) return;
                           found->second->waits_for_disk = false;
                           go_on(*found->second);
                         });
                       });
  return true;
}

void ShiftedStreams::load(One& one, const FileRow& row, std::uint64_t offset, bool seam) {
  one.waits_for_disk = true;
  one.stuck_ms = -1;
  shared_.readers->load(*shared_.dir, one.at.recorded, row, loop_,
                        [this, offset, seam, id = one.listener->id](RemoteArchive::File file) {
                          const auto found = all_.find(id);
                          if (found != all_.end())
                            loaded(*found->second, std::move(file), offset, seam);
                        });
}

void ShiftedStreams::loaded(One& one, RemoteArchive::File file, std::uint64_t offset, bool seam) {
  one.waits_for_disk = false;
  if (one.listener->continuation) {
    depart(one);
    return;
  }
  const bool same_type =
      file.has_value() && (*file)->index.head.content_type == one.at.file->index.head.content_type;
  if (!same_type || offset > (*file)->end()) {
    end(one, EndReason::kSourceEnded);
    return;
  }
  one.at.file = std::move(*file);
  one.listener->position = offset;
  keep_title(*one.listener, *one.at.file->view, offset);
  one.looked = one.lost = false;
  if (seam)
    if (auto headers = one.at.file->index.headers_at(offset)) {
      one.listener->preamble = std::make_unique<Preamble>();
      one.listener->preamble->headers = std::move(headers);
    }
  if (offset < one.at.file->end()) run(one);
}

// Within the burst of the present: the live log has the rest.
bool ShiftedStreams::enter_live(One& one) {
  Listener& listener = *one.listener;
  if (listener.continuation || (listener.preamble && listener.preamble->sent > 0)) return false;
  const auto mount = shared_.live(one.at.recorded);
  if (!mount) return false;
  const auto view = mount->channel().newest();
  const auto position = position_of(*view, one.at.file->index.head.span.id,
                                    one.at.file->row.origin + listener.position);
  if (!position || view->end - *position > mount->settings()->burst_bytes) return false;
  want_write(one, false);
  keep_title(listener, *view, *position);
  if (mount != one.at.mount) change_mount(one, mount);
  auto row = all_.extract(listener.id);
  count_.store(all_.size(), std::memory_order_relaxed);
  listener.watch.stop();
  auto back = streams_.enter_at(std::move(row.mapped()->listener), mount, *position);
  if (back) streams_.ended(std::move(back), *mount, EndReason::kLagged);
  return true;
}

void ShiftedStreams::each(const Mount* mount, const std::function<void(Listener&)>& f) const {
  for (const auto& [id, one] : all_)
    if (mount == nullptr || one->at.mount->name() == mount->name()) f(*one->listener);
}

bool ShiftedStreams::finish(std::uint64_t id, EndReason reason) {
  const auto found = all_.find(id);
  if (found == all_.end()) return false;
  end(*found->second, reason);
  return true;
}

void ShiftedStreams::finish_all(const Mount* mount, EndReason reason) {
  std::vector<std::uint64_t> ids;
  each(mount, [&ids](Listener& listener) { ids.push_back(listener.id); });
  for (const std::uint64_t id : ids) finish(id, reason);
}

void ShiftedStreams::end(One& one, EndReason reason) {
  auto row = all_.extract(one.listener->id);
  count_.store(all_.size(), std::memory_order_relaxed);
  One& gone = *row.mapped();
  gone.listener->watch.stop();
  streams_.ended(std::move(gone.listener), *gone.at.mount, reason);
}

}  // namespace lb
