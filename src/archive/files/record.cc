#include "archive/files/record.h"

#include <algorithm>
#include <span>

#include "media/icy.h"
#include "stream/log/title_place.h"

namespace lb {
namespace {

constexpr std::size_t kMaxPayload = 65535;
constexpr std::size_t kMaxText = 4096;                      // of one field of a title
constexpr std::size_t kMaxCodecHeaders = 16 * 1024 * 1024;  // bounds a hostile index
constexpr std::size_t kMarkPayload = kEndRecord - kRecordHead;
constexpr std::size_t kLongestSearch = 64 * 1024 * 1024;  // bytes for which a checksum is computed

enum Type : std::uint8_t { kHead = 1, kMark = 2, kHeaders = 3, kTitle = 4, kEnd = 5 };

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? (value >> 1) ^ 0x82f63b78u : value >> 1;
    table[i] = value;
  }
  return table;
}
constexpr auto kCrcTable = make_table();

void put(std::string& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xff));
}
void put_text(std::string& out, std::string_view text) {
  text = text.substr(0, kMaxText);
  put(out, text.size(), 2);
  out.append(text);
}

class PayloadReader {
 public:
  explicit PayloadReader(std::string_view text) : text_(text) {}
  std::uint64_t number(unsigned bytes) {
    if (text_.size() < bytes) {
      good_ = false;
      return 0;
    }
    std::uint64_t value = 0;
    for (unsigned i = 0; i < bytes; ++i)
      value |= std::uint64_t{static_cast<unsigned char>(text_[i])} << (8 * i);
    text_.remove_prefix(bytes);
    return value;
  }
  std::int64_t signed_number() { return static_cast<std::int64_t>(number(8)); }
  std::string_view text() {
    const auto size = static_cast<std::size_t>(number(2));
    if (text_.size() < size) {
      good_ = false;
      return {};
    }
    const std::string_view out = text_.substr(0, size);
    text_.remove_prefix(size);
    return out;
  }
  std::string_view rest() const { return text_; }
  bool good() const { return good_; }

 private:
  std::string_view text_;
  bool good_ = true;
};

ByteSpan bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void append_record(std::string& out, Type type, std::string_view payload) {
  std::string front;
  put(front, type, 1);
  put(front, payload.size(), 2);
  const std::uint32_t crc = crc32c(bytes_of(payload), crc32c(bytes_of(front)));
  out += front;
  put(out, crc, 4);
  out += payload;
}

std::string mark_payload(const FileMark& mark) {
  std::string payload;
  put(payload, mark.offset, 8);
  put(payload, mark.samples, 8);
  put(payload, static_cast<std::uint64_t>(mark.wall_ms), 8);
  put(payload, mark.crc, 4);
  return payload;
}

bool read_mark(std::string_view payload, FileMark& mark) {
  PayloadReader fields(payload);
  mark.offset = fields.number(8);
  mark.samples = fields.number(8);
  mark.wall_ms = fields.signed_number();
  mark.crc = static_cast<std::uint32_t>(fields.number(4));
  return fields.good() && fields.rest().empty();
}

bool read_head(std::string_view payload, FileHead& head) {
  PayloadReader fields(payload);
  if (fields.number(1) != kIndexVersion) return false;
  StreamSpan& span = head.span;
  span.begin = 0;
  for (std::uint64_t& part : span.id) part = fields.number(8);
  span.origin = fields.number(8);
  span.media.samples = fields.number(8);
  span.media.rate_hz = static_cast<unsigned>(fields.number(4));
  span.wall_ms = fields.signed_number();
  const std::uint64_t flags = fields.number(1);
  span.anchored = (flags & 1) != 0;
  span.seam = (flags & 2) != 0;
  span.segments.first = fields.number(8);
  span.segments.generation = fields.number(8);
  span.segments.epoch_ms = fields.signed_number();
  span.segments.cut_ms = static_cast<std::uint32_t>(fields.number(4));
  head.content_type = fields.text();
  return fields.good() && span.segments.cut_ms > 0;
}

// The end record repeats the last mark if the file ends with a mark.
bool add_mark(FileIndex& index, std::string_view payload) {
  FileMark mark;
  if (!read_mark(payload, mark)) return false;
  if (!index.marks.empty() &&
      (mark.offset < index.marks.back().offset || mark.samples < index.marks.back().samples))
    return false;
  if (index.marks.empty() || mark.offset > index.marks.back().offset) index.marks.push_back(mark);
  return true;
}

bool add_headers(FileIndex& index, std::string_view payload) {
  PayloadReader fields(payload);
  const std::uint64_t offset = fields.number(8);
  if (!fields.good()) return false;
  Bytes all;
  FileFact* const last = index.facts.empty() ? nullptr : &index.facts.back();
  const bool continues = last != nullptr && last->headers && last->offset == offset;
  if (continues) all = *last->headers;
  const ByteSpan more = bytes_of(fields.rest());
  if (all.size() + more.size() > kMaxCodecHeaders) return false;
  all.insert(all.end(), more.begin(), more.end());
  auto kept = std::make_shared<const Bytes>(std::move(all));
  if (continues)
    last->headers = std::move(kept);
  else
    index.facts.push_back({offset, std::move(kept), nullptr});
  return true;
}

bool add_title(FileIndex& index, std::string_view payload) {
  PayloadReader fields(payload);
  const std::uint64_t offset = fields.number(8);
  Metadata metadata;
  metadata.artist = fields.text();
  metadata.title = fields.text();
  metadata.url = fields.text();
  metadata.icy_block = fields.text();
  if (!fields.rest().empty())
    metadata.placed_block = with_icy_place(metadata.icy_block, fields.text());
  if (!fields.good()) return false;
  index.facts.push_back({offset, nullptr, std::make_shared<const Metadata>(std::move(metadata))});
  return true;
}

// Returns false if the valid part of the index ends before this record.
bool take_record(FileIndex& index, std::uint8_t type, std::string_view payload) {
  switch (type) {
    case kHead:
      if (index.version || payload.empty()) return false;
      if (const auto version = static_cast<unsigned char>(payload[0]); version != kIndexVersion) {
        index.version = version;
        return false;
      }
      if (!read_head(payload, index.head)) return false;
      index.version = kIndexVersion;
      return true;
    case kMark:
    case kEnd:
      if (!add_mark(index, payload)) return false;
      index.ended = type == kEnd;
      return true;
    case kHeaders:
      return add_headers(index, payload);
    case kTitle:
      return add_title(index, payload);
    default:
      return true;  // a record type of a later version is skipped
  }
}

struct FramedRecord {
  std::uint8_t type = 0;
  std::string_view payload;
  std::size_t size = 0;  // 0: the record is cut off or damaged
};

FramedRecord record_at(std::string_view at) {
  PayloadReader fields(at);
  FramedRecord out;
  out.type = static_cast<std::uint8_t>(fields.number(1));
  const auto size = static_cast<std::size_t>(fields.number(2));
  const auto crc = static_cast<std::uint32_t>(fields.number(4));
  if (!fields.good() || at.size() - kRecordHead < size) return out;
  out.payload = at.substr(kRecordHead, size);
  if (crc32c(bytes_of(out.payload), crc32c(bytes_of(at.substr(0, 3)))) == crc)
    out.size = kRecordHead + size;
  return out;
}

// Returns where the next valid record begins behind a damaged one, or text.size().  `search` limits
// the bytes for which checksums are computed while the length field cannot be trusted.
std::size_t next_record(std::string_view text, std::size_t damaged, std::size_t& search) {
  PayloadReader fields(text.substr(damaged));
  fields.number(1);
  const std::size_t behind = damaged + kRecordHead + static_cast<std::size_t>(fields.number(2));
  // The length field of the damaged record may still be correct.
  if (fields.good() && behind < text.size() && record_at(text.substr(behind)).size > 0)
    return behind;
  for (std::size_t at = damaged + 1; at + kRecordHead <= text.size(); ++at) {
    PayloadReader front(text.substr(at));
    const std::uint64_t type = front.number(1), size = front.number(2);
    if (type < kHead || type > kEnd || text.size() - at - kRecordHead < size) continue;
    const bool mark = type == kMark || type == kEnd;
    if (mark ? size != kMarkPayload : size > search) continue;
    if (!mark) search -= size;
    if (record_at(text.substr(at)).size > 0) return at;
  }
  return text.size();
}

}  // namespace

std::uint32_t crc32c(ByteSpan bytes, std::uint32_t before) noexcept {
  std::uint32_t crc = ~before;
  for (const std::byte b : bytes)
    crc = kCrcTable[(crc ^ static_cast<std::uint32_t>(b)) & 0xff] ^ (crc >> 8);
  return ~crc;
}

std::size_t FileIndex::mark_at(std::int64_t wall_ms) const noexcept {
  const auto after =
      std::upper_bound(marks.begin(), marks.end(), wall_ms,
                       [](std::int64_t t, const FileMark& m) { return t < m.wall_ms; });
  return after == marks.begin() ? 0 : static_cast<std::size_t>(after - marks.begin()) - 1;
}

std::size_t FileIndex::mark_before(std::uint64_t offset) const noexcept {
  const auto after =
      std::upper_bound(marks.begin(), marks.end(), offset,
                       [](std::uint64_t at, const FileMark& m) { return at < m.offset; });
  return after == marks.begin() ? 0 : static_cast<std::size_t>(after - marks.begin()) - 1;
}

std::shared_ptr<const Bytes> FileIndex::headers_at(std::uint64_t offset) const {
  std::shared_ptr<const Bytes> found;
  for (const FileFact& fact : facts)
    if (fact.headers && fact.offset <= offset) found = fact.headers;
  return found;
}

void append_head(std::string& out, const FileHead& head) {
  const StreamSpan& span = head.span;
  std::string payload;
  put(payload, kIndexVersion, 1);
  for (const std::uint64_t part : span.id) put(payload, part, 8);
  put(payload, span.origin, 8);
  put(payload, span.media.samples, 8);
  put(payload, span.media.rate_hz, 4);
  put(payload, static_cast<std::uint64_t>(span.wall_ms), 8);
  put(payload, (span.anchored ? 1u : 0u) | (span.seam ? 2u : 0u), 1);
  put(payload, span.segments.first, 8);
  put(payload, span.segments.generation, 8);
  put(payload, static_cast<std::uint64_t>(span.segments.epoch_ms), 8);
  put(payload, span.segments.cut_ms, 4);
  put_text(payload, head.content_type);
  append_record(out, kHead, payload);
}

void append_mark(std::string& out, const FileMark& mark) {
  append_record(out, kMark, mark_payload(mark));
}

void append_end(std::string& out, const FileMark& mark) {
  append_record(out, kEnd, mark_payload(mark));
}

void append_headers(std::string& out, std::uint64_t offset, ByteSpan headers) {
  constexpr std::size_t kPiece = kMaxPayload - 8;
  do {
    const ByteSpan piece = headers.first(std::min(kPiece, headers.size()));
    headers = headers.subspan(piece.size());
    std::string payload;
    put(payload, offset, 8);
    payload.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    append_record(out, kHeaders, payload);
  } while (!headers.empty());
}

void append_title(std::string& out, std::uint64_t offset, const Metadata& metadata) {
  std::string payload;
  put(payload, offset, 8);
  put_text(payload, metadata.artist);
  put_text(payload, metadata.title);
  put_text(payload, metadata.url);
  put_text(payload, metadata.icy_block);
  if (const auto place = place_in_block(metadata)) put_text(payload, print_title_place(*place));
  append_record(out, kTitle, payload);
}

std::string print_index(const FileIndex& index) {
  std::string out;
  append_head(out, index.head);
  auto fact = index.facts.begin();
  const auto facts_before = [&](std::uint64_t offset) {
    for (; fact != index.facts.end() && fact->offset < offset; ++fact) {
      if (fact->headers)
        append_headers(out, fact->offset, *fact->headers);
      else
        append_title(out, fact->offset, *fact->metadata);
    }
  };
  for (const FileMark& mark : index.marks) {
    facts_before(mark.offset);
    append_mark(out, mark);
  }
  facts_before(~std::uint64_t{0});
  return out;
}

FileIndex read_index(std::string_view text) {
  FileIndex index;
  while (text.size() - index.bytes >= kRecordHead && !index.ended) {
    const FramedRecord record = record_at(text.substr(index.bytes));
    if (record.size == 0 || (index.bytes == 0 && record.type != kHead) ||
        !take_record(index, record.type, record.payload))
      break;
    index.bytes += record.size;
  }
  return index;
}

FileIndex read_damaged_index(std::string_view text) {
  FileIndex index;
  std::size_t at = 0, search = kLongestSearch;
  bool lost = false;  // since the last mark
  while (text.size() - at >= kRecordHead && !index.ended) {
    const FramedRecord record = record_at(text.substr(at));
    const std::size_t marks = index.marks.size();
    const bool taken = record.size > 0 && take_record(index, record.type, record.payload);
    if (index.version.value_or(kIndexVersion) != kIndexVersion) return index;
    if (taken) {
      at += record.size;
      index.bytes += record.size;
      index.damaged = index.damaged || lost;
      if (index.marks.size() == marks) continue;
      if (lost) index.unsure.push_back(marks);
      lost = false;
      continue;
    }
    lost = true;
    at = record.size > 0 ? at + record.size : next_record(text, at, search);
  }
  return index;
}

bool read_first(std::string_view front, FileHead& head) {
  const FramedRecord record = record_at(front);
  return record.size > 0 && record.type == kHead && read_head(record.payload, head);
}

bool read_end(std::string_view tail, FileMark& mark) {
  if (tail.size() < kEndRecord) return false;
  tail = tail.substr(tail.size() - kEndRecord);
  PayloadReader fields(tail);
  if (fields.number(1) != kEnd || fields.number(2) != kEndRecord - kRecordHead) return false;
  const auto crc = static_cast<std::uint32_t>(fields.number(4));
  if (crc32c(bytes_of(fields.rest()), crc32c(bytes_of(tail.substr(0, 3)))) != crc) return false;
  return read_mark(fields.rest(), mark);
}

}  // namespace lb
