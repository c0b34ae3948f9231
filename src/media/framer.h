// Framer: finds the places in the bytes of one source where decoders may start, and the headers
// that they need first.  It marks; it never drops or alters a byte, and no input makes it fail.
// Out of sync it makes no marks, and a listener starts at the plain burst offset.
//
// Thread: one owner (the source's home worker).  Pure: no fd, no clock.
// Positions are stream positions: `begin` given to make() plus the bytes consumed so far.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/record.h"
#include "media/media_clock.h"
#include "media/metadata.h"
#include "media/picture_tags.h"

namespace lb {

using Bytes = std::vector<std::byte>;

// Facts from the headers of the stream, for statistics. 0 or empty: not known.
struct CodecFacts {
  std::string subtype;  // "Vorbis", "Opus", "Vorbis/Theora" …
  unsigned audio_channels = 0;
  unsigned audio_samplerate_hz = 0;
  unsigned audio_bitrate_bps = 0;  // Vorbis: the nominal rate
  // name → value, of single codecs: "frame_rate", "video_quality", "FLAC_version" …
  std::vector<std::pair<std::string, std::string>> other;

  bool operator==(const CodecFacts&) const = default;
  static constexpr PlainRecord kRecord{.members = 5};
};

// Positions never decrease from call to call, except that headers() and metadata() may name the
// same position as the sync() before or after them.
class MarkSink {
 public:
  virtual ~MarkSink() = default;
  // A decoder may start at `position` if it has been given the newest headers first.  Marks are
  // thinned: MPEG frames to at least 1024 bytes apart (the first confirmed one is always marked),
  // Ogg pages to 512 (the first media page of a chain always), Clusters to 512 (the first always);
  // the first unit at or after a whole second of media time is always marked.
  virtual void sync(std::uint64_t position, UnitTime time) = 0;
  // An inner mark: a page of Ogg that begins within a packet, and on which that one ends and
  // another begins.  No listener starts there, but a recording may be cut there, for streams in
  // which hardly a page begins with a packet.  Thinned as sync(); `second`: the first page of its
  // second.
  virtual void inner(std::uint64_t /*position*/, UnitTime /*time*/) {}
  // Media time at the end of the newest unit, marked or not: a frame of MPEG, a page of Ogg.
  virtual void time(std::uint64_t /*samples*/) {}
  // Media time counts from 0 at this rate, from the unit at `position` on.
  virtual void clock(std::uint64_t position, unsigned rate_hz) = 0;
  // A decoder may start at `position` without headers (Ogg BOS of a chain, EBML head).
  virtual void start(std::uint64_t position) = 0;
  // A listener that starts at or after `position` first needs these bytes (all header pages of all
  // logical streams, BOS pages first; EBML head up to the first Cluster).
  virtual void headers(std::uint64_t position, Bytes bytes) = 0;
  // The stream has its own title (Ogg comments), in effect from `position`.
  virtual void metadata(std::uint64_t position, Metadata metadata) = 0;
  virtual void codec(const CodecFacts& facts) = 0;
  // A picture of a title, as a tag of the stream has it: any bytes.
  virtual void picture(StreamPicture /*picture*/) {}
};

class Framer {
 public:
  virtual ~Framer() = default;
  // Any split of the same bytes over calls gives the same marks.
  virtual void consume(std::span<const std::byte> bytes, MarkSink& sink) = 0;
  // All bytes before this position form whole units (frames, pages) and may be given to
  // listeners.  Never more than 72 KiB behind what was consumed; equal to it when out of sync.
  virtual std::uint64_t complete() const noexcept = 0;
  // The bytes to add at complete() before another source's stream, so that this one is whole (Ogg:
  // a last page for each unfinished logical stream); empty: none.
  virtual Bytes closing() const { return {}; }
  // Its media clock, which a caller may set, because a stream continued from another server has
  // that server's. nullptr: the format has none.
  virtual MediaClock* clock() noexcept { return nullptr; }
  // The serial numbers that the first logical streams of a successor must not have, because these
  // streams directly precede them.
  virtual std::vector<std::uint32_t> serials() const { return {}; }
  // The state between two bytes: a framer of the same plugin that restores it continues equally.
  virtual void save(RecordOut& out) const = 0;
  virtual void restore(RecordIn& in) = 0;
};

// Changes the stream if only that can carry a new title: Ogg Vorbis gets a new chained logical
// stream, as in Icecast.  Works before the framer; passes all other bytes unchanged.
class Rewriter {
 public:
  virtual ~Rewriter() = default;
  // Appends to `out` the bytes for listeners made of `bytes`; holds back an incomplete page.
  virtual void rewrite(std::span<const std::byte> bytes, Bytes& out) = 0;
  // False: this stream takes no titles (Opus, FLAC, several codecs).  In effect from the next page
  // on.
  virtual bool set_title(const Metadata& metadata) = 0;
  // Framer::serials() of the predecessor; before the first byte.
  virtual void avoid(std::vector<std::uint32_t> /*serials*/) {}
  virtual void save(RecordOut& out) const = 0;
  virtual void restore(RecordIn& in) = 0;
};

struct FramerPlugin {
  std::string_view name;                    // "mpeg", "ogg", "ebml", "opaque"
  std::span<const std::string_view> types;  // exact content types, lower case
  bool icy_metadata;                        // listeners may get ICY blocks; admin sets titles
  // first: the media time of the first unit, if an upstream has sent it.
  std::unique_ptr<Framer> (*make)(std::uint64_t begin, MediaTime first);
  std::unique_ptr<Rewriter> (*make_rewriter)();  // null: none
};

// The table; the last row ("opaque") takes every type that no other row names.
std::span<const FramerPlugin> framer_plugins();
// Case-sensitive exact match on the type without parameters, as Icecast: "audio/ogg; codecs=opus"
// still finds Ogg here, because every player means Ogg by it.
const FramerPlugin& framer_for(std::string_view content_type);

}  // namespace lb
