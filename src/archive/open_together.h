// open_together: several recorded files of a mount at once, of this node and of others, for tasks
// of ReaderPool that wait for no other node.
//
// Thread: on a reader; `then` is called there or on another one, perhaps before the call returns.
// Errors: a file that cannot be had is null.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/reader_pool.h"
#include "base/unique_function.h"

namespace lb {

struct OpenedFiles {
  std::vector<std::shared_ptr<const ArchiveFile>> files;  // as the rows were
  // A node that has one of them does not answer, or there is no room for its bytes now.
  bool unanswered = false;
};
void open_together(ReaderPool& readers, const std::string& dir, const std::string& mount,
                   const std::vector<FileRow>& rows, UniqueFunction<void(OpenedFiles)> then);

struct FilePart {
  std::shared_ptr<const ArchiveFile> file;
  std::uint64_t offset = 0, bytes = 0;
};
// Fetches what is not here.  False: something cannot be had.
void bring_together(ReaderPool& readers, const std::vector<FilePart>& parts,
                    UniqueFunction<void(bool)> then);

}  // namespace lb
