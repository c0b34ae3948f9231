// The plan that takes the playlist log of an automation, as CSV: it fills in what the stream did
// not tell of the titles of a mount.
//
// The first row names the columns: time (or begin) and title have to be there, artist, isrc, album,
// label, label_code and composer may be; others are passed over.  Cells are apart by commas,
// semicolons or tabs, as the first row has them.  A fault's pointer is /ROW/COLUMN, where the first
// row is 1, as a spreadsheet counts.
// Source: RFC 4180.
// Thread: that of the audience's database.
// Bounds: kMaxPlayLogBytes (judged before), kMaxReportLines rows, kMaxLogFaults faults told.
#pragma once

#include <cstdint>

#include "api/request/request.h"

namespace lb {

struct PlanContext;

constexpr std::uint64_t kMaxPlayLogBytes = std::uint64_t{8} << 20;
constexpr std::size_t kMaxLogFaults = 20;

Plan fill_plays(const PlanContext& context);

}  // namespace lb
