// RemoteArchive: what other nodes have recorded, fetched in blocks of 256 KiB and kept, so that it
// plays as a file of this node does.
//
// A block is asked for once, however many want it meanwhile, and the next one with it.  A holder
// that fails rests for kRest and the next one is asked for the same bytes; for kPatience it is
// tried again, then those that wait are told.  Checksums of the index are checked on everything.
// Thread: holds(), files() and counters from any thread, as are look(), load() and fetch(), whose
// `then` is called on the thread of this object; it posts to where it came from.  That thread
// begins with the first holder: a node that hears of none has no such thread.
// Ownership: app/services/archive_service.
// Bounds: the cache (FileCache) has cache_bytes, and more only for files that are being played:
// beyond that new ones are refused.  Lists have kMaxListed rows a mount and node.
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

// FileCache: recorded files that are open, each once for all that read it: a thousand listeners of
// one programme share a descriptor, a mapping and an index.  Those that were read last stay open,
// so that lists and segments of HLS do not read an index for each request.
// Thread: any.
// Bounds: kMaxIdle files that nothing reads, and so many of their bytes as make_room() allows; a
// descriptor or two, a mapping and some 20 kB each.
class FileCache {
 public:
  static constexpr std::size_t kMaxIdle = 320;  // a day of files of 300 s

  struct Key {
    std::string mount;
    ArchiveFileName name;

    bool operator<(const Key& other) const noexcept;
  };
  // Null: it is not here.
  std::shared_ptr<const ArchiveFile> find(const Key& key);
  // In the place of what was there.
  void put(const Key& key, std::shared_ptr<const ArchiveFile> file);
  // It is not wanted again: it goes with its last reader.
  void drop(const Key& key);
  // Those unused for longest go, until what other nodes' files have here is no more than this.
  void make_room(std::uint64_t bytes = ~std::uint64_t{0});
  // Of other nodes' files that are being read.
  std::uint64_t bytes_in_use() const;
  std::size_t size() const;

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

// RemoteJoin: answers that are waited for together.
class RemoteJoin {
 public:
  using Then = UniqueFunction<void(bool)>;

  // then: gets whether all were good, when it is closed and all of its parts have been called.
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
  // Asks another server; on the loop.
  using Transport = std::function<void(FetchRequest, Fetcher::Done)>;

  // begin: its loop, asked for with the first holder.  own: what this node has itself.
  RemoteArchive(std::function<Loop&()> begin, Log& log, const Catalog& own, Transport transport);
  ~RemoteArchive();

  // Both by one thread.  cache_dir "": in memory.
  void configure(std::string cache_dir, std::uint64_t cache_bytes);
  void set_holders(std::shared_ptr<const HolderView> holders);
  std::shared_ptr<const HolderView> holders() const { return holders_.read(); }
  bool holds(std::string_view mount) const { return holders()->has(mount); }

  // Own files, and what is known of those of others.
  Catalog::Files files(const std::string& mount) const;
  // Asks the holders what they have of a time, or from a byte on; files() knows it then.  False:
  // one of them has not answered.
  void check(const std::string& mount, std::int64_t from_ms, std::int64_t to_ms,
             UniqueFunction<void(bool)> then);
  void check(const std::string& mount, std::uint32_t id, std::uint64_t origin,
             UniqueFunction<void(bool)> then);
  // REQUIRES: row.remote
  void load(const std::string& mount, const FileRow& row, UniqueFunction<void(File)> then);
  // A part of a loaded file; false: no holder gives it.
  void fetch(std::shared_ptr<const ArchiveFile> file, std::uint64_t offset, std::uint64_t bytes,
             UniqueFunction<void(bool)> then);

  // It has been read, and is not wanted again: it goes before all others of the cache.
  void forget(const std::string& mount, const FileRow& row);

  std::atomic<std::uint64_t> fetched_bytes{0}, fetched_blocks{0};

 private:
  static constexpr std::chrono::milliseconds kRetryEvery{250};
  static constexpr std::string_view kBlockPath = "/_lb/archive";
  struct Peer {
    SteadyTime rests_until{};
    double ms = 20;  // of a request, lately
    unsigned busy = 0;
    std::size_t place = 0;  // of its addresses
  };
  using Rows = std::vector<FileRow>;
  struct Listed {
    std::string node;
    std::shared_ptr<const Rows> rows;
  };
  using Lists = std::vector<Listed>;
  // What files() has made of these.
  struct Merged {
    Catalog::Files own, files;
    std::shared_ptr<const Lists> lists;
  };
  using Key = FileCache::Key;
  // Up to where in the file it is wanted.
  using Waiting = std::pair<std::uint64_t, UniqueFunction<void(File)>>;
  // Something that holders are asked for, one after the other: the index of a file, or one of its
  // blocks.
  struct Question {
    FileRow row;                              // of an index
    std::shared_ptr<const ArchiveFile> file;  // of a block; of an index when it has come
    std::uint64_t want = 0;                   // bytes of the file that a holder has to have
    std::set<std::string> tried;
    SteadyTime since{};
    bool under_way = false;
    bool unanswered = false;  // by one of them
    std::vector<Waiting> waiting;
  };
  static constexpr std::uint64_t kIndex = ~std::uint64_t{0};
  using QuestionKey = std::pair<Key, std::uint64_t>;  // kIndex, or which block
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
  // The next one to ask, the best first; nullptr: all have been asked.
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

  // No holder has been told of before: then there is nothing to ask for.
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
