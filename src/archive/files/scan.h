// Finds the files of the archive at the server's start.
// Thread: the archive's thread: it reads both ends of every index.
// A file whose index is missing or incomplete is recovered before it is announced (recover.h).
// Foreign names are ignored and never touched.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "archive/files/catalog.h"

namespace lb {

// The mounts that have a directory.
std::vector<std::string> archived_mounts(const std::string& dir);

struct ScannedFiles {
  std::vector<FileRow> rows;
  RecordedEnd end;                  // the newest, if no segments are missing behind it
  std::vector<std::string> mended;  // paths of recovered files, and how
  std::vector<std::string> broken;  // … that were not recovered, or stay as they are; and why
  std::vector<std::string> other_versions;  // paths of files of other server versions
};
// open: paths, without extension, of files being written; they are skipped.
ScannedFiles scan_mount(const std::string& dir, const std::string& mount,
                        const std::set<std::string>& open = {});

// The size of a directory's file system, and the space that is free for this process.
struct DiskSpace {
  std::uint64_t bytes = 0, free = 0;
};
DiskSpace disk_space(const std::string& dir);

// Removes all parts of a file, and its day's directory if that is empty.
void unlink_file(const std::string& dir, const std::string& mount, const FileRow& row);

}  // namespace lb
