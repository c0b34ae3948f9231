// The list of recorded files that a node gives to another one:
// {"files": [{"n": "1795158000-889f4cb7-fb9a", "from": ms, "to": ms, "b": bytes, "open": true}]}
//
// Thread: pure functions.
// Bounds: kMaxFiles files, names of the archive's grammar only, times and sizes that can be.
// Errors: kInvalid, kLimit; nothing of a wrong list counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/files/catalog.h"
#include "base/result.h"

namespace lb {

// merged_files: what is recorded of a mount here and at other nodes, as one list of files.
//
// Own files come first: one of another node counts where it has more of the same bytes, or where
// nothing of its time is here.  Of two streams of one time that are not the same bytes (the cluster
// was cut in two) a file counts that reaches further than all others of its time; of equal ones the
// first.

// others: of each node, the best one first.
RecordedFiles merged_files(const RecordedFiles& own,
                           const std::vector<const std::vector<FileRow>*>& others);

constexpr std::size_t kMaxFiles = 1000;
// Of ten minutes and the file's own time: of a node that lists more there, the others do not count.
constexpr std::ptrdiff_t kMaxTogether = 1000;
// Of a stream that is being recorded: what was sent, and may not be on the disk yet.
constexpr std::uint64_t kMaxUnwritten = std::uint64_t{1} << 20;
constexpr std::uint64_t kLargestRemoteFile = std::uint64_t{1} << 30;

// The first kMaxFiles of those that have something of [from_ms, to_ms).
std::string print_file_list(const RecordedFiles& files, std::int64_t from_ms, std::int64_t to_ms);
// Those that go on from this byte, or hold it.  Where none does: the last one of a stream that is
// being recorded, if no more than kMaxUnwritten is between; that of one which ended with this
// byte, and what follows.
std::string print_files_from(const RecordedFiles& files, std::uint32_t id, std::uint64_t origin);
// Rows are marked as remote.
Result<std::vector<FileRow>> parse_file_list(std::string_view text);

}  // namespace lb
