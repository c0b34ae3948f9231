// range_plan: which bytes of which files a range of time is, and what stands before and between
// them, so that it is a file that players know the length of.
//
// A range begins at the second-mark at or before `from` and ends at the one at or after `to`.
// Thread: where reading may wait (ReaderPool).
// Bounds: the length is known before the first byte; no file is held open.
// Errors: kNotFound: nothing of it is recorded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/archive_file.h"
#include "archive/export_head.h"
#include "archive/remote_archive.h"

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
  std::int64_t from_ms = 0, to_ms = 0;  // of the marks that were found
  std::string etag;                     // with its quotes
  bool settled = false;                 // nothing that is recorded later changes it
};

// remote: gives files of other nodes; null: they are passed over.  Waits for them.
Result<ExportPlan> plan_export(const std::string& dir, const std::string& mount,
                               const RecordedFiles& files, std::int64_t from_ms, std::int64_t to_ms,
                               RemoteArchive* remote = nullptr);

// The extension of files of this type, with its dot: ".mp3".
std::string_view file_extension(std::string_view content_type) noexcept;

}  // namespace lb
