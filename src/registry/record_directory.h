// RecordDirectory: the records of one server in files, for people and for restarts.
//
//   lock            one server at a time
//   format          1; a newer one is refused
//   revision        the newest that was given out; written before anything is written with it
//   pending         commits that are durable and not in all their files; a start finishes them
//   mounts.d/…xml   the faces: values as they are, to be read and edited by people
//   last-good/…     the same records with their revisions, as they were last valid
//
// A commit is durable when `pending` is; its files follow later (finish()), in any order, because
// `pending` has all records whose files are not on the disk yet.  A face that differs from its last
// good record was edited by hand: a valid one is taken, an invalid one is reported and the last
// good record stays; a missing face is a record deleted by hand, unless its whole folder is
// missing.  Records of made/ have no faces.
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
  // Whether a value edited by hand is valid.  Any thread.
  using Judge = std::function<Result<void>(std::string_view key, std::string_view value)>;
  // Called before each step of a write, and for each file that is read: a sign of life.  Tests end
  // the process there.
  using Step = std::function<void(std::string_view name)>;
  using Records = std::map<std::string, StoredRecord, std::less<>>;

  // The result of reading.
  struct Read {
    std::vector<StoredRecord> changes;  // edited by hand; on the disk already
    std::vector<std::string> bad;       // rejected faces, with the reasons
  };

  static Result<std::unique_ptr<RecordDirectory>> open(const std::string& path, Judge judge,
                                                       Step step = {});
  const Records& records() const noexcept { return records_; }
  std::uint64_t revision() const noexcept { return revision_; }

  // Finds faces edited by hand; `now`, in Unix seconds, becomes their time.
  Result<Read> read_faces(std::int64_t now);
  // Each record with its revision, all above revision().  Durable if there is no error.
  Result<void> commit(std::vector<StoredRecord> records);
  // Writes files of durable records, at most `at_most`.  An error loses nothing: the next call, and
  // the next start, try again.
  Result<void> finish(std::size_t at_most = ~std::size_t{0});
  // Whether a commit could become durable: writes and removes as many bytes as a record may have.
  Result<void> try_out();
  bool is_finished() const noexcept { return unfinished_.empty(); }
  // let_go(): another process may open it, and this one writes no more; keep(): it writes again.
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
  std::vector<std::string> notes_;        // from the start, for the first read_faces()
  std::map<std::string, Folder> opened_;  // by path
};

}  // namespace lb
