// Records of an index (.idx): what is known of the bytes of a recorded file (.data) beside it.
//
// Form: type u8, length u16, CRC-32C u32 of type, length and payload, payload; little-endian.  The
// first record is HEAD.  A MARK follows the data that it tells of, so what an index says is there.
// Thread: pure.
// Bounds: a payload has at most 65535 bytes; codec headers that are longer are several HEADERS
// records of one offset.
// Errors: a record that is cut or damaged ends the reading; read_damaged_index() passes over it.
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

// A second-mark, or one between two of them, or the end: all data before `offset` is there.
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
  std::vector<FileMark> marks;  // ascending; the last one is the end of what may be read
  std::vector<FileFact> facts;
  bool ended = false;               // an END record
  std::uint64_t bytes = 0;          // of the index that are right
  std::optional<unsigned> version;  // of the HEAD record; nullopt: none is whole
  bool damaged = false;             // a record that is right follows one that is not
  // Marks whose checksum counts from a mark that is lost, ascending.
  std::vector<std::size_t> unsure;

  std::uint64_t end() const noexcept { return marks.empty() ? 0 : marks.back().offset; }
  std::int64_t from_ms() const noexcept { return marks.empty() ? 0 : marks.front().wall_ms; }
  std::int64_t to_ms() const noexcept { return marks.empty() ? 0 : marks.back().wall_ms; }
  // The last mark at or before a wall time; 0 when that is before the first.
  std::size_t mark_at(std::int64_t wall_ms) const noexcept;
  // The last mark at or before an offset.
  std::size_t mark_before(std::uint64_t offset) const noexcept;
  // In effect at an offset; null: none.
  std::shared_ptr<const Bytes> headers_at(std::uint64_t offset) const;
};

constexpr unsigned kIndexVersion = 1;
constexpr std::size_t kRecordHead = 7;
// Of the last record of a file that was closed.
constexpr std::size_t kEndRecord = kRecordHead + 28;

void append_head(std::string& out, const FileHead& head);
void append_mark(std::string& out, const FileMark& mark);
void append_headers(std::string& out, std::uint64_t offset, ByteSpan headers);
void append_title(std::string& out, std::uint64_t offset, const Metadata& metadata);
void append_end(std::string& out, const FileMark& mark);

// All of an index but END.
std::string print_index(const FileIndex& index);

// Reads as much as is right.  Of an index without a whole HEAD: bytes 0.
FileIndex read_index(std::string_view text);
// The same of a file of this node, and goes on behind what is damaged: at the next record that is
// right.  Of an index of another version: nothing but that version.
FileIndex read_damaged_index(std::string_view text);
// Of the bytes at the front of an index: the HEAD record alone; false: it is not whole there.
bool read_first(std::string_view front, FileHead& head);
// Of the last kEndRecord bytes of an index: the END record; false: none is there.
bool read_end(std::string_view tail, FileMark& mark);

}  // namespace lb
