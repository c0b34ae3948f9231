// ShiftedStreams: listeners in the past, on one worker: each is at a place in a recorded file, and
// gets what the wall time of the marks says, at the pace at which it was live.
//
// A burst at once, then a pass each second.  What is not in memory is fetched by the ReaderPool;
// no worker reads a cold page.  At a hole the next file follows, if it is shorter than
// kLongestHole; a listener that is within the burst of the present goes on in the live log at
// exactly its byte.
// Thread: one worker.
// Ownership: the worker owns it; it owns its listeners.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "archive/files/archive_file.h"
#include "archive/read/reader_pool.h"
#include "archive/read/stream_start.h"
#include "stream/listener/listener_group.h"
#include "stream/listener/loop_streams.h"

namespace lb {

class FdsOut;
struct PastRecord;

class ShiftedStreams final : public ListenerGroup {
 public:
  struct Shared {
    const Catalog* catalog = nullptr;  // null: there is no archive
    RemoteArchive* remote = nullptr;   // null: nothing of other nodes is played
    ReaderPool* readers = nullptr;
    const std::string* dir = nullptr;  // empty until there is one
    // The mount that plays now; null: none.
    std::function<std::shared_ptr<Mount>(const std::string& name)> live;
    // Its listeners' mount while it does not play; never null.
    std::function<std::shared_ptr<Mount>(const std::string& name, const ArchiveFile& sample)>
        off_air = {};
  };
  ShiftedStreams(LoopStreams& streams, Shared shared);

  // The listener's preamble gets what a decoder needs first.  It may have ended when this returns.
  void join(std::unique_ptr<Listener> listener, ShiftedStart start);
  std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to) override;

  // -- of a hand-over, between two turns
  void each_past(const std::function<void(PastRecord)>& f, FdsOut& fds) const;
  // One that is in its gates.  Its file is looked for when the loop runs, until there is one.
  void adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
             const PastRecord& saved);

 private:
  struct One;
  One* find_one(std::uint64_t id) const;

  LoopStreams& streams_;
  const Shared shared_;
};

}  // namespace lb
