// StoreCopy: the last good copy of an etcd's records in a file of this server, for a start without
// etcd.
//
// The file is 0600, replaced whole, durable, and written a piece at a time: its text is never in
// memory as a whole.
// An older one is kept beside it (kOlder behind its name): the last one before the store's revision
// went back or kManyGone records disappeared at once, else one of kOlderAge ago at most.  It is
// read where the newest is missing or damaged.
// What was acknowledged since is in a third file (kNewer behind its name), one block a write; a
// start adds it to either, and the next copy empties it.
// Thread: control; the file is the disk loop's.
// Ownership: both loops, the mirror and the log outlive it.
// Bounds: kCopyBytes, each file.  A path of "": no file, nothing is kept.
// Errors: what cannot be written is logged, once, and keeps no write waiting.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "net/loop/loop.h"
#include "net/loop/saved_copy.h"
#include "registry/mirror.h"
#include "registry/registry.h"

namespace lb {

class StoreCopy {
 public:
  static constexpr std::size_t kCopyBytes = 512 << 20;
  static constexpr std::string_view kOlder = ".older", kNewer = ".newer";
  // A write waits so long for the disk: the store has it.
  static constexpr std::chrono::seconds kPatience{1};
  static constexpr std::size_t kManyGone = 4;
  static constexpr std::chrono::hours kOlderAge{24};
  // Of a copy: what tells whether the next one replaces more than it should.
  struct Facts {
    std::uint64_t revision = 0;
    std::size_t records = 0;
  };

  // `prefix`: of the records; a copy of another one is ignored.
  StoreCopy(Loop& control, Loop& disk, std::string path, std::string prefix, const Mirror& mirror,
            Log& log);

  // nullopt: none that can be read; the log says why, unless there is no file.
  void load(UniqueFunction<void(std::optional<RegistryContent>)> done);
  // The mirror is not what the file has any more.
  void changed() {
    if (!path_.empty()) copy_.changed();
  }
  // A write of ours that the store has and the mirror shows.  then: once, when a start would find
  // it here; perhaps before add() returns; uncalled by the end of this.
  void add(const RegistryWrite& write, std::uint64_t revision, UniqueFunction<void()> then);

 private:
  SavedCopy::Write take();
  void append();
  void appended(const Result<void>& result);
  void wait_no_more(const std::string& why);

  Loop& control_;
  Loop& disk_;
  const std::string path_, prefix_;
  const Mirror& mirror_;
  Log& log_;
  const std::shared_ptr<int> life_ = std::make_shared<int>();
  Facts last_;  // of the file; 0: not known
  std::string to_append_;
  std::vector<UniqueFunction<void()>> next_waiting_, waiting_;  // of to_append_; of what is written
  bool appending_ = false;
  std::string trouble_;  // of the last of them
  Timer patience_;
  SavedCopy copy_;  // last: it takes what has changed before the others end
};

// Pieces of some kCopyPiece bytes, "" behind the last one.
constexpr std::size_t kCopyPiece = 64 << 10;
UniqueFunction<std::string_view()> store_copy_pieces(std::string_view prefix,
                                                     Mirror::Snapshot content);
// prefix: nullopt: of any.  Errors: kInvalid, kLimit; kNotFound: of another prefix.
Result<RegistryContent> parse_store_copy(std::optional<std::string_view> prefix,
                                         std::string_view text);
// A block of kNewer.
std::string store_addition(std::string_view prefix, const RegistryWrite& write,
                           std::uint64_t revision);
// Adds to a copy what such blocks have that is newer, up to the first damage.  Its revision stays:
// what others wrote in between is not in it.  Returns the newest revision of a record.
std::uint64_t add_store_additions(std::optional<std::string_view> prefix, std::string_view text,
                                  RegistryContent& content);

}  // namespace lb
