#include "stream/source/dump_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "base/cat.h"
#include "base/clock.h"
#include "base/strings.h"

namespace lb {
namespace {

using namespace std::chrono_literals;

// At any usual rate the window of queue-size holds many times this.
constexpr auto kDumpTick = 200ms;
// Limits how long one dump delays the others.
constexpr std::size_t kBudget = 1 << 20;
constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

}  // namespace

DumpWriter::DumpWriter(Loop& loop, Log& log)
    : loop_(loop), log_(log), timer_(loop, [this] { tick(); }) {}

DumpWriter::~DumpWriter() = default;

void DumpWriter::begin(const std::shared_ptr<Mount>& mount, std::string pattern) {
  Channel& channel = mount->channel();
  const std::uint64_t position = channel.newest()->end;
  // From here on the window keeps the bytes that are to be written.
  if (channel.low_water_of(channel.archive_slot()) == Channel::kNoReader)
    channel.set_low_water(channel.archive_slot(), position);
  begun_.fetch_add(1, std::memory_order_relaxed);
  loop_.post(
      [this, mount, pattern = std::move(pattern), position] { add(mount, pattern, position); });
}

void DumpWriter::rest(std::function<void(std::vector<DumpRecord>)> done) {
  loop_.post([this, done = std::move(done)] {
    rests_ = true;
    timer_.cancel();
    std::vector<DumpRecord> all;
    resting_.clear();
    added_at_rest_ = added_;
    for (auto at = dumps_.begin(); at != dumps_.end();) {
      if (advance(*at, kBudget, kNoLimit) == Progress::kOver) {
        close(*at);
        at = dumps_.erase(at);
        continue;
      }
      all.emplace_back(*at).file = static_cast<MovedFd>(at->out.get());
      resting_.push_back(at->reads);
      ++at;
    }
    done(std::move(all));
  });
}

// The next process has no mount of a stream that has ended, or a later one of the same name.
std::string DumpWriter::cannot_move() const {
  if (added_at_rest_ && begun_.load(std::memory_order_relaxed) != *added_at_rest_)
    return "a dump begins at this moment";
  for (const auto& mount : resting_)
    if (mount->channel().newest()->ended)
      return cat({"the dump of ", mount->name(), " ends at this moment"});
  return {};
}

void DumpWriter::go_on() {
  loop_.post([this] {
    resting_.clear();
    added_at_rest_.reset();
    if (std::exchange(rests_, false) && !dumps_.empty()) timer_.after(kDumpTick);
  });
}

void DumpWriter::take_over(const std::shared_ptr<Mount>& mount, const DumpRecord& saved,
                           UniqueFd file) {
  // From here on the window keeps the bytes that are to be written.
  mount->channel().set_low_water(mount->channel().archive_slot(), saved.position);
  loop_.post([this, mount, saved, file = std::make_shared<UniqueFd>(std::move(file))] {
    dumps_.push_back({saved, mount, std::move(*file)});
    if (!timer_.armed()) timer_.after(kDumpTick);
  });
}

void DumpWriter::add(std::shared_ptr<Mount> mount, const std::string& pattern,
                     std::uint64_t position) {
  ++added_;
  for (auto at = dumps_.begin(); at != dumps_.end(); ++at) {
    if (at->reads != mount) continue;
    advance(*at, std::numeric_limits<std::size_t>::max(), position);
    close(*at);
    dumps_.erase(at);
    break;
  }
  Channel& channel = mount->channel();
  Dump dump;
  dump.mount = mount->name();
  dump.path = expand_mount(local_text(loop_.clock().wall(), pattern.c_str()), mount->name());
  // O_NONBLOCK, because the path may name a FIFO.
  if (!dump.path.empty())
    dump.out.reset(::open(dump.path.c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW,
                          0644));
  if (!dump.out) {
    const std::string why =
        dump.path.empty() ? "the name expands to nothing" : std::strerror(errno);
    log_.error("source/dump",
               cat({"mount ", dump.mount, ": dump-file ", dump.path.empty() ? pattern : dump.path,
                    " cannot be opened (", why, "); the stream is not dumped"}));
    channel.set_low_water(channel.archive_slot(), Channel::kNoReader);
    return;
  }
  channel.set_low_water(channel.archive_slot(), position);
  log_.info("source/dump", cat({"mount ", dump.mount, ": dumping to ", dump.path}));
  dump.reads = std::move(mount);
  dump.position = position;
  dumps_.push_back(std::move(dump));
  if (!timer_.armed() && !rests_) timer_.after(kDumpTick);
}

void DumpWriter::tick() {
  bool more = false;
  for (auto at = dumps_.begin(); at != dumps_.end();) {
    switch (advance(*at, kBudget, kNoLimit)) {
      case Progress::kMore:
        more = true;
        break;
      case Progress::kCaughtUp:
        break;
      case Progress::kOver:
        close(*at);
        at = dumps_.erase(at);
        continue;
    }
    ++at;
  }
  if (!dumps_.empty()) timer_.after(more ? 0ms : kDumpTick);
}

DumpWriter::Progress DumpWriter::advance(Dump& dump, std::size_t budget, std::uint64_t limit) {
  Channel& channel = dump.reads->channel();
  const auto view = channel.newest();
  const std::uint64_t end = std::min(view->end, limit);
  if (dump.position < view->begin) {
    dump.missed += view->begin - dump.position;
    dump.position = view->begin;
  }
  while (dump.position < end && budget > 0) {
    auto bytes = view->bytes_at(dump.position);
    if (bytes.empty()) break;
    bytes = bytes.first(
        std::min({bytes.size(), budget, static_cast<std::size_t>(end - dump.position)}));
    if (!write_out(dump, bytes)) return Progress::kOver;
    dump.position += bytes.size();
    budget -= bytes.size();
  }
  channel.set_low_water(channel.archive_slot(), dump.position);
  if (dump.position < end) return Progress::kMore;
  return view->ended ? Progress::kOver : Progress::kCaughtUp;
}

bool DumpWriter::write_out(Dump& dump, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(dump.out.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      log_.error("source/dump", cat({"mount ", dump.mount, ": dump-file ", dump.path, ": ",
                                     std::strerror(n < 0 ? errno : ENOSPC), " after ", dump.written,
                                     " bytes; the stream goes on without it"}));
      return false;
    }
    dump.written += static_cast<std::uint64_t>(n);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void DumpWriter::close(const Dump& dump) {
  Channel& channel = dump.reads->channel();
  channel.set_low_water(channel.archive_slot(), Channel::kNoReader);
  if (dump.missed > 0)
    log_.warn("source/dump",
              cat({"mount ", dump.mount, ": dump-file ", dump.path, " lacks ", dump.missed,
                   " bytes, because the disk was slower than the stream"}));
  log_.info("source/dump", cat({"mount ", dump.mount, ": dump-file ", dump.path, " closed after ",
                                dump.written, " bytes"}));
}

void DumpWriter::finish_all() {
  loop_.post([this] {
    timer_.cancel();
    for (Dump& dump : dumps_) {
      advance(dump, std::numeric_limits<std::size_t>::max(), kNoLimit);
      close(dump);
    }
    dumps_.clear();
  });
}

}  // namespace lb
