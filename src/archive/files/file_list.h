// The list of recorded files that a node gives to another one:
// {"files": [{"n": "1795158000-889f4cb7-fb9a", "from": ms, "to": ms, "b": bytes, "open": true}]}
//
// Thread: pure functions.
// Bounds: kMaxFiles files, only names of the archive's grammar, only possible times and sizes.
// Errors: kInvalid, kLimit; an invalid list is ignored as a whole.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/files/catalog.h"
#include "base/result.h"

namespace lb {

// merged_files: the recordings of a mount here and at other nodes, as one list of files.
//
// Own files come first: another node's file counts if it has more of the same bytes, or if nothing
// of its time is here.  Of two different streams of one time (a partition) the file that reaches
// further counts; of equal ones the first.

// others: the files of each node, best node first.
RecordedFiles merged_files(const RecordedFiles& own,
                           const std::vector<const std::vector<FileRow>*>& others);

constexpr std::size_t kMaxFiles = 1000;
// Files in the time of a file and ten minutes around it; further ones of a node do not count.
constexpr std::ptrdiff_t kMaxTogether = 1000;
// Bytes of a stream being recorded that were sent, but may not be on the disk yet.
constexpr std::uint64_t kMaxUnwritten = std::uint64_t{1} << 20;
constexpr std::uint64_t kLargestRemoteFile = std::uint64_t{1} << 30;

// The first kMaxFiles files that overlap [from_ms, to_ms).
std::string print_file_list(const RecordedFiles& files, std::int64_t from_ms, std::int64_t to_ms);
// The files from the one with this byte on.  If no file has it: the last file of a stream being
// recorded, if at most kMaxUnwritten bytes are between; or the file that ends with this byte, and
// the files after it.
std::string print_files_from(const RecordedFiles& files, std::uint32_t id, std::uint64_t origin);
// Rows are marked as remote.
Result<std::vector<FileRow>> parse_file_list(std::string_view text);

}  // namespace lb
