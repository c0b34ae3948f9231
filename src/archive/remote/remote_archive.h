// RemoteArchive: other nodes' recordings, fetched in blocks of 256 KiB and kept, so that they play
// like own files.
//
// A block is requested once for all that want it, together with the next one.  A holder that fails
// rests for kRest, and the next one is asked for the same bytes; after kPatience the waiting
// requests fail.  All bytes are checked with the index.
// Thread: holds(), files() and counters from any thread, as are check(), load() and fetch(), whose
// `then` is called on this object's thread, and has to post the result to the caller's.  The thread
// begins with the first holder, so a node without holders does not have it.
// Ownership: app/services/remote_recordings.
// Bounds: the cache (FileCache) has cache_bytes, and more only for files being played: beyond that
// new ones are refused.  Lists have kMaxListed rows a mount and node.
// Errors: kNotFound: no holder has it; kClosed: one has not answered; kLimit: the cache is full.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/files/archive_file.h"
#include "archive/files/catalog.h"
#include "archive/files/holders.h"
#include "base/log.h"
#include "base/snapshot.h"
#include "base/unique_function.h"
#include "net/fetch/fetch.h"
#include "net/loop/loop.h"

namespace lb {

// FileCache: open recorded files, each once for all its readers: a thousand listeners of one
// programme share a descriptor, a mapping and an index.  Recently used ones stay open, so that
// lists and segments of HLS do not read an index for each request.
// Thread: any.
// Bounds: kMaxIdle unused files, and their bytes by make_room(); each has a descriptor or two, a
// mapping and some 20 kB.
class FileCache {
 public:
  static constexpr std::size_t kMaxIdle = 320;  // a day of files of 300 s

  struct Key {
    std::string mount;
    ArchiveFileName name;

    bool operator<(const Key& other) const noexcept;
  };
  // Null: not here.
  std::shared_ptr<const ArchiveFile> find(const Key& key);
  // Replaces an earlier entry.
  void put(const Key& key, std::shared_ptr<const ArchiveFile> file);
  // Drops a file that is not needed again; its memory is freed with its last reader.
  void drop(const Key& key);
  // Drops the least recently used, until other nodes' files have at most this many bytes here.
  void make_room(std::uint64_t bytes = ~std::uint64_t{0});
  // Bytes of other nodes' files being read.
  std::uint64_t bytes_in_use() const;

 private:
  struct Kept {
    std::shared_ptr<const ArchiveFile> file;
    std::uint64_t used = 0;

    bool in_use() const noexcept;
    std::uint64_t bytes() const noexcept { return file->remote ? file->remote->bytes() : 0; }
  };

  mutable std::mutex mutex_;
  std::map<Key, Kept> files_;
  std::uint64_t uses_ = 0;
};

// RemoteJoin: waits for several answers.
class RemoteJoin {
 public:
  using Then = UniqueFunction<void(bool)>;

  // then: called once this is closed and all parts were called; true: all were good.
  explicit RemoteJoin(Then then) : state_(std::make_shared<State>()) {
    state_->then = std::move(then);
  }
  Then part() {
    ++state_->left;
    return [state = state_](bool good) { state->take(good); };
  }
  void close() { state_->take(true); }

 private:
  struct State {
    std::size_t left = 1;
    bool good = true;
    Then then;

    void take(bool came) {
      good = good && came;
      if (--left == 0) then(good);
    }
  };
  std::shared_ptr<State> state_;
};

class RemoteArchive {
 public:
  static constexpr std::chrono::seconds kRest{10}, kPatience{5};
  static constexpr std::size_t kMaxListed = 20'000;

  using File = Result<std::shared_ptr<const ArchiveFile>>;
  // Sends a request to another server; on the loop.
  using Transport = std::function<void(FetchRequest, Fetcher::Done)>;

  // begin: returns its loop, called with the first holder. own: this node's files.
  RemoteArchive(std::function<Loop&()> begin, Log& log, const Catalog& own, Transport transport);
  ~RemoteArchive();

  // Both on one thread. cache_dir "": in memory.
  void configure(std::string cache_dir, std::uint64_t cache_bytes);
  void set_holders(std::shared_ptr<const HolderView> holders);
  std::shared_ptr<const HolderView> holders() const { return holders_.read(); }
  bool holds(std::string_view mount) const { return holders()->has(mount); }

  // Own files, and the known files of other nodes.
  Catalog::Files files(const std::string& mount) const;
  // Asks the holders for their files of a time, or from a byte on, for files().  False: a holder
  // has not answered.
  void check(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
             UniqueFunction<void(bool)> then);
  void check(const std::string& mount, std::uint32_t id, std::uint64_t origin,
             UniqueFunction<void(bool)> then);
  // REQUIRES: row.remote
  void load(const std::string& mount, const FileRow& row, UniqueFunction<void(File)> then);
  // A part of a loaded file; false: no holder gives it.
  void fetch(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset, std::uint64_t bytes,
             UniqueFunction<void(bool)> then);

  // Marks a file that was read and is not needed again, so that the cache drops it first.
  void forget(const std::string& mount, const FileRow& row);

  std::atomic<std::uint64_t> fetched_bytes{0}, fetched_blocks{0};

 private:
  static constexpr std::chrono::milliseconds kRetryEvery{250};
  static constexpr std::string_view kBlockPath = "/_lb/archive";
  struct Peer {
    SteadyTime rests_until{};
    double ms = 20;  // of a request, recently
    unsigned busy = 0;
    std::size_t place = 0;  // index of its present address
  };
  using Rows = std::vector<FileRow>;
  struct Listed {
    std::string node;
    std::shared_ptr<const Rows> rows;
  };
  using Lists = std::vector<Listed>;
  // The result of files() for these files and lists.
  struct Merged {
    Catalog::Files own, files;
    std::shared_ptr<const Lists> lists;
  };
  using Key = FileCache::Key;
  // The position in the file up to which it is wanted.
  using Waiting = std::pair<std::uint64_t, UniqueFunction<void(File)>>;
  // A question to holders, one after the other: the index of a file, or a block.
  struct Question {
    FileRow row;                              // of an index
    std::shared_ptr<const ArchiveFile> file;  // of a block; of an index once it has come
    std::uint64_t want = 0;                   // bytes of the file that a holder must have
    std::set<std::string> tried;
    SteadyTime since{};
    bool under_way = false;
    bool unanswered = false;  // a holder has not answered
    std::vector<Waiting> waiting;
  };
  static constexpr std::uint64_t kIndex = ~std::uint64_t{0};
  using QuestionKey = std::pair<Key, std::uint64_t>;  // kIndex, or the block
  struct Part {
    std::shared_ptr<const ArchiveFile> file;
    std::uint64_t offset = 0, end = 0;
    SteadyTime since{};
    UniqueFunction<void(bool)> then;
  };

  void ask_now(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
               const std::string& query, UniqueFunction<void(bool)> then);
  void list_came(const std::string& mount, const std::string& node, std::int64_t from_ms,
                 std::int64_t to_ms, Result<FetchAnswer> answer);
  void load_now(const Key& key, const FileRow& row, UniqueFunction<void(File)> then);
  void fetch_now(const std::shared_ptr<Part>& part);
  Question& question(const QuestionKey& key);
  Question& ask_block(const QuestionKey& key, const std::shared_ptr<const ArchiveFile>& file);
  void step(const QuestionKey& key);
  void answered(const QuestionKey& key, const std::string& node, std::uint64_t from,
                std::uint64_t bytes, const Result<FetchAnswer>& answer);
  void settle(const QuestionKey& key, const File& result);
  Result<void> take_index(const Key& key, Question& asked, const std::string& text);
  void read_ahead(const std::shared_ptr<const ArchiveFile>& file, std::uint64_t block);
  // The next holder to ask, best first; nullptr: all were asked.
  const HolderRow* next_holder(const HolderView& view, const Key& key, std::uint64_t bytes,
                               const std::set<std::string>& tried);
  bool lists_file(const std::string& mount, const std::string& node, const ArchiveFileName& name,
                  std::uint64_t bytes) const;
  std::vector<const HolderRow*> in_order(const HolderView& view, std::string_view mount);
  void ask(const HolderRow& holder, const std::string& path, const std::string& range,
           std::size_t most, bool alone, UniqueFunction<void(Result<FetchAnswer>)> then);
  // The holder failed to deliver what it announced.
  void failed(const Key& key, const std::string& node, const Error& error, bool host);
  void publish(const std::string& mount);
  void retry();

  // Whether there was ever a holder; before that there is nothing to ask for.
  bool begun() const noexcept { return loop_.load(std::memory_order_acquire) != nullptr; }
  Loop& loop() const noexcept { return *loop_.load(std::memory_order_acquire); }

  const std::function<Loop&()> begin_;
  std::atomic<Loop*> loop_{nullptr};
  Log& log_;
  const Catalog& own_;
  const Transport transport_;
  Snapshot<HolderView> holders_;
  mutable std::mutex lists_mutex_;
  // Under the mutex:
  std::map<std::string, std::shared_ptr<const Lists>, std::less<>> lists_;
  mutable std::map<std::string, Merged> merged_;

  std::string cache_dir_;
  std::uint64_t cache_bytes_ = 256u << 20;
  std::map<std::string, Peer> peers_;
  std::map<std::string, std::map<std::string, Rows>> known_;  // mount, node
  std::map<std::string, std::vector<UniqueFunction<void(bool)>>> lookups_;
  std::map<std::string, SteadyTime> asked_at_;
  FileCache cache_;
  std::map<QuestionKey, Question> questions_;
  std::unique_ptr<Timer> retry_timer_;
};

}  // namespace lb
