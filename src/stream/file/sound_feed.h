// SoundFeeds: what mounts play, written into the pipes of programs that listen to it: readers of
// the log like any other, which nothing waits for.
//
// Thread: one loop of its own, not of connections; begin() and end() may be called from any thread.
// Ownership: a feed holds its mount and its pipe until end(), or until it is over by itself.
// Bounds: what a program does not read stays in the log; when it has left the window there, or the
// program is gone, the feed is over.
// Positions: a feed begins with the newest unit, and the headers that belong to it.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/record.h"
#include "base/unique_fd.h"
#include "net/loop/loop.h"
#include "stream/mount/mount.h"
#include "stream/mount/moved_fd.h"

namespace lb {

// SoundFeedRecord: how far a program that listens to a mount has been fed, for the process that
// goes on with it.
struct SoundFeedRecord {
  MovedFd pipe = 0;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> position;  // nullopt: nothing is written yet
  std::string headers;                    // that are to be written before
};
template <class Io, RecordOf<SoundFeedRecord> T>
void record_fields(Io& io, T& feed) {
  auto& [pipe, from, position, headers] = feed;
  io.needed(1, pipe);
  io(2, from, position, headers);
}

class SoundFeeds {
 public:
  // over: a feed has ended by itself; on this loop.
  SoundFeeds(Loop& loop, std::function<void(std::uint64_t id)> over);
  SoundFeeds(const SoundFeeds&) = delete;
  SoundFeeds& operator=(const SoundFeeds&) = delete;

  // id: of the caller's choice.  from: of the log; nothing before it is written.  pipe: does not
  // block.
  void begin(std::uint64_t id, std::shared_ptr<Mount> mount, std::uint64_t from, UniqueFd pipe);
  void end(std::uint64_t id);
  void end_all();

  // -- of a hand-over
  // Nothing is written until go_on(); done: on its loop, with what another process goes on with, by
  // id.  Descriptors in it are this process's.
  void rest(std::function<void(std::map<std::uint64_t, SoundFeedRecord>)> done);
  void go_on();
  // A feed of another process goes on.
  void take_over(std::uint64_t id, std::shared_ptr<Mount> mount, const SoundFeedRecord& saved,
                 UniqueFd pipe);
  // On its loop.
  std::size_t running() const noexcept { return feeds_.size(); }

 private:
  struct Feed {
    std::uint64_t id = 0;
    std::shared_ptr<Mount> mount;
    UniqueFd pipe;
    std::uint64_t from = 0;
    bool begun = false;
    std::uint64_t position = 0;
    std::shared_ptr<const Bytes> headers;  // that are to be written first; null: none
    std::size_t headers_written = 0;
  };
  void tick();
  // False: it is over.
  static bool advance(Feed& feed);
  static bool find_begin(Feed& feed, const StreamView& view);
  void add(std::shared_ptr<Feed> feed);

  Loop& loop_;
  const std::function<void(std::uint64_t)> over_;
  std::list<Feed> feeds_;
  bool rests_ = false;
  Timer timer_;
};

}  // namespace lb
