// PastReading: work in steps that reads recorded files of this node and others.  A step runs on a
// reader and never waits for another node: it asks for missing data, and runs again when all of
// that has come, or cannot be had.
//
// Thread: run() from any thread; steps run on the threads of the ReaderPool, one at a time.
// Ownership: it owns itself until after its last step.
// Errors: an unavailable file is null; unanswered() shows whether it may be available later.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "archive/read/reader_pool.h"
#include "base/unique_function.h"

namespace lb {

class PastReading : public std::enable_shared_from_this<PastReading> {
 public:
  // True: another step follows, behind all others that wait for a reader.  A step that lacks data
  // must change nothing, because it runs again.
  using Step = UniqueFunction<bool(PastReading&)>;

  PastReading(ReaderPool& readers, std::string dir, std::string mount)
      : readers_(readers), dir_(std::move(dir)), mount_(std::move(mount)) {}
  void run(Step step);

  // Null: requested, or unavailable.
  std::shared_ptr<const ArchiveFile> open(const FileRow& row);
  // False: requested, or unavailable.
  bool has(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes);
  // The existing bytes of a part of a file; empty: requested, or unavailable.
  Bytes read(const ArchiveFile& file, std::uint64_t from, std::uint64_t to);
  // Asks the other nodes for their files of a time, or from a byte on (RemoteArchive::check()).
  // nullopt: requested; otherwise the answer, and the next call asks again.
  std::optional<bool> check(std::int64_t from_ms, std::int64_t to_ms);
  std::optional<bool> check(std::uint32_t id, std::uint64_t origin);

  bool lacks() const noexcept { return !wanted_.empty(); }
  // Whether the node of an opened file does not answer, or there is no space for its bytes now.
  bool unanswered() const noexcept { return unanswered_; }
  const std::string& mount() const noexcept { return mount_; }
  ReaderPool& readers() const noexcept { return readers_; }

 private:
  using Then = Loop::Task;
  template <class Ask>
  std::optional<bool> check(Ask ask);
  void turn(const std::shared_ptr<Step>& step);
  void bring(const std::shared_ptr<Step>& step);

  ReaderPool& readers_;
  const std::string dir_, mount_;
  // Requests of this step; each calls `then` when it has come, or failed.
  std::vector<UniqueFunction<void(Then)>> wanted_;
  std::atomic<std::size_t> left_{0};  // outstanding requests
  // Of this step:
  std::map<std::string, std::shared_ptr<const ArchiveFile>> opened_;  // null: it cannot be had
  std::set<std::pair<const ArchiveFile*, std::uint64_t>> missing_;    // from this offset on
  std::optional<bool> was_found_;
  bool unanswered_ = false;
};

}  // namespace lb
