// PastReading: work that reads recorded files in steps, of this node and of others.  A step runs on
// a reader and waits for no other node: what it lacks, it names by asking for it, and it runs once
// more when all of that has come, or cannot be had.
//
// Thread: run() from any thread; steps run on the threads of the ReaderPool, one at a time.
// Ownership: it owns itself until its last step has run.
// Errors: a file that cannot be had is null; unanswered() tells whether there may be one later.
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
  // True: there is another step, behind all others that wait for a reader.  One that lacks
  // something has to leave everything as it was: it runs from its begin again.
  using Step = UniqueFunction<bool(PastReading&)>;

  PastReading(ReaderPool& readers, std::string dir, std::string mount)
      : readers_(readers), dir_(std::move(dir)), mount_(std::move(mount)) {}
  void run(Step step);

  // Null: it lacks, or cannot be had.
  std::shared_ptr<const ArchiveFile> open(const FileRow& row);
  // False: they lack, or cannot be had.
  bool has(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes);
  // A part of a file, as much of it as there is; empty: it lacks, or cannot be had.
  Bytes read(const ArchiveFile& file, std::uint64_t from, std::uint64_t to);
  // Asks the other nodes what they have of a time, or from a byte on (RemoteArchive::look()).
  // Nothing: the answer lacks; else it is taken, and the next call asks again.
  std::optional<bool> check(std::int64_t from_ms, std::int64_t to_ms);
  std::optional<bool> check(std::uint32_t id, std::uint64_t origin);

  bool lacks() const noexcept { return !wanted_.empty(); }
  // A node that has a file that was opened does not answer, or there is no room for its bytes now.
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
  // What the step lacks; each calls `then` when it has come, or cannot.
  std::vector<UniqueFunction<void(Then)>> wanted_;
  std::atomic<std::size_t> left_{0};  // of what is being brought
  // Of this step:
  std::map<std::string, std::shared_ptr<const ArchiveFile>> opened_;  // null: it cannot be had
  std::set<std::pair<const ArchiveFile*, std::uint64_t>> missing_;    // bytes from there on
  std::optional<bool> was_found_;
  bool unanswered_ = false;
};

}  // namespace lb
