// merged_files: what is recorded of a mount here and at other nodes, as one list of files.
//
// Own files come first: one of another node counts where it has more of the same bytes, or where
// nothing of its time is here.  Of two streams of one time that are not the same bytes (the cluster
// was cut in two) a file counts that reaches further than all others of its time; of equal ones the
// first.
// Thread: pure.
#pragma once

#include <vector>

#include "archive/files/catalog.h"

namespace lb {

// others: of each node, the best one first.
RecordedFiles merged_files(const RecordedFiles& own,
                           const std::vector<const std::vector<FileRow>*>& others);

}  // namespace lb
