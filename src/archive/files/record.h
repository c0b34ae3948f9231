// Records of an index (.idx): the facts about the bytes of a recorded file (.data).
//
// Form: type u8, length u16, CRC-32C u32 of type, length and payload, payload; little-endian.  The
// first record is HEAD. A MARK is written after its data, so all data that an index describes
// exists.
// Thread: pure.
// Bounds: a payload has at most 65535 bytes; longer codec headers are several HEADERS records with
// one offset.
// Errors: an incomplete or damaged record ends the reading; read_damaged_index() skips it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "media/bytes.h"
#include "media/framer.h"
#include "media/metadata.h"
#include "stream/log/span.h"

namespace lb {

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t before = 0) noexcept;

// HEAD: of the first byte of the file.
struct FileHead {
  StreamSpan span;  // begin 0
  std::string content_type;

  std::uint64_t origin() const noexcept { return span.origin; }
};

// A second-mark, one between two of them, or the end: all data before `offset` is there.
struct FileMark {
  std::uint64_t offset = 0;   // in the file
  std::uint64_t samples = 0;  // media time
  std::int64_t wall_ms = 0;
  std::uint32_t crc = 0;  // of the data since the last mark

  bool operator==(const FileMark&) const = default;
};

struct FileFact {
  std::uint64_t offset = 0;
  std::shared_ptr<const Bytes> headers;  // exactly one of these
  std::shared_ptr<const Metadata> metadata;
};

struct FileIndex {
  FileHead head;
  std::vector<FileMark> marks;  // ascending; the last one is the readable end
  std::vector<FileFact> facts;
  bool ended = false;               // an END record
  std::uint64_t bytes = 0;          // of the index that are valid
  std::optional<unsigned> version;  // of the HEAD record; nullopt: not valid
  bool damaged = false;             // a valid record follows an invalid one
  // Marks whose checksum begins at a lost mark, ascending.
  std::vector<std::size_t> unsure;

  std::uint64_t end() const noexcept { return marks.empty() ? 0 : marks.back().offset; }
  std::int64_t from_ms() const noexcept { return marks.empty() ? 0 : marks.front().wall_ms; }
  std::int64_t to_ms() const noexcept { return marks.empty() ? 0 : marks.back().wall_ms; }
  // The last mark at or before a wall time; 0 before the first.
  std::size_t mark_at(std::int64_t wall_ms) const noexcept;
  // The last mark at or before an offset.
  std::size_t mark_before(std::uint64_t offset) const noexcept;
  // The headers in effect at an offset; null: none.
  std::shared_ptr<const Bytes> headers_at(std::uint64_t offset) const;
};

constexpr unsigned kIndexVersion = 1;
constexpr std::size_t kRecordHead = 7;
// The size of the last record of a closed file.
constexpr std::size_t kEndRecord = kRecordHead + 28;

void append_head(std::string& out, const FileHead& head);
void append_mark(std::string& out, const FileMark& mark);
void append_headers(std::string& out, std::uint64_t offset, ByteSpan headers);
void append_title(std::string& out, std::uint64_t offset, const Metadata& metadata);
void append_end(std::string& out, const FileMark& mark);

// A whole index without END.
std::string print_index(const FileIndex& index);

// Reads the valid part.  Without a valid HEAD: bytes 0.
FileIndex read_index(std::string_view text);
// Reads the index of a file of this node, and continues at the next valid record after damage.
// Only the version is read of an index of another version.
FileIndex read_damaged_index(std::string_view text);
// Reads the HEAD record at the front of an index; false: incomplete.
bool read_first(std::string_view front, FileHead& head);
// Reads the END record from the last kEndRecord bytes of an index; false: none.
bool read_end(std::string_view tail, FileMark& mark);

}  // namespace lb
