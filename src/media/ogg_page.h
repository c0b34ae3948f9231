// Finds, reads and writes Ogg pages (RFC 3533).
//
// Thread: one owner.  Pure.  A page given to a sink is a view into the scanner's or the caller's
// bytes, valid only during the call.
// Errors: none.  Bytes without a valid page and checksum are passed on as "between".
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "base/record.h"
#include "media/bytes.h"

namespace lb {

constexpr std::size_t kOggHeaderSize = 27;                  // without the lacing table
constexpr std::size_t kOggMaxPage = 65307;                  // 27 + 255 + 255 * 255
constexpr std::uint64_t kOggNoGranule = ~std::uint64_t{0};  // no packet ends on the page

constexpr unsigned kOggContinued = 1;
constexpr unsigned kOggBos = 2;
constexpr unsigned kOggEos = 4;

struct OggPage {
  ByteSpan header;  // 27 bytes and the lacing table
  ByteSpan body;

  bool continued() const { return (u8(header, 5) & kOggContinued) != 0; }
  bool bos() const { return (u8(header, 5) & kOggBos) != 0; }
  bool eos() const { return (u8(header, 5) & kOggEos) != 0; }
  std::uint64_t granule() const { return read_le(header, 6, 8); }
  std::uint32_t serial() const { return le32(header, 14); }
  std::uint32_t sequence() const { return le32(header, 18); }
  ByteSpan lacing() const { return header.subspan(kOggHeaderSize); }
  std::size_t size() const { return header.size() + body.size(); }
};

// Gets the findings of a scanner, in stream order; every byte is in exactly one call.
class OggPageSink {
 public:
  virtual ~OggPageSink() = default;
  virtual void page(std::uint64_t position, const OggPage& page) = 0;
  // Bytes that belong to no page: junk, and pages with a wrong checksum.
  virtual void between(ByteSpan /*bytes*/) {}
};

class OggPageScanner {
 public:
  explicit OggPageScanner(std::uint64_t begin = 0) noexcept
      : begin_(begin), position_(begin), seen_(begin) {}

  // Any split of the same bytes finds the same pages.  At most one page (64 KiB) is held.
  void feed(ByteSpan bytes, OggPageSink& sink);

  // The end of the last page; while out of sync, of all bytes so far.
  std::uint64_t complete() const noexcept {
    return in_sync_ ? std::max(position_, seen_) : position_ + held_.size();
  }

  template <class Io, RecordOf<OggPageScanner> T>
  friend void record_fields(Io& io, T& scanner) {
    io(1, scanner.begin_, scanner.position_, scanner.seen_, scanner.rejected_, scanner.held_,
       scanner.wanted_, scanner.in_sync_);
  }

 private:
  std::size_t scan(ByteSpan bytes, OggPageSink& sink);
  std::size_t reject(ByteSpan bytes, std::size_t page_size);

  std::uint64_t begin_;
  std::uint64_t position_;       // of the first byte not yet given to the sink
  std::uint64_t seen_;           // all bytes before it have passed, with false pages
  std::uint64_t rejected_ = 0;   // bytes of all pages whose checksum was wrong
  std::vector<std::byte> held_;  // the start of a possible page
  std::size_t wanted_ = 0;       // held_ must grow to this before it is scanned again
  bool in_sync_ = true;
};

struct OggPageFields {
  unsigned flags = 0;
  std::uint64_t granule = 0;
  std::uint32_t serial = 0;
  std::uint32_t sequence = 0;
};
// Appends a page with a right checksum.  REQUIRES: at most 255 lacing values, and their sum is the
// size of the body.
void append_ogg_page(std::vector<std::byte>& out, const OggPageFields& fields, ByteSpan lacing,
                     ByteSpan body);
// Changes the fields of a page with a right checksum; the new checksum follows from the header
// alone, because Ogg's CRC is linear.
// REQUIRES: header is the page's whole header with its lacing table; all fields are set.
void patch_ogg_header(std::span<std::byte> header, std::size_t body_size,
                      const OggPageFields& fields);
// Appends the packets in as few pages as possible; the last page ends with the last packet.
// Returns the next sequence number.
std::uint32_t append_ogg_packets(std::vector<std::byte>& out, OggPageFields fields,
                                 std::span<const ByteSpan> packets);

// OggSerials: the serial numbers of logical Ogg streams after a change of sources: a stream with
// the number of one directly before it gets another.
// Source: RFC 3533, 4: each logical stream of a chained physical stream has a number of its own.
class OggSerials {
 public:
  // Serials of the chain before the first one here.
  void avoid(std::vector<std::uint32_t> serials) { avoided_ = std::move(serials); }
  // Called for each first page.
  void begin(std::uint32_t serial, bool new_chain) {
    if (new_chain) {
      // Serials may repeat between the chains of one source.
      if (!chain_.empty()) avoided_.clear();
      chain_.clear();
    }
    if (chain_.size() == kMaxStreams || has(serial)) return;
    std::uint32_t name = serial;
    while (is_taken(name)) name = name * 2654435761u + 40503u;
    chain_.push_back({serial, name});
  }
  // The number of a stream of the present chain.
  std::uint32_t of(std::uint32_t serial) const noexcept {
    for (const auto& [from, to] : chain_)
      if (from == serial) return to;
    return serial;
  }

  template <class Io, RecordOf<OggSerials> T>
  friend void record_fields(Io& io, T& serials) {
    io(1, serials.avoided_, serials.chain_);
  }

 private:
  static constexpr std::size_t kMaxStreams = 16;

  bool has(std::uint32_t serial) const noexcept {
    return std::any_of(chain_.begin(), chain_.end(),
                       [serial](const auto& stream) { return stream.first == serial; });
  }
  bool is_taken(std::uint32_t name) const noexcept {
    const auto is_name = [name](const auto& stream) { return stream.second == name; };
    return std::find(avoided_.begin(), avoided_.end(), name) != avoided_.end() ||
           std::any_of(chain_.begin(), chain_.end(), is_name);
  }

  std::vector<std::uint32_t> avoided_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> chain_;  // original, then present number
};

}  // namespace lb
