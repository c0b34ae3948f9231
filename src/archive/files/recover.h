// recover_file: what a killed process, a disk or a restore has left of one recorded file, made
// readable: its index is made again from what is right of it and from the bytes themselves.
//
// No byte of a recording is removed, cut or written over: only .data without a byte is removed.  An
// index that has lost something is kept beside the new one, as .idx.bad.
// Thread: where reading may wait.
// Errors: kIo: it cannot be read or written; it is left as it is.
#pragma once

#include <string>

#include "archive/files/archive_name.h"
#include "archive/files/record.h"
#include "base/result.h"

namespace lb {

struct RecoveredFile {
  enum class Outcome : std::uint8_t {
    kReadable,
    kOtherVersion,  // of a later or an earlier server; left as it is
    kWithoutData,   // the index tells of bytes that are not there; left as it is
    kEmpty,         // not a byte was recorded; removed
    kUnknown,       // nothing in the bytes is known; both files have ".bad" behind their names
  };
  Outcome outcome = Outcome::kReadable;
  FileIndex index;                // kReadable
  std::uint64_t data_bytes = 0;   // that are there
  std::uint64_t found_bytes = 0;  // that no index told of
};

// like: an index of a file of the same mount, whose HEAD stands in for a lost one, and, where it is
// of the same stream, its codec headers; null: none.
Result<RecoveredFile> recover_file(const std::string& path, const ArchiveFileName& name,
                                   const FileIndex* like);

}  // namespace lb
