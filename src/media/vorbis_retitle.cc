// VorbisRetitler: gives an Ogg Vorbis stream a new title, as Icecast does: the logical stream ends
// (EOS), and a new one begins with a new comment header.  If any Ogg stream follows another
// source's, its logical streams get new serial numbers where they would repeat.
//
// The seam is inaudible.  A Vorbis decoder needs one packet before it gives sound, so the new
// stream begins with the last packet of the old one; granule positions continue.  With libvorbis
// the sound is identical bit for bit; ffmpeg does not restart its decoder and plays that packet (23
// ms) twice, as with Icecast.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "media/framer.h"
#include "media/ogg_headers.h"
#include "media/ogg_page.h"

namespace lb {
namespace {

constexpr std::size_t kHeaderPackets = 3;  // identification, comments, setup

void put_le32(Bytes& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(std::byte(value >> shift & 0xff));
}

void put_text(Bytes& out, std::string_view text) {
  const ByteSpan bytes = as_byte_span(text);
  out.insert(out.end(), bytes.begin(), bytes.end());
}

Bytes comment_packet(std::string_view vendor, const Metadata& metadata) {
  Bytes out;
  put_text(out, "\x03vorbis");
  put_le32(out, vendor.size());
  put_text(out, vendor);
  put_le32(out, (metadata.artist.empty() ? 0u : 1u) + (metadata.title.empty() ? 0u : 1u));
  const auto put_comment = [&](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    put_le32(out, name.size() + value.size());
    put_text(out, name);
    put_text(out, value);
  };
  put_comment("ARTIST=", metadata.artist);
  put_comment("TITLE=", metadata.title);
  out.push_back(std::byte{1});  // framing bit
  return out;
}

std::size_t sum_of(ByteSpan lacing) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < lacing.size(); ++i) sum += u8(lacing, i);
  return sum;
}

void append_bytes(Bytes& out, ByteSpan bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

constexpr std::size_t kMaxLacing = 255;  // of a page

// The last whole packet of a stream and the start of the next one, which the first media page of a
// new logical stream must hold.
class Tail {
 public:
  void clear() { whole_ = open_ = {}; }

  void add(const OggPage& page) {
    if (!page.continued()) open_.clear();  // its end is lost
    const bool torn = page.continued() && open_.empty();
    const ByteSpan lacing = page.lacing();
    std::size_t ends = lacing.size();  // after the last packet that ends here
    while (ends > 0 && u8(lacing, ends - 1) == 255) --ends;
    std::size_t begins = ends == 0 ? 0 : ends - 1;  // start of that packet
    while (begins > 0 && u8(lacing, begins - 1) == 255) --begins;
    if (ends > 0) {
      if (begins > 0) open_.clear();
      open_.add(page, begins, ends);
      std::swap(whole_, open_);
      open_.clear();
      if (begins == 0 && torn) whole_.clear();
    }
    if (ends > 0 || !torn) open_.add(page, ends, lacing.size());
    if (open_.lacing.size() > kMaxLacing) clear();  // no page can hold it
  }

  // Whether a stream that continues with `next` can begin with these packets.
  bool can_precede(const OggPage& next) const {
    if (whole_.empty()) return false;
    if (!next.continued()) return true;
    return !open_.empty() && whole_.lacing.size() + open_.lacing.size() <= kMaxLacing;
  }
  // Appends the first media page of a stream.  REQUIRES: can_precede(next)
  void append_page(Bytes& out, const OggPageFields& fields, const OggPage& next) const {
    Part part = whole_;
    if (next.continued()) {
      append_bytes(part.lacing, open_.lacing);
      append_bytes(part.body, open_.body);
    }
    append_ogg_page(out, fields, part.lacing, part.body);
  }

  template <class Io, RecordOf<Tail> T>
  friend void record_fields(Io& io, T& tail) {
    io(1, tail.whole_, tail.open_);
  }

 private:
  struct Part {
    Bytes lacing;
    Bytes body;

    bool empty() const { return lacing.empty(); }
    void clear() {
      lacing.clear();
      body.clear();
    }
    // Adds the lacing values [from, to) of a page, and their bytes.
    void add(const OggPage& page, std::size_t from, std::size_t to) {
      const ByteSpan values = page.lacing();
      std::size_t skip = 0;
      for (std::size_t i = 0; i < from; ++i) skip += u8(values, i);
      std::size_t size = 0;
      for (std::size_t i = from; i < to; ++i) size += u8(values, i);
      append_bytes(lacing, values.subspan(from, to - from));
      append_bytes(body, page.body.subspan(skip, size));
    }

    template <class Io, RecordOf<Part> T>
    friend void record_fields(Io& io, T& part) {
      io(1, part.lacing, part.body);
      if constexpr (Io::kReads)
        if (part.lacing.size() > kMaxLacing || part.body.size() != sum_of(part.lacing))
          io.wrong(1, "does not measure the body");
    }
  };
  Part whole_;
  Part open_;
};

class VorbisRetitler final : public Rewriter, private OggPageSink {
 public:
  void rewrite(std::span<const std::byte> bytes, Bytes& out) override {
    out_ = &out;
    scanner_.feed(bytes, *this);
    out_ = nullptr;
  }
  // True as soon as the first page is Vorbis; the title then waits for the headers.
  bool set_title(const Metadata& metadata) override {
    if (!stream_) return false;
    pending_ = metadata;
    return true;
  }
  void avoid(std::vector<std::uint32_t> serials) override { serials_.avoid(std::move(serials)); }
  void save(RecordOut& out) const override { fields(out, *this); }
  void restore(RecordIn& in) override { fields(in, *this); }

 private:
  template <class Io, class Self>
  static void fields(Io& io, Self& self) {
    io(1, self.scanner_, self.first_pages_, self.serials_, self.stream_, self.pending_, self.tail_,
       self.granule_, self.next_in_, self.next_out_, self.serial_, self.shift_);
  }
  void page(std::uint64_t position, const OggPage& page) override;
  void between(ByteSpan bytes) override { append_bytes(*out_, bytes); }
  void renamed_page(const OggPage& page);
  void first_page(const OggPage& page);
  void media_page(const OggPage& page);
  void begin_new_stream(const OggPage& next);
  void pass(const OggPage& page);

  OggPageScanner scanner_{0};
  Bytes* out_ = nullptr;      // during rewrite()
  bool first_pages_ = false;  // a chain begins
  OggSerials serials_;
  std::optional<OggHeaders> stream_;  // set while the chain is a single Vorbis stream
  std::optional<Metadata> pending_;
  Tail tail_;
  std::uint64_t granule_ = 0;  // of the last media page that ends a packet
  std::uint32_t next_in_ = 0;  // page sequence numbers
  std::uint32_t next_out_ = 0;
  // The serial and the shift of the source's pages: its own serial and 0 before the first title.
  std::uint32_t serial_ = 0;
  std::uint32_t shift_ = 0;
};

void VorbisRetitler::page(std::uint64_t /*position*/, const OggPage& page) {
  if (page.bos()) serials_.begin(page.serial(), !first_pages_);
  const std::uint32_t serial = serials_.of(page.serial());
  if (serial == page.serial()) {
    renamed_page(page);
    return;
  }
  std::array<std::byte, kOggHeaderSize + 255> copy;
  const std::span header(copy.data(), page.header.size());
  std::copy(page.header.begin(), page.header.end(), header.begin());
  patch_ogg_header(header, page.body.size(),
                   {u8(page.header, 5), page.granule(), serial, page.sequence()});
  renamed_page({header, page.body});
}

void VorbisRetitler::renamed_page(const OggPage& page) {
  if (page.bos()) {
    first_page(page);
    pass(page);
    return;
  }
  first_pages_ = false;
  if (!stream_ || page.serial() != stream_->serial()) {
    pass(page);
  } else if (stream_->done()) {
    media_page(page);
  } else {
    if (!stream_->take(page)) stream_.reset();
    next_in_ = next_out_ = page.sequence() + 1;
    pass(page);
  }
}

void VorbisRetitler::first_page(const OggPage& page) {
  const bool alone = !first_pages_;
  first_pages_ = true;
  stream_.reset();
  pending_.reset();
  tail_.clear();
  granule_ = 0;
  serial_ = page.serial();
  shift_ = 0;
  if (alone && ogg_codec_of(page.body) == OggCodec::kVorbis) stream_.emplace(page, kHeaderPackets);
}

void VorbisRetitler::media_page(const OggPage& page) {
  if (page.sequence() != next_in_) tail_.clear();  // a page is missing
  next_in_ = page.sequence() + 1;
  // A stream without sound confuses players, so a title waits for the first packet.
  if (pending_ && tail_.can_precede(page)) begin_new_stream(page);
  tail_.add(page);
  if (page.granule() != kOggNoGranule) granule_ = page.granule();
  next_out_ = next_in_ + shift_;
  if (serial_ == stream_->serial()) {
    pass(page);
    return;
  }
  const unsigned flags = u8(page.header, 5);
  append_ogg_page(*out_, {flags, page.granule(), serial_, page.sequence() + shift_}, page.lacing(),
                  page.body);
}

void VorbisRetitler::begin_new_stream(const OggPage& next) {
  append_ogg_page(*out_, {kOggEos, granule_, serial_, next_out_}, {}, {});
  // Any number other than the present stream's will do.
  do serial_ = serial_ * 2654435761u + 40503u;
  while (serial_ == stream_->serial());

  const Bytes comments =
      comment_packet(read_ogg_tags(stream_->comments()).vendor, *std::exchange(pending_, {}));
  const ByteSpan first[] = {stream_->packet(0)};
  const ByteSpan others[] = {comments, stream_->packet(2)};
  std::uint32_t sequence = append_ogg_packets(*out_, {kOggBos, 0, serial_, 0}, first);
  sequence = append_ogg_packets(*out_, {0, 0, serial_, sequence}, others);
  tail_.append_page(*out_, {0, granule_, serial_, sequence}, next);
  shift_ = sequence + 1 - next.sequence();
}

void VorbisRetitler::pass(const OggPage& page) {
  append_bytes(*out_, page.header);
  append_bytes(*out_, page.body);
}

}  // namespace

std::unique_ptr<Rewriter> make_vorbis_retitler() { return std::make_unique<VorbisRetitler>(); }

}  // namespace lb
