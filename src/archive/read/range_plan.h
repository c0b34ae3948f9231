// range_plan: the files and bytes for a range of time, with headers before and between them, so
// that the result is a file with a length that players see.
//
// A range begins with the frame or packet heard at `from` and ends with the one heard at `to`; for
// other formats, at second-marks.
// Thread: within a step of PastReading.
// Ownership: the request whose steps make the plan.
// Bounds: the length is known before the first byte; no file is held open.
// Errors: kNotFound: nothing of the range is recorded.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "archive/read/export_head.h"
#include "archive/read/past_reading.h"

namespace lb {

struct ExportPiece {
  std::string bytes;  // "": from the file
  FileRow row;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t length = 0;
  std::vector<OggPatch> patches;      // of the chains in it; empty: not Ogg
  std::uint64_t last_page = kNoPage;  // of the run: its offset in the file
  std::vector<std::uint64_t> pages;   // with patches: offsets in the file where pages begin
};

struct ExportPlan {
  std::string mount, content_type;
  std::vector<ExportPiece> pieces;
  std::uint64_t size = 0;
  std::int64_t from_ms = 0, to_ms = 0;  // of its first and last sound
  std::string etag;                     // with its quotes
  bool settled = false;                 // later recordings do not change it
};

class RangePlanner;

// Makes a plan, one file a step, so that a long range does not block other users of a reader.  A
// step without its data changes nothing (PastReading).
class ExportPlanner {
 public:
  ExportPlanner(const std::string& mount, std::shared_ptr<const RecordedFiles> files,
                std::int64_t from_ms, std::int64_t to_ms);
  ~ExportPlanner();
  // False: finished.
  bool step(PastReading& reading);
  Result<ExportPlan> take(PastReading& reading);

 private:
  template <class F>
  auto whole(PastReading& reading, F f);

  const std::shared_ptr<const RecordedFiles> files_;
  const std::int64_t from_ms_, to_ms_;
  const std::size_t first_;
  std::size_t next_;
  bool far_ = false;  // it uses other nodes' files
  std::unique_ptr<RangePlanner> planner_;
};

// The file extension for a type, with its dot: ".mp3".
std::string_view file_extension(std::string_view content_type) noexcept;

}  // namespace lb
