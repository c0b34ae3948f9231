// range_plan: which bytes of which files a range of time is, and what stands before and between
// them, so that it is a file that players know the length of.
//
// A range begins with the frame or packet that is heard at `from` and ends with the one that is
// heard at `to`; of formats without either, at second-marks.
// Thread: within a step of PastReading.
// Bounds: the length is known before the first byte; no file is held open.
// Errors: kNotFound: nothing of it is recorded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "archive/read/export_head.h"
#include "archive/read/past_reading.h"

namespace lb {

struct ExportPiece {
  std::string bytes;  // "": of the file
  FileRow row;
  std::uint64_t offset = 0;  // in the file
  std::uint64_t length = 0;
  std::optional<OggPatch> patch;
  std::vector<std::uint64_t> pages;  // with a patch: places in the file where pages begin
};

struct ExportPlan {
  std::string mount, content_type;
  std::vector<ExportPiece> pieces;
  std::uint64_t size = 0;
  std::int64_t from_ms = 0, to_ms = 0;  // of what it begins and ends with
  std::string etag;                     // with its quotes
  bool settled = false;                 // nothing that is recorded later changes it
};

class RangePlanner;

// A plan in the making: one file a step, so that a long range does not keep the others that wait
// for a reader waiting.  What lacks something leaves it as it was (PastReading).
class ExportPlanner {
 public:
  ExportPlanner(const std::string& mount, std::shared_ptr<const RecordedFiles> files,
                std::int64_t from_ms, std::int64_t to_ms);
  ~ExportPlanner();
  // False: it is made.
  bool step(PastReading& reading);
  Result<ExportPlan> take(PastReading& reading);

 private:
  template <class F>
  auto whole(PastReading& reading, F f);

  const std::shared_ptr<const RecordedFiles> files_;
  const std::int64_t from_ms_, to_ms_;
  const std::size_t first_;
  std::size_t next_;
  bool far_ = false;  // it has files of other nodes
  std::unique_ptr<RangePlanner> planner_;
};

// The extension of files of this type, with its dot: ".mp3".
std::string_view file_extension(std::string_view content_type) noexcept;

}  // namespace lb
