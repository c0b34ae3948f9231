// ShiftedStreams: listeners in the past, on one worker: each has a position in a recorded file, and
// gets bytes at the pace of the marks' wall times.
//
// A burst first, then a pass each second.  The ReaderPool brings bytes into memory, so no worker
// reads a cold page.  After a hole shorter than kLongestHole the next file follows; a listener
// within the burst of the present continues in the live log at exactly its byte.
// Thread: one worker.
// Ownership: the worker owns it; it owns its listeners.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "archive/read/stream_start.h"
#include "stream/listener/listener_group.h"

namespace lb {

struct ArchiveFile;
class Catalog;
class FdsOut;
class LoopStreams;
struct PastRecord;
class ReaderPool;
class RemoteArchive;

class ShiftedStreams final : public ListenerGroup {
 public:
  struct Shared {
    const Catalog* catalog = nullptr;  // null: there is no archive
    RemoteArchive* remote = nullptr;   // null: other nodes' files are not played
    ReaderPool* readers = nullptr;
    const std::string* dir = nullptr;  // empty until it is configured
    // The mount if it plays now; null: it does not.
    std::function<std::shared_ptr<Mount>(const std::string& name)> live;
    // The mount of its listeners while it does not play; never null.
    std::function<std::shared_ptr<Mount>(const std::string& name, const ArchiveFile& sample)>
        off_air = {};
  };
  ShiftedStreams(LoopStreams& streams, Shared shared);

  // Adds the headers for decoders to the preamble.  The listener may have ended when this returns.
  void join(std::unique_ptr<Listener> listener, ShiftedStart start);
  std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to) override;

  // -- of a hand-over, between two turns
  void each_past(const std::function<void(PastRecord)>& f, FdsOut& fds) const;
  // A listener that has entered its gates. file: with its next byte; if null, it is searched until
  // it is found, once the loop runs.
  void adopt(std::unique_ptr<Listener> listener, std::shared_ptr<Mount> mount,
             const PastRecord& saved, std::shared_ptr<const ArchiveFile> file = nullptr);

 private:
  struct One;
  One* find_one(std::uint64_t id) const;

  LoopStreams& streams_;
  const Shared shared_;
};

}  // namespace lb
