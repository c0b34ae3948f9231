// data_marks: finds in recorded bytes the facts of a lost index: where seconds begin, and the codec
// headers and titles in the stream.
//
// Thread: where reading may wait.  Pure except for the reading.
// Bounds: reads in pieces; a file of 300 s has some hundred marks.
// Errors: unreadable bytes, or bytes without units, have no marks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/record.h"
#include "base/result.h"

namespace lb {

struct DataMarks {
  // Second-marks, and the end of the last whole unit, as offsets in the file, without wall times
  // and checksums.  Without media time all samples are 0.
  std::vector<FileMark> marks;
  std::vector<FileFact> facts;
  MediaTime first;  // of the first mark
};

// Marks of [from, to) of a file, which begins with a unit. first: its media time; rate 0: not
// known. headers: needed by decoders before these bytes; null: none.
DataMarks find_data_marks(int fd, std::uint64_t from, std::uint64_t to,
                          const std::string& content_type, MediaTime first, const Bytes* headers);

// The content type by the bytes; "": not recognised.
std::string recorded_type_of(int fd);

// The checksum of [from, to); nullopt: the file is shorter.
std::optional<std::uint32_t> data_checksum(int fd, std::uint64_t from, std::uint64_t to);

// Reads a whole index, up to the largest possible size.
Result<std::string> read_index_text(const std::string& path);

}  // namespace lb
