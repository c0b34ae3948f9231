// DumpWriter: writes the streams of sources to their <dump-file>s, as a reader of the log.
//
// Thread: one loop of its own, where write(2) may wait for a disk; never a loop that has
// connections (doc/decisions.md A4).  begin() and finish_all() may be called from any thread.
// Ownership: a dump holds its mount until the stream has ended and is written.
// Positions: a dump begins where its source begins, so an Ogg stream begins with its headers.
// Errors: a file that cannot be opened or written (a full disk) is logged once and ends that dump;
// the stream is not affected.
// Source: Icecast 2.4.4: strftime(3) in the name, local time, append; Icecast-KH: ${mount}.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/record.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "stream/mount/mount.h"
#include "stream/mount/moved_fd.h"

namespace lb {

struct DumpRecord {
  std::string mount, path;
  MovedFd file = 0;
  std::uint64_t position = 0, written = 0, missed = 0;
};
template <class Io, RecordOf<DumpRecord> T>
void record_fields(Io& io, T& dump) {
  auto& [mount, path, file, position, written, missed] = dump;
  io.needed(1, mount);
  io(2, path);
  io.needed(3, file, position);
  io(5, written, missed);
}

class DumpWriter {
 public:
  DumpWriter(Loop& loop, Log& log);
  ~DumpWriter();
  DumpWriter(const DumpWriter&) = delete;
  DumpWriter& operator=(const DumpWriter&) = delete;

  // A source begins to write `mount` at the end of its published bytes, which ends an earlier dump
  // of the mount.
  void begin(const std::shared_ptr<Mount>& mount, std::string pattern);
  // Writes all published bytes and closes the files.
  void finish_all();

  // -- of a hand-over
  // Nothing is written until go_on(). done: called on its loop, with records whose descriptors are
  // this process's.
  void rest(std::function<void(std::vector<DumpRecord>)> done);
  // On control, between done() and go_on(), while no begin() runs: why the records cannot be used;
  // "": they can.
  std::string cannot_move() const;
  void go_on();
  // A dump of another process goes on.
  void take_over(const std::shared_ptr<Mount>& mount, const DumpRecord& saved, UniqueFd file);
  // On its loop.
  std::size_t running() const noexcept { return dumps_.size(); }

 private:
  struct Dump : DumpRecord {
    std::shared_ptr<Mount> reads;
    UniqueFd out;
  };
  enum class Progress : std::uint8_t { kCaughtUp, kMore, kOver };

  void add(std::shared_ptr<Mount> mount, const std::string& pattern, std::uint64_t position);
  void tick();
  Progress advance(Dump& dump, std::size_t budget, std::uint64_t limit);
  bool write_out(Dump& dump, std::span<const std::byte> bytes);
  void close(const Dump& dump);

  Loop& loop_;
  Log& log_;
  std::list<Dump> dumps_;
  bool rests_ = false;
  std::vector<std::shared_ptr<const Mount>> resting_;  // those of the records
  std::atomic<std::uint64_t> begun_{0};                // calls of begin()
  std::uint64_t added_ = 0;                            // of these
  std::optional<std::uint64_t> added_at_rest_;
  Timer timer_;
};

}  // namespace lb
