// RecordDirectory: the records of one server in files, for people and for restarts.
//
//   lock            one server at a time
//   format          1; a newer one is refused
//   revision        the newest that was given out; written before anything is written with it
//   pending         commits that are durable and not in all their files; a start finishes them
//   mounts.d/…xml   the faces: values as they are, to be read and edited by people
//   last-good/…     the same records with their revisions, as they were last valid
//
// A commit is durable when `pending` is; its files follow later (finish()), and `pending` has
// everything whose files are not on the disk yet: they need no order among them.  A face that
// differs from its last good record was edited by hand: it is taken if it is valid, and else named,
// and the last good record stays; a face that is gone is a record deleted by hand, unless its whole
// folder is gone.  The records of made/ have no faces.
// Thread: one owner, on a thread that may wait for a disk.
// Bounds: Registry::kValueBytes a record.
// Errors: kDenied (another server has the lock), kUnsupported (a newer format), kIo.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/folder.h"
#include "registry/record_text.h"

namespace lb {

class RecordDirectory {
 public:
  // Whether a value that was edited by hand can be taken.  Any thread.
  using Judge = std::function<Result<void>(std::string_view key, std::string_view value)>;
  // Before each step of a write; for tests that end the process there.
  using Step = std::function<void(std::string_view name)>;
  using Records = std::map<std::string, StoredRecord, std::less<>>;

  // What came of reading it.
  struct Read {
    std::vector<StoredRecord> changes;  // edited by hand; they are on the disk
    std::vector<std::string> bad;       // faces that were not taken, with the reasons
  };

  static Result<std::unique_ptr<RecordDirectory>> open(const std::string& path, Judge judge);
  const Records& records() const noexcept { return records_; }
  std::uint64_t revision() const noexcept { return revision_; }

  // Looks for what was edited by hand; `now`, a second of 1970, is its time.
  Result<Read> read_faces(std::int64_t now);
  // Each record with its revision, all above revision().  Without an error they are durable.
  Result<void> commit(std::vector<StoredRecord> records);
  // Writes files of what is durable: of so many records at most.  An error is no loss: it is tried
  // again by the next call, and at the next start.
  Result<void> finish(std::size_t at_most = ~std::size_t{0});
  // Whether a commit could become durable: as much as a record may have is written and removed.
  Result<void> try_out();
  bool is_finished() const noexcept { return unfinished_.empty(); }
  // Another process may open it, and this one writes no more; or it does after all.
  void let_go() noexcept;
  void keep() noexcept;

  void on_step(Step step) { step_ = std::move(step); }

 private:
  RecordDirectory(Folder folder, Folder good, UniqueFd lock, Judge judge);

  Result<void> read_state();
  Result<void> read_good();
  Result<void> recover();
  Result<void> read_class(const std::string& record_class, std::int64_t now, Read& read);
  void judge_face(const Folder& faces, const std::string& file, const std::string& key,
                  std::int64_t now, Read& read) const;
  Result<void> write_pending(const std::vector<StoredRecord>& more) const;
  Result<void> write_files(const StoredRecord& record, std::vector<UniqueFd>& written);
  Result<void> sync_files(std::vector<UniqueFd>& written) const;
  Result<Folder*> folder_of(const Folder& parent, const std::string& name);
  void step(std::string_view name) const {
    if (step_) step_(name);
  }

  Folder folder_, good_;
  UniqueFd lock_;
  Judge judge_;
  Step step_;
  Records records_;
  std::uint64_t revision_ = 0;
  Records unfinished_;
  std::size_t unfinished_bytes_ = 0;
  std::vector<std::string> notes_;        // of the start, for the first read_faces()
  std::map<std::string, Folder> opened_;  // by path
};

}  // namespace lb
