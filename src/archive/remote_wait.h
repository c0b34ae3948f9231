// RemoteArchive for threads that may wait: what is asked for is there when the call returns.
// Thread: any but a loop that others live on; at most kLongestWait each.
#pragma once

#include "archive/remote_archive.h"

namespace lb {

RemoteArchive::File load_and_wait(RemoteArchive& remote, const std::string& mount,
                                  const FileRow& row);
bool fetch_and_wait(RemoteArchive& remote, std::shared_ptr<const ArchiveFile> file,
                    std::uint64_t offset, std::uint64_t bytes);

}  // namespace lb
