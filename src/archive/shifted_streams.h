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

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "archive/archive_file.h"
#include "archive/reader_pool.h"
#include "stream/fanout.h"
#include "stream/listener_group.h"
#include "stream/loop_streams.h"

namespace lb {

// Where a listener begins.
struct ShiftedStart {
  std::shared_ptr<Mount> mount;  // the live one, or that of its name that is off the air
  std::shared_ptr<const SourceFacts> facts;  // of what it hears
  std::string recorded;                      // the mount's name in the archive
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t offset = 0;
  std::int64_t wall_ms = 0;  // of the byte there
  Bytes lead;  // goes in front, behind the headers: a part of the page that ends at `offset`
};

class ShiftedStreams final : public ListenerGroup {
 public:
  static constexpr std::chrono::seconds kLongestHole{60};

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
  ~ShiftedStreams() override;

  // The listener's preamble gets what a decoder needs first.  It may have ended when this returns.
  void join(std::unique_ptr<Listener> listener, ShiftedStart start);

  void each(const Mount* mount, const std::function<void(Listener&)>& f) const override;
  bool finish(std::uint64_t id, EndReason reason) override;
  void finish_all(const Mount* mount, EndReason reason) override;
  std::size_t move(const Mount& from, const std::shared_ptr<Mount>& to) override;
  std::size_t size() const noexcept override { return all_.size(); }
  // The same, from any thread.
  std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  struct One {
    ShiftedStreams& owner;
    std::unique_ptr<Listener> listener;
    ShiftedStart at;
    SteadyTime since;             // at.wall_ms was due then
    std::int64_t stuck_ms = -1;   // no file follows since this many ms after `since`; -1: not stuck
    bool waits_for_disk = false;  // a file, or a part of one
    bool looked = false;          // other nodes were asked what follows
    bool lost = false;            // no node gives the bytes that are due
    bool waits_for_client = false;
    SteadyTime progress{};  // when the client took something last, or had nothing to take
    void on_client(short events);
  };
  void begin_pass();
  void pass();
  void tend(One& one);
  void settle(One& one);
  void change_mount(One& one, const std::shared_ptr<Mount>& mount);
  void depart(One& one);
  void run(One& one);
  bool go_on(One& one);
  bool look(One& one, std::int64_t from_ms);
  bool enter_live(One& one);
  void load(One& one, const FileRow& row, std::uint64_t offset, bool seam);
  void loaded(One& one, RemoteArchive::File file, std::uint64_t offset, bool seam);
  void want_write(One& one, bool wanted);
  std::int64_t due_ms(const One& one) const;
  void end(One& one, EndReason reason);

  LoopStreams& streams_;
  Loop& loop_;
  const Shared shared_;
  std::map<std::uint64_t, std::unique_ptr<One>> all_;  // by the listener's id
  std::atomic<std::size_t> count_{0};
  std::vector<std::uint64_t> passing_;  // of the pass under way
  std::size_t passing_at_ = 0;
  Timer timer_;
};

}  // namespace lb
