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
#include "base/result.h"
#include "base/unique_fd.h"

namespace lb {

struct FileRecord;

class SegmentFile {
 public:
  // directory: of the mount.  An existing non-empty file of this name is renamed with ".bad".
  static Result<SegmentFile> create(const std::string& directory, const FileHead& head);
  SegmentFile(SegmentFile&&) = default;
  SegmentFile& operator=(SegmentFile&&) = default;

  // Saves the file for a hand-over; the descriptors in the record are this process's.
  FileRecord save() const;
  static SegmentFile restore(const std::string& directory, const FileRecord& saved, UniqueFd data,
                             UniqueFd index);

  Result<void> append(ByteSpan data);
  // A fact that holds from a place in the next data on.
  void note_headers(std::uint64_t offset, ByteSpan headers) {
    append_headers(records_, offset, headers);
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

  const FileHead& head() const noexcept { return head_; }
  std::uint64_t size() const noexcept { return written_; }
  const FileMark& last() const noexcept { return last_; }
  FileRow row() const noexcept { return recorded_row(head_, last_); }  // the marked part
  bool marked() const noexcept { return marked_; }
  // Whether errno was ENOSPC or EDQUOT.
  bool no_space() const noexcept { return no_space_; }
  const std::string& path() const noexcept { return path_; }  // without an extension

 private:
  SegmentFile() = default;
  std::string path_of(const FileHead& head) const;
  Result<void> write_all(int fd, std::string_view bytes, std::string_view what);

  FileHead head_;
  std::string directory_, path_;
  UniqueFd data_, index_;
  std::string records_;  // for the next mark
  FileMark last_;
  std::uint64_t written_ = 0;  // of the data
  std::uint64_t index_bytes_ = 0;
  std::uint32_t crc_ = 0;
  bool marked_ = false;
  bool no_space_ = false;
};

}  // namespace lb
