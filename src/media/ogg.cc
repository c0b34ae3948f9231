// Ogg (RFC 3533): finds chains, where their media begin, and the headers that a decoder needs.
// A stream is a sequence of chains.  A chain begins with the first pages (BOS) of all its logical
// streams; their other header pages and then media follow.  A new chain never ends anything here;
// only the newest chain's headers are kept.
#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "media/framer.h"
#include "media/ogg_headers.h"
#include "media/ogg_page.h"

namespace lb {

std::unique_ptr<Rewriter> make_vorbis_retitler();

namespace {

constexpr std::size_t kMaxStreams = 16;         // logical streams in a chain
constexpr std::uint64_t kOggSyncSpacing = 512;  // see framer.h
constexpr std::size_t kKeptPackets = 2;         // the second packet has the comments
constexpr std::size_t kKeptOfFlac = 16;         // pictures may follow the comments

// Seconds; a granule beyond it, and beyond what the packets can last, is a stream joined late.
constexpr std::uint64_t kLongestFirstPage = 2;
constexpr std::uint64_t kLongestGap = 3600;  // seconds; a longer one is a broken granule

bool has_sample_granules(OggCodec codec) noexcept {
  return codec == OggCodec::kVorbis || codec == OggCodec::kOpus || codec == OggCodec::kFlac;
}

void append_page(Bytes& out, const OggPage& page) {
  out.insert(out.end(), page.header.begin(), page.header.end());
  out.insert(out.end(), page.body.begin(), page.body.end());
}

// Theora I specification 7.1: a media packet begins with a 0 bit, then 0 for an intra frame.  An
// empty packet repeats the previous frame.
bool begins_key_frame(const OggPage& page) {
  return u8(page.lacing(), 0) > 0 && (u8(page.body, 0) & 0xc0) == 0;
}

// Whether another packet begins on a page that begins within a packet.
bool begins_another_packet(const OggPage& page) {
  const ByteSpan lacing = page.lacing();
  const auto ends = std::find_if(lacing.begin(), lacing.end(),
                                 [](std::byte one) { return one != std::byte{255}; });
  return ends != lacing.end() && ends + 1 != lacing.end();
}

class OggFramer final : public Framer, private OggPageSink {
 public:
  OggFramer(std::uint64_t begin, MediaTime first) noexcept : scanner_(begin), clock_(first) {}

  void consume(std::span<const std::byte> bytes, MarkSink& sink) override {
    sink_ = &sink;
    scanner_.feed(bytes, *this);
    sink_ = nullptr;
  }
  std::uint64_t complete() const noexcept override { return scanner_.complete(); }
  MediaClock* clock() noexcept override { return &clock_; }
  Bytes closing() const override;
  std::vector<std::uint32_t> serials() const override { return serials_; }
  void save(RecordOut& out) const override { fields(out, *this); }
  void restore(RecordIn& in) override { fields(in, *this); }

 private:
  enum class Phase : std::uint8_t {
    kLost,     // before a chain, or its headers are broken or too many: no marks
    kBos,      // first pages arrive
    kHeaders,  // the other header pages arrive
    kMedia,
  };

  template <class Io, class Self>
  static void fields(Io& io, Self& self) {
    io(1, self.scanner_);
    io.choice(2, self.phase_, Phase::kMedia);
    io(3, self.streams_, self.headers_, self.facts_, self.has_theora_, self.clock_,
       self.clock_serial_, self.clock_rate_hz_, self.timed_, self.last_granule_, self.open_,
       self.serials_, self.last_sync_, self.first_sync_due_, self.last_inner_, self.inner_second_,
       self.reported_facts_, self.reported_metadata_, self.granule_before_, self.page_lasts_,
       self.longest_packet_);
  }
  void page(std::uint64_t position, const OggPage& page) override;
  void first_page(std::uint64_t position, const OggPage& page);
  void header_page(std::uint64_t position, const OggPage& page, OggHeaders& stream);
  void media_page(std::uint64_t position, const OggPage& page, OggCodec codec);
  void inner_page(std::uint64_t position, const OggPage& page);
  void headers_are_in(std::uint64_t position);
  std::string find_picture() const;
  void keep_time(std::uint64_t position, const OggPage& page, OggCodec codec);
  void pass(std::uint64_t samples);
  UnitTime unit() const;
  void note_open(const OggPage& page);
  void give_up();
  bool begins_chain(const OggPage& page) noexcept;
  OggHeaders* find(std::uint32_t serial) noexcept;
  template <class Predicate>
  bool all_streams(Predicate predicate) const {
    return std::all_of(streams_.begin(), streams_.end(), predicate);
  }

  OggPageScanner scanner_;
  MarkSink* sink_ = nullptr;  // during consume()
  Phase phase_ = Phase::kLost;
  std::vector<OggHeaders> streams_;
  Bytes headers_;  // the header pages so far
  CodecFacts facts_;
  bool has_theora_ = false;
  MediaClock clock_;
  std::optional<std::uint32_t> clock_serial_;  // the stream whose granules the clock follows
  unsigned clock_rate_hz_ = 0;
  std::uint64_t longest_packet_ = 0;              // of that stream, in samples
  bool timed_ = false;                            // a page has set the time
  std::uint64_t last_granule_ = kOggNoGranule;    // of this chain
  std::uint64_t granule_before_ = kOggNoGranule;  // the last one of the chain before
  std::uint32_t page_lasts_ = 0;                  // in samples; 0: another stream's, or unknown
  // The logical streams of this chain without their last page yet.
  struct Open {
    std::uint32_t serial = 0;
    std::uint32_t next_sequence = 0;
    std::uint64_t granule = 0;

    template <class Io, RecordOf<Open> T>
    friend void record_fields(Io& io, T& open) {
      io(1, open.serial, open.next_sequence, open.granule);
    }
  };
  std::vector<Open> open_;
  std::vector<std::uint32_t> serials_;  // of this chain
  std::uint64_t last_sync_ = 0;
  bool first_sync_due_ = false;
  std::uint64_t last_inner_ = 0;
  std::optional<std::uint64_t> inner_second_;  // media second of the last inner second-mark
  // The facts reported last, so that many equal chains report them once.
  std::optional<CodecFacts> reported_facts_;
  Metadata reported_metadata_;
};

void OggFramer::page(std::uint64_t position, const OggPage& page) {
  if (page.bos()) {
    first_page(position, page);
    note_open(page);
    return;
  }
  note_open(page);
  if (phase_ == Phase::kBos) phase_ = streams_.empty() ? Phase::kLost : Phase::kHeaders;
  OggHeaders* stream = phase_ == Phase::kLost ? nullptr : find(page.serial());
  if (stream == nullptr) return;
  if (!stream->done()) {
    header_page(position, page, *stream);
    return;
  }
  const auto is_ready = [](const OggHeaders& s) { return s.done() || s.may_be_cut_short(); };
  if (phase_ == Phase::kHeaders && all_streams(is_ready)) headers_are_in(position);
  if (phase_ != Phase::kMedia) return;
  keep_time(position, page, stream->codec());
  media_page(position, page, stream->codec());
}

void OggFramer::first_page(std::uint64_t position, const OggPage& page) {
  if (begins_chain(page)) {
    give_up();
    open_.clear();
    serials_.clear();
    phase_ = Phase::kBos;
    facts_ = {};
    has_theora_ = false;
    clock_serial_.reset();
    clock_rate_hz_ = 0;
    granule_before_ = std::exchange(last_granule_, kOggNoGranule);
    sink_->start(position);
  } else if (streams_.empty()) {
    return;  // too many streams, and these are still first pages
  } else if (streams_.size() == kMaxStreams) {
    give_up();
    phase_ = Phase::kBos;
    return;
  }
  const bool flac = ogg_codec_of(page.body) == OggCodec::kFlac;
  const OggHeaders& stream = streams_.emplace_back(page, flac ? kKeptOfFlac : kKeptPackets);
  if (!clock_serial_ && has_sample_granules(stream.codec())) {
    clock_serial_ = stream.serial();
    clock_rate_hz_ = ogg_granule_hertz(stream.codec(), page.body);
    longest_packet_ = ogg_longest_packet(stream.codec(), page.body);
  }
  append_page(headers_, page);
  add_ogg_facts(stream.codec(), page.body, facts_);
  has_theora_ = has_theora_ || stream.codec() == OggCodec::kTheora;
}

void OggFramer::header_page(std::uint64_t position, const OggPage& page, OggHeaders& stream) {
  if (phase_ != Phase::kHeaders) return;
  if (!stream.take(page) || headers_.size() + page.size() > kMaxHeaderBytes) {
    give_up();
    return;
  }
  append_page(headers_, page);
  if (all_streams([](const OggHeaders& s) { return s.done(); }))
    headers_are_in(position + page.size());
}

void OggFramer::headers_are_in(std::uint64_t position) {
  OggTags tags;
  for (const OggHeaders& stream : streams_) {
    tags = read_ogg_tags(stream.comments());
    if (!tags.artist.empty() || !tags.title.empty()) break;
  }
  Metadata metadata = metadata_of(tags);
  std::string picture = find_picture();
  for (OggHeaders& stream : streams_) stream.forget_packets();

  if (reported_facts_ != facts_) sink_->codec(facts_);
  reported_facts_ = facts_;
  sink_->headers(position, std::exchange(headers_, {}));
  if (metadata.artist != reported_metadata_.artist || metadata.title != reported_metadata_.title) {
    reported_metadata_ = metadata;
    const std::string song = metadata.song();
    sink_->metadata(position, std::move(metadata));
    if (!picture.empty()) sink_->picture({song, std::move(picture)});
  }
  phase_ = Phase::kMedia;
  first_sync_due_ = true;
}

std::string OggFramer::find_picture() const {
  constexpr unsigned kPictureBlock = 6;
  constexpr std::size_t kBlockHead = 4;
  for (const OggHeaders& stream : streams_) {
    if (std::string found = picture_in_comments(stream.comments()); !found.empty()) return found;
    if (stream.codec() != OggCodec::kFlac) continue;
    for (std::size_t i = kKeptPackets; i < kKeptOfFlac; ++i) {
      const ByteSpan packet = stream.packet(i);
      if (packet.size() <= kBlockHead || (u8(packet, 0) & 0x7f) != kPictureBlock) continue;
      if (const auto block = read_picture_block(packet.subspan(kBlockHead)); !block.bytes.empty())
        return std::string(block.bytes);
    }
  }
  return {};
}

// The time of a page is that of its granule, the end of its last packet, so every node gets the
// same time, wherever it begins to read.
void OggFramer::keep_time(std::uint64_t position, const OggPage& page, OggCodec codec) {
  page_lasts_ = 0;
  if (page.serial() != clock_serial_ || page.granule() == kOggNoGranule) return;
  const std::uint64_t granule = page.granule();
  if (last_granule_ == kOggNoGranule) {
    const bool goes_on = !clock_.set_rate(clock_rate_hz_);
    if (!goes_on) {
      sink_->clock(position, clock_rate_hz_);
      inner_second_.reset();
    }
    // A chain after another one begins at 0, unless the encoder states a late start, or this is the
    // same sound with another title (see VorbisRetitler), whose page is not the only one.
    if (goes_on && timed_ && (granule != granule_before_ || page.eos()) &&
        granule <= std::max(kLongestFirstPage * clock_rate_hz_,
                            ogg_most_samples(page, codec, longest_packet_)))
      pass(granule);
    timed_ = true;
  } else if (granule > last_granule_ && granule - last_granule_ <= kLongestGap * clock_rate_hz_) {
    pass(granule - last_granule_);
  }
  last_granule_ = granule;
  sink_->time(clock_.now().samples);
}

void OggFramer::pass(std::uint64_t samples) {
  clock_.pass(samples);
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
  page_lasts_ = static_cast<std::uint32_t>(std::min(samples, kMost));
}

// The page's time, and how long it has sounded by then.
UnitTime OggFramer::unit() const {
  UnitTime time = clock_.unit();
  time.before = page_lasts_;
  return time;
}

void OggFramer::media_page(std::uint64_t position, const OggPage& page, OggCodec codec) {
  if (page.lacing().empty() || codec == OggCodec::kSkeleton) return;
  if (page.continued()) {
    inner_page(position, page);
    return;
  }
  const UnitTime time = unit();
  if (!first_sync_due_) {
    if (!time.second && position < last_sync_ + kOggSyncSpacing) return;
    // A decoder needs a key frame for video, and skips earlier sound.
    if (has_theora_ && !(codec == OggCodec::kTheora && begins_key_frame(page))) return;
  }
  first_sync_due_ = false;
  last_sync_ = position;
  clock_.told();
  sink_->sync(position, time);
}

// Only pages of the stream that the clock follows; with video only key frames are marked.
void OggFramer::inner_page(std::uint64_t position, const OggPage& page) {
  if (page.serial() != clock_serial_ || page.granule() == kOggNoGranule || has_theora_ ||
      !begins_another_packet(page))
    return;
  UnitTime time = unit();
  const std::uint64_t second = clock_rate_hz_ > 0 ? time.samples / clock_rate_hz_ : 0;
  time.second = time.second && inner_second_ != second;
  if (!time.second && position < std::max(last_sync_, last_inner_) + kOggSyncSpacing) return;
  if (time.second) inner_second_ = second;
  last_inner_ = position;
  sink_->inner(position, time);
}

void OggFramer::note_open(const OggPage& page) {
  if (page.bos() && serials_.size() < kMaxStreams) serials_.push_back(page.serial());
  const auto found = std::find_if(open_.begin(), open_.end(),
                                  [&](const Open& o) { return o.serial == page.serial(); });
  if (page.eos()) {
    if (found != open_.end()) open_.erase(found);
  } else if (found != open_.end()) {
    found->next_sequence = page.sequence() + 1;
    if (page.granule() != kOggNoGranule) found->granule = page.granule();
  } else if (page.bos() && open_.size() < kMaxStreams) {
    open_.push_back({page.serial(), page.sequence() + 1, page.granule()});
  }
}

Bytes OggFramer::closing() const {
  Bytes out;
  for (const Open& open : open_)
    append_ogg_page(out, {kOggEos, open.granule, open.serial, open.next_sequence}, {}, {});
  return out;
}

void OggFramer::give_up() {
  phase_ = Phase::kLost;
  streams_.clear();
  headers_ = {};
}

// The first pages of a chain are adjacent.  A repeated serial, or streams that all end on their
// first page, mean another chain that follows at once.
bool OggFramer::begins_chain(const OggPage& page) noexcept {
  if (phase_ != Phase::kBos) return true;
  if (streams_.empty()) return false;
  return find(page.serial()) != nullptr ||
         all_streams([](const OggHeaders& s) { return s.ended(); });
}

OggHeaders* OggFramer::find(std::uint32_t serial) noexcept {
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const OggHeaders& s) { return s.serial() == serial; });
  return found == streams_.end() ? nullptr : &*found;
}

constexpr std::string_view kOggTypes[] = {"application/ogg", "audio/ogg", "video/ogg",
                                          "application/x-ogg"};

}  // namespace

extern const FramerPlugin kOggFramer;
constinit const FramerPlugin kOggFramer{
    .name = "ogg",
    .types = kOggTypes,
    .icy_metadata = false,
    .make = [](std::uint64_t begin, MediaTime first) -> std::unique_ptr<Framer> {
      return std::make_unique<OggFramer>(begin, first);
    },
    .make_rewriter = make_vorbis_retitler,
};

}  // namespace lb
