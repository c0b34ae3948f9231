// A book: rows of a node's journal on their way to the database of another server, as texts of one
// line each.  They are the lines of the journal (row.h) with blanks for its tabs.
//
// The other server accepts only what a node can know of its own listenings: a time neither long ago
// nor in the future, known players, a country of two letters, a mount that is a path.  Other rows
// are ignored; their numbers are not requested again.
// Thread: pure functions.
// Bounds: those of row.h; kOldestRowMs, kRowAheadMs; kMaxBytes of one listening.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "audience/journal.h"

namespace lb {

// A listening of years would be many rows, because parts of a session are written by quarters.
constexpr std::int64_t kOldestRowMs = 32LL * 86'400'000, kRowAheadMs = 86'400'000;
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 46;

// The first rows that fit into this JSON size, at least one.
std::vector<std::string> fitting_rows(const JournalBatch& batch, std::size_t json_bytes);
std::vector<std::string> book_rows(const JournalBatch& batch);

struct OpenedBook {
  JournalBatch batch;
  std::size_t refused = 0;  // ignored rows
};
OpenedBook open_book(const std::string& epoch, std::uint64_t last,
                     const std::vector<std::string>& rows, std::int64_t now_ms);

}  // namespace lb
