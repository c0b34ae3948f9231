#include "archive/read/export_head.h"

#include <array>
#include <cmath>

#include "media/mpeg_header.h"

namespace lb {
namespace {

constexpr std::size_t kInfoBytes = 4 + 4 + 4 + 4 + 100;
constexpr unsigned kTocEntries = 100;
constexpr std::byte kGoesOn{255};  // lacing value: the packet continues in the next segment
constexpr std::size_t kTheoraHead = 42, kMaxStreams = 16;
constexpr double kLongestTime = 1e9;  // seconds
constexpr double kRounding = 1e-6;    // frames
constexpr std::array<std::uint8_t, 4> kSideStereo{17, 17, 17, 32}, kSideMono{9, 9, 9, 17};

void put_be32(std::string& out, std::uint64_t value) {
  value = std::min<std::uint64_t>(value, 0xffffffff);
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

// Calls f(position, page) for each whole page.
template <class F>
class PageReader final : public OggPageSink {
 public:
  explicit PageReader(F f) : f_(std::move(f)) {}
  void page(std::uint64_t position, const OggPage& page) override { f_(position, &page, {}); }
  void between(ByteSpan bytes) override { f_(0, nullptr, bytes); }

 private:
  F f_;
};
template <class F>
void read_pages(ByteSpan bytes, std::uint64_t position, F f) {
  OggPageScanner scanner(position);
  PageReader<F> reader(std::move(f));
  scanner.feed(bytes, reader);
}

}  // namespace

std::string make_info_frame(ByteSpan first, std::uint64_t bytes, std::uint64_t samples,
                            const std::vector<SeekPoint>& points) {
  if (first.size() < 4) return {};
  std::array<std::byte, kMpegFrameHead> head{};
  std::copy_n(first.begin(), std::min(first.size(), head.size()), head.begin());
  const unsigned version = (u8(head, 1) >> 3) & 3, layer = (u8(head, 1) >> 1) & 3;
  if (layer != 1) return {};
  head[1] |= std::byte{1};  // protection bit: no checksum follows
  const bool mono = (u8(head, 3) >> 6) == 3;
  const std::size_t side = mono ? kSideMono[version] : kSideStereo[version];
  std::string frame;
  unsigned per_frame = 0;
  // The lowest bit rate whose frame has space for the tag.
  for (unsigned rate = 1; rate < 15; ++rate) {
    head[2] = static_cast<std::byte>((rate << 4) | (u8(head, 2) & 0x0c));
    const MpegUnit unit = mpeg_frame_at(head);
    if (unit.what != MpegUnit::What::kFrame || unit.size < 4 + side + kInfoBytes) continue;
    frame.assign(unit.size, '\0');
    per_frame = unit.samples;
    break;
  }
  if (frame.empty() || per_frame == 0) return {};
  std::string tag = "Xing";
  put_be32(tag, 7);  // fields present: frames, bytes, table of contents
  put_be32(tag, (samples + per_frame / 2) / per_frame);
  put_be32(tag, bytes + frame.size());
  const std::uint64_t all = bytes + frame.size();
  std::size_t point = 0;
  for (unsigned i = 0; i < kTocEntries; ++i) {
    while (point + 1 < points.size() && points[point + 1].samples * kTocEntries <= samples * i)
      ++point;
    const SeekPoint here = points.empty() ? SeekPoint{0, 0} : points[point];
    const SeekPoint next =
        point + 1 < points.size() ? points[point + 1] : SeekPoint{bytes, samples};
    const std::uint64_t wanted = std::max(samples * i / kTocEntries, here.samples);
    const std::uint64_t passed = (next.bytes - here.bytes) * (wanted - here.samples) /
                                 std::max<std::uint64_t>(1, next.samples - here.samples);
    const std::uint64_t at = here.bytes + passed + frame.size();
    tag.push_back(static_cast<char>(all == 0 ? 0 : std::min<std::uint64_t>(255, at * 256 / all)));
  }
  for (std::size_t i = 0; i < 4; ++i) frame[i] = static_cast<char>(head[i]);
  frame.replace(4 + side, tag.size(), tag);
  return frame;
}

void OggPatch::apply(OggPageFields& fields) const {
  const auto stream = std::find_if(streams.begin(), streams.end(), [&](const OggStreamPatch& one) {
    return one.serial == fields.serial;
  });
  if (stream == streams.end()) return;
  fields.serial = stream->name;
  if (fields.granule != kOggNoGranule)
    fields.granule -= std::min(fields.granule, stream->granule_base);
  fields.sequence = fields.sequence - stream->sequence_base + stream->header_pages;
}

const OggPatch& patch_at(std::span<const OggPatch> patches, std::uint64_t offset) {
  const auto after =
      std::upper_bound(patches.begin() + 1, patches.end(), offset,
                       [](std::uint64_t at, const OggPatch& patch) { return at < patch.from; });
  return *(after - 1);
}

std::size_t patch_ogg(ByteSpan bytes, std::uint64_t position, std::span<const OggPatch> patches,
                      std::uint64_t last_page, std::string& out) {
  const std::size_t before = out.size();
  std::vector<std::byte> made;
  read_pages(bytes, position, [&](std::uint64_t at, const OggPage* page, ByteSpan between) {
    made.clear();
    if (page == nullptr) {
      made.assign(between.begin(), between.end());
    } else {
      OggPageFields fields{u8(page->header, 5), page->granule(), page->serial(), page->sequence()};
      patch_at(patches, at).apply(fields);
      if (at == last_page) fields.flags |= kOggEos;
      append_ogg_page(made, fields, page->lacing(), page->body);
    }
    out.append(reinterpret_cast<const char*>(made.data()), made.size());
  });
  return out.size() - before;
}

OggRun ogg_run_at(ByteSpan bytes, std::optional<std::uint32_t> serial) {
  OggRun run;
  unsigned granules = 0;
  read_pages(bytes, 0, [&](std::uint64_t, const OggPage* page, ByteSpan) {
    if (page == nullptr || (serial && page->serial() != *serial)) return;
    if (!run.found) {
      run.found = true;
      run.serial = page->serial();
      run.first_sequence = page->sequence();
    }
    if (page->serial() != run.serial || page->granule() == kOggNoGranule || granules == 2) return;
    const ByteSpan lacing = page->lacing();
    const auto packets = static_cast<unsigned>(
        std::count_if(lacing.begin(), lacing.end(), [](std::byte one) { return one < kGoesOn; }));
    (granules == 0 ? run.first_granule : run.second_granule) = page->granule();
    (granules++ == 0 ? run.first_packets : run.second_packets) = packets;
  });
  run.timed = granules > 0;
  if (granules < 2) run.second_granule = run.first_granule;
  return run;
}

OggTail ogg_tail(ByteSpan bytes, std::uint64_t position, std::uint32_t serial) {
  OggTail tail;
  read_pages(bytes, position, [&](std::uint64_t at, const OggPage* page, ByteSpan) {
    if (page == nullptr) return;
    tail.page = at;
    if (page->serial() == serial && page->granule() != kOggNoGranule)
      tail.granule = page->granule();
  });
  return tail;
}

OggChain::OggChain(ByteSpan headers) {
  OggPageScanner scanner(0);
  scanner.feed(headers, *this);
}

void OggChain::page(std::uint64_t, const OggPage& page) {
  auto stream = std::find_if(streams_.begin(), streams_.end(),
                             [&](const Stream& one) { return one.serial == page.serial(); });
  if (stream == streams_.end()) {
    if (!page.bos() || streams_.size() == kMaxStreams) return;
    Stream made;
    made.serial = page.serial();
    made.codec = ogg_codec_of(page.body);
    made.hertz = ogg_granule_hertz(made.codec, page.body);
    // Theora I specification 6.2.
    if (made.codec == OggCodec::kTheora && page.body.size() >= kTheoraHead) {
      const auto frames = static_cast<double>(read_be(page.body, 22, 4));
      const auto seconds = static_cast<double>(read_be(page.body, 26, 4));
      made.hertz = seconds > 0 ? frames / seconds : 0;
      made.shift = static_cast<unsigned>(read_be(page.body, 40, 2) >> 5 & 31);
    }
    stream = streams_.insert(stream, made);
  }
  ++stream->header_pages;
}

std::vector<std::uint64_t> OggChain::granules_at(ByteSpan media) const {
  std::vector<std::uint64_t> out(streams_.size());
  double moment = kLongestTime;
  for (std::size_t i = 0; i < streams_.size(); ++i) {
    const Stream& stream = streams_[i];
    if (stream.codec == OggCodec::kSkeleton) continue;
    const OggRun run = ogg_run_at(media, stream.serial);
    std::uint64_t begin = run.begin();
    // The first packet of Vorbis has no sound of its own.
    if (stream.codec == OggCodec::kVorbis && run.first_packets == 1) begin = run.first_granule;
    out[i] = begin;
    if (streams_.size() == 1) return out;
    if (stream.hertz <= 0) return std::vector<std::uint64_t>(streams_.size());
    if (!run.timed) continue;
    if (stream.codec == OggCodec::kTheora) {
      const std::uint64_t since = run.first_granule & ((std::uint64_t{1} << stream.shift) - 1);
      const std::uint64_t frames = (run.first_granule >> stream.shift) + since;
      begin = frames - std::min<std::uint64_t>(frames, run.first_packets);
    }
    moment = std::min(moment, static_cast<double>(begin) / stream.hertz);
  }
  if (moment >= kLongestTime) return std::vector<std::uint64_t>(streams_.size());
  // Pictures have the coarsest time, so the sound follows them.
  for (const Stream& stream : streams_)
    if (stream.codec == OggCodec::kTheora)
      moment = std::floor(moment * stream.hertz + kRounding) / stream.hertz;
  for (std::size_t i = 0; i < streams_.size(); ++i)
    out[i] = static_cast<std::uint64_t>(moment * streams_[i].hertz + 0.5) << streams_[i].shift;
  return out;
}

}  // namespace lb
