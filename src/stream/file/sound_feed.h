// SoundFeeds: writes the sound of mounts into the pipes of programs that analyse it.  Feeds are
// readers of the log, and nothing waits for them.
//
// Thread: one loop of its own, not of connections; begin() and end() may be called from any thread.
// Ownership: a feed holds its mount and its pipe until end(), or until it is over by itself.
// Bounds: bytes that a program does not read stay in the log; when they have left its window, or
// the program is gone, the feed ends.
// Positions: a feed begins with the newest unit and its headers.
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

// SoundFeedRecord: the position of a program's feed, for the process that takes over.
struct SoundFeedRecord {
  MovedFd pipe = 0;
  std::uint64_t from = 0;
  std::optional<std::uint64_t> position;  // nullopt: nothing is written yet
  std::string headers;                    // to be written first
  static constexpr PlainRecord kRecord{.members = 4, .needed = 1};
};

class SoundFeeds {
 public:
  // over: called on this loop when a feed has ended by itself.
  SoundFeeds(Loop& loop, std::function<void(std::uint64_t id)> over);
  SoundFeeds(const SoundFeeds&) = delete;
  SoundFeeds& operator=(const SoundFeeds&) = delete;

  // id: chosen by the caller. from: a position of the log; nothing before it is written. pipe:
  // non-blocking.
  void begin(std::uint64_t id, std::shared_ptr<Mount> mount, std::uint64_t from, UniqueFd pipe);
  void end(std::uint64_t id);
  void end_all();

  // -- of a hand-over
  // Nothing is written until go_on(). done: called on its loop, with records by id, whose
  // descriptors are this process's.
  void rest(std::function<void(std::map<std::uint64_t, SoundFeedRecord>)> done);
  void go_on();
  // A feed of another process goes on.
  void take_over(std::uint64_t id, std::shared_ptr<Mount> mount, const SoundFeedRecord& saved,
                 UniqueFd pipe);
  // On its loop.
  std::size_t running() const noexcept { return feeds_.size(); }

 private:
  struct Feed : SoundFeedRecord {
    std::uint64_t id = 0;
    std::shared_ptr<Mount> mount;
    UniqueFd out;
  };
  void tick();
  // False: the feed is over.
  static bool advance(Feed& feed);
  static bool find_begin(Feed& feed, const StreamView& view);

  Loop& loop_;
  const std::function<void(std::uint64_t)> over_;
  std::list<Feed> feeds_;
  bool rests_ = false;
  Timer timer_;
};

}  // namespace lb
