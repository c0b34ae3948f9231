// The files of the archive that are there when the server starts.
// Thread: the archive's thread: it reads the two ends of every index.
// What has lost its index, or a part of it, is made readable before it is announced (recover.h).
// What has no name of the archive's is passed over, and never touched.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "archive/files/catalog.h"

namespace lb {

// Mounts by their directories.
std::vector<std::string> archived_mounts(const std::string& dir);

struct ScannedFiles {
  std::vector<FileRow> rows;
  std::vector<std::string> mended;  // paths of files that were made readable, and how
  std::vector<std::string> broken;  // … that could not be, or are left alone; with the reason
  std::vector<std::string> other_versions;  // paths of files that another server has written
};
// open: paths of files that are being written, without an extension; they are passed over.
ScannedFiles scan_mount(const std::string& dir, const std::string& mount,
                        const std::set<std::string>& open = {});

// Bytes of the file system that holds a directory, and those that are free to this process.
struct DiskSpace {
  std::uint64_t bytes = 0, free = 0;
};
DiskSpace disk_space(const std::string& dir);

// Removes all parts of a file, and its day if that is empty then.
void unlink_file(const std::string& dir, const std::string& mount, const FileRow& row);

}  // namespace lb
