// StoreCopy: the last good copy of an etcd's records in a file of this server, for a start without
// etcd.
//
// The file is 0600, replaced as a whole, durable, and written piece by piece, so its text is never
// in memory as a whole.
// An older copy stays beside it (its name ends in kOlder): the last one before the store's revision
// went back or kManyGone records disappeared at once, otherwise one of at most kOlderAge.  A start
// reads it if the newest is missing or damaged.
// Writes acknowledged since are in a third file (kNewer), a block each; a start adds them to either
// copy, and the next copy empties the file.
// Thread: control; the file is the disk loop's.
// Ownership: both loops, the mirror and the log outlive it.
// Bounds: kCopyBytes, each file.  A path of "": no file.
// Errors: a failed write is logged, once, and delays no commit.
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
  // The longest wait of a write for the disk: the store has it already.
  static constexpr std::chrono::seconds kPatience{1};
  static constexpr std::size_t kManyGone = 4;
  static constexpr std::chrono::hours kOlderAge{24};
  // Facts of a copy, which show whether the next one would replace too much.
  struct Facts {
    std::uint64_t revision = 0;
    std::size_t records = 0;
  };

  // `prefix`: of the records; a copy with another one is ignored.
  StoreCopy(Loop& control, Loop& disk, std::string path, std::string prefix, const Mirror& mirror,
            Log& log);

  // nullopt: no readable copy; the log has the reason, unless there is no file.
  void load(UniqueFunction<void(std::optional<RegistryContent>)> done);
  // The mirror differs from the file.
  void changed() {
    if (!path_.empty()) copy_.changed();
  }
  // A write of ours that the store and the mirror have. then: once, when a start would find it
  // here; perhaps before add() returns; uncalled if this object ends.
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
  std::vector<UniqueFunction<void()>> next_waiting_, waiting_;  // of to_append_; of the last block
  bool appending_ = false;
  std::string trouble_;  // of the last copy
  Timer patience_;
  SavedCopy copy_;  // last: its destructor writes a pending change, which uses the others
};

// Pieces of about kCopyPiece bytes, then "".
constexpr std::size_t kCopyPiece = 64 << 10;
UniqueFunction<std::string_view()> store_copy_pieces(std::string_view prefix,
                                                     Mirror::Snapshot content);
// prefix: nullopt: any.  Errors: kInvalid, kLimit; kNotFound: another prefix.
Result<RegistryContent> parse_store_copy(std::optional<std::string_view> prefix,
                                         std::string_view text);
// A block of kNewer.
std::string store_addition(std::string_view prefix, const RegistryWrite& write,
                           std::uint64_t revision);
// Adds the newer records of such blocks to a copy, up to the first damage.  The copy's revision
// stays, because it lacks the writes of others in between.  Returns the newest revision of a
// record.
std::uint64_t add_store_additions(std::optional<std::string_view> prefix, std::string_view text,
                                  RegistryContent& content);

}  // namespace lb
