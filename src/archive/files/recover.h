// recover_file: makes a recorded file readable after a kill, a disk error or a restore: its index
// is rebuilt from the valid part and from the bytes.
//
// Recorded bytes are never removed, cut or overwritten: only an empty .data is removed.  A damaged
// index is kept beside the new one, as .idx.bad.
// Thread: where reading may wait.
// Errors: kIo: it cannot be read or written, and is left as it is.
#pragma once

#include <string>

#include "archive/files/archive_name.h"
#include "archive/files/record.h"
#include "base/result.h"

namespace lb {

struct RecoveredFile {
  enum class Outcome : std::uint8_t {
    kReadable,
    kOtherVersion,  // of another server version; left as it is
    kWithoutData,   // the index has bytes that are missing; left as it is
    kEmpty,         // no bytes; removed
    kUnknown,       // the bytes are of no known format; both files get ".bad"
  };
  Outcome outcome = Outcome::kReadable;
  FileIndex index;                // kReadable
  std::uint64_t data_bytes = 0;   // that are there
  std::uint64_t found_bytes = 0;  // that no index had
};

// like: an index of another file of the mount, whose HEAD replaces a lost one, and whose codec
// headers are used for the same stream; null: none.
Result<RecoveredFile> recover_file(const std::string& path, const ArchiveFileName& name,
                                   const FileIndex* like);

}  // namespace lb
