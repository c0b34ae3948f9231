// ArchiveFile: one recorded file, ready to be played like a log: its index in memory, its bytes
// behind a descriptor and a mapping.  Positions of its view are offsets in the file.
//
// Thread: loaded where reading may wait (ReaderPool); immutable afterwards, any thread.
// Ownership: shared; an object that sends from it holds it.  A file that is removed meanwhile stays
// readable.
// Of a file of another node the bytes are there as far as they were fetched (RemoteParts).
// Errors: kNotFound, kIo.
#pragma once

#include <memory>
#include <string>

#include "archive/files/catalog.h"
#include "archive/files/record.h"
#include "archive/files/remote_parts.h"
#include "base/result.h"
#include "stream/log/stream_view.h"

namespace lb {

struct ArchiveFile : std::enable_shared_from_this<ArchiveFile> {
  FileRow row;
  FileIndex index;
  std::shared_ptr<const StreamView> view;  // [0, index.end())
  std::shared_ptr<RemoteParts> remote;     // null: it is a file of this node

  // They are on this machine: in its memory or on its disk.
  bool has(std::uint64_t offset, std::uint64_t bytes) const noexcept {
    return !remote || remote->has(offset, bytes);
  }
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
// With its index; data: its bytes, or room for them.
// REQUIRES: the index has a mark
Result<std::shared_ptr<const ArchiveFile>> make_archive_file(const FileRow& row, FileIndex index,
                                                             UniqueFd data,
                                                             std::shared_ptr<RemoteParts> remote);

}  // namespace lb
