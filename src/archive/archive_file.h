// ArchiveFile: one recorded file, ready to be played like a log: its index in memory, its bytes
// behind a descriptor and a mapping.  Positions of its view are offsets in the file.
//
// Thread: loaded where reading may wait (ReaderPool); immutable afterwards, any thread.
// Ownership: shared; an object that sends from it holds it.  A file that is removed meanwhile stays
// readable.
// Errors: kNotFound, kIo.
#pragma once

#include <memory>
#include <string>

#include "archive/catalog.h"
#include "archive/record.h"
#include "base/result.h"
#include "stream/stream_view.h"

namespace lb {

struct ArchiveFile {
  FileRow row;
  FileIndex index;
  std::shared_ptr<const StreamView> view;  // [0, index.end())

  int fd() const noexcept { return view->store->fd(); }
  std::uint64_t end() const noexcept { return view->end; }
  // The same file, which has grown.
  bool is(const FileRow& other) const noexcept {
    return row.id == other.id && row.origin == other.origin && row.from_ms == other.from_ms;
  }
};

// As far as it is marked now.
Result<std::shared_ptr<const ArchiveFile>> load_archive_file(const std::string& dir,
                                                             const std::string& mount,
                                                             const FileRow& row);

}  // namespace lb
