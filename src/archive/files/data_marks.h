// data_marks: what an index would say of recorded bytes, found again in the bytes: where the
// seconds begin, and the codec headers and titles that are in the stream.
//
// Thread: where reading may wait.  Pure but for the reading.
// Bounds: reads in pieces; of a file of 300 s some hundred marks.
// Errors: what cannot be read or has no units has no marks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "archive/files/record.h"
#include "base/result.h"

namespace lb {

struct DataMarks {
  // Second-marks, and at the end that of the last whole unit: offsets in the file.  Wall times and
  // checksums are not known here.  Without media time all samples are 0.
  std::vector<FileMark> marks;
  std::vector<FileFact> facts;
  MediaTime first;  // of the first mark
};

// Of [from, to) of a file, which begins with a unit.  first: its media time; rate 0: not known.
// headers: what decoders need before it; null: nothing.
DataMarks find_data_marks(int fd, std::uint64_t from, std::uint64_t to,
                          const std::string& content_type, MediaTime first, const Bytes* headers);

// What bytes without a name look like; "": nothing that is known.
std::string recorded_type_of(int fd);

// Of [from, to); nullopt: not as many bytes are there.
std::optional<std::uint32_t> data_checksum(int fd, std::uint64_t from, std::uint64_t to);

// All of an index, as far as it is no larger than any is.
Result<std::string> read_index_text(const std::string& path);

}  // namespace lb
