// SegmentFile: one recorded file while it is written: the stream's bytes in .data, their facts in
// .idx.  Data is written before its record.
//
// Thread: the archive's thread, where write(2) may wait for a disk.
// Ownership: its recording.
// Errors: kIo with errno's text; no_space() shows whether the disk was full.  After an error the
// file ends at its last mark.
#pragma once

#include <cstdint>
#include <string>

#include "archive/files/catalog.h"
#include "archive/files/record.h"
#include "archive/record/recording_record.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

class SegmentFile {
 public:
  // directory: of the mount.  An existing non-empty file of this name is renamed with ".bad".
  static Result<SegmentFile> create(const std::string& directory, const FileHead& head);
  SegmentFile(SegmentFile&&) = default;
  SegmentFile& operator=(SegmentFile&&) = default;

  // Saves the file for a hand-over; the descriptors in the record are this process's.
  FileRecord save() const;
  static SegmentFile restore(const std::string& directory, FileRecord saved, UniqueFd data,
                             UniqueFd index);

  Result<void> append(ByteSpan data);
  // A fact that holds from a place in the next data on.
  void note_headers(std::uint64_t offset, ByteSpan headers) {
    append_headers(state_.records, offset, headers);
  }
  // Returns false if the title is left out: storage limits count the sound alone, so titles are
  // kept only as far as they are small beside it.
  bool note_title(std::uint64_t offset, const Metadata& title);
  // Marks all appended data.
  Result<void> mark(std::uint64_t samples, std::int64_t wall_ms);
  // Replaces guessed wall times: the file gets the real start and its name.  An error changes
  // nothing.
  Result<void> settle(const StreamSpan& span);
  // Writes all data up to the last mark to the disk, and returns the final row; empty files are
  // removed.  An error leaves the state of a crash.
  FileRow close();

  // Whether both parts still have names, which another program may have removed.
  bool is_named() const noexcept;

  const FileHead& head() const noexcept { return state_.head; }
  std::uint64_t size() const noexcept { return state_.written; }
  const FileMark& last() const noexcept { return state_.last; }
  // The marked part.
  FileRow row() const noexcept { return recorded_row(state_.head, state_.last); }
  bool marked() const noexcept { return state_.marked; }
  // Whether errno was ENOSPC or EDQUOT.
  bool no_space() const noexcept { return no_space_; }
  const std::string& path() const noexcept { return state_.path; }  // without an extension

 private:
  SegmentFile() = default;
  std::string path_of(const FileHead& head) const;
  Result<void> write_all(int fd, std::string_view bytes, std::string_view what);

  FileRecord state_;  // without descriptors
  std::string directory_;
  UniqueFd data_, index_;
  bool no_space_ = false;
};

}  // namespace lb
