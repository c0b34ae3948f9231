#include "archive/read/range_plan.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "archive/read/export_cut.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "media/framer.h"
#include "media/same_format.h"

namespace lb {
namespace {

constexpr std::uint64_t kOggLook = 256 * 1024;
// Seconds: a chain that begins later continues the time of the one before it, or was joined late.
constexpr double kLatestBegin = 2;

}  // namespace

class RangePlanner {
 public:
  explicit RangePlanner(const std::string& mount) { plan_.mount = mount; }

  // Returns false if the rest of the range has another format.  next: the following file, or null.
  bool add(PastReading& reading, const FileRow& row, const FileRow* next, std::int64_t from_ms,
           std::int64_t to_ms) {
    const auto file = reading.open(row);
    if (!file) return true;  // removed after it was listed
    const FileHead& head = file->index.head;
    to_ms_ = to_ms;
    if (plan_.pieces.empty()) {
      format_ = framer_for(head.content_type).name;
    } else if (const bool same = same_format(head.content_type, plan_.content_type);
               !same || head.span.media.rate_hz != rate_hz_) {
      // Ogg can begin a new chain for another sample rate; other formats cannot.
      if (format_ != "ogg" || !same) return false;
    }
    const bool continues = last_ && last_->row.goes_on_in(row) && last_end_ == last_->row.bytes &&
                           row.origin <= last_origin_;
    const std::optional<Begin> found = continues ? Begin{begin_inside(*file), {}}
                                                 : begin_apart(reading, row, *file, next, from_ms);
    if (!found) return true;
    const auto& [begin, packet] = *found;
    UnitCut end = cut_at_unit(reading, *file, to_ms, CutSide::kEnd);
    // Ogg pages are cut in end_pages(), when the last file is known.
    if (format_ == "ogg") end = cut_at_unit(reading, *file, file->index.to_ms(), CutSide::kEnd);
    if (end.offset <= begin.offset && !packet.found) return true;
    if (plan_.pieces.empty()) {
      plan_.content_type = head.content_type;
      plan_.from_ms = begin.wall_ms;
      rate_hz_ = head.span.media.rate_hz;
      plan_.etag = cat({hex_text(row.id, 8), ".", hex_text(row.origin + begin.offset), "."});
    }
    if (!continues) {
      if (format_ == "ogg") end_pages(reading);
      if (format_ != "mpeg") begin_run(reading, *file, begin.offset, packet);
      first_file_ = file;
    }
    add_piece(reading, file, begin, std::max(begin.offset, end.offset));
    samples_ += end.samples - std::min(end.samples, begin.samples);
    plan_.to_ms = end.wall_ms;
    previous_ = continues ? last_ : nullptr;
    last_ = file;
    last_end_ = end.offset;
    last_origin_ = row.origin + end.offset;
    plan_.settled = end.offset < file->end() || file->index.ended;
    return true;
  }

  // Whether the last file ends before the requested range.  A granule gives the time at a page's
  // end, so the next file may contain the remaining sound.
  bool falls_short(PastReading& reading) const {
    if (format_ != "ogg" || !last_ || !in_run_) return false;
    const OggCut cut =
        cut_at_packet(reading, *last_, to_ms_, CutSide::kEnd, tail_of_previous(reading));
    return cut.found && cut.wall_ms < to_ms_;
  }

  Result<ExportPlan> take(PastReading& reading) {
    if (format_ == "ogg") end_pages(reading);
    if (plan_.pieces.empty()) return Error::not_found("nothing of this time is recorded");
    if (format_ == "mpeg" && samples_ > 0) {
      ExportPiece info;
      info.bytes = make_info_frame(first_frame_, size_, samples_, points_);
      if (!info.bytes.empty()) plan_.pieces.insert(plan_.pieces.begin(), std::move(info));
    }
    for (ExportPiece& piece : plan_.pieces) {
      if (!piece.bytes.empty()) piece.length = piece.bytes.size();
      plan_.size += piece.length;
    }
    const auto hex = [](auto number) { return hex_text(static_cast<std::uint64_t>(number)); };
    plan_.etag = cat({"\"", plan_.etag, hex(last_origin_), ".", hex(plan_.from_ms), ".",
                      hex(plan_.to_ms), ".", hex(plan_.size), "\""});
    return std::move(plan_);
  }

 private:
  struct Begin {
    UnitCut unit;
    OggCut packet;  // in Ogg
  };

  // The part of an overlapping file that its predecessor does not have.
  UnitCut begin_inside(const ArchiveFile& file) const {
    const std::uint64_t offset = last_origin_ - file.row.origin;
    const FileMark& mark = file.index.marks[file.index.mark_before(offset)];
    return {offset, mark.samples, mark.wall_ms};
  }

  // In a file that is not the last one's continuation; nullopt: the next file contains the sound of
  // this moment.
  std::optional<Begin> begin_apart(PastReading& reading, const FileRow& row,
                                   const ArchiveFile& file, const FileRow* next,
                                   std::int64_t from_ms) {
    // A file of another stream may overlap the time that is already planned.
    if (!plan_.pieces.empty() && file.index.from_ms() + kAheadMs < plan_.to_ms)
      from_ms = std::max(from_ms, plan_.to_ms);
    Begin begin{cut_at_unit(reading, file, from_ms, CutSide::kBegin), {}};
    if (format_ != "ogg") return begin;
    const bool follows = tail_ && row.origin == tail_origin_;
    OggCut& packet = begin.packet;
    packet = cut_at_packet(reading, file, from_ms, CutSide::kBegin, follows ? tail_ : std::nullopt);
    const bool in_next = next != nullptr && row.goes_on_in(*next);
    if (packet.found ? packet.beyond && in_next : file.index.to_ms() <= from_ms) {
      tail_ = last_granule(reading, file);
      tail_origin_ = row.origin + file.end();
      return std::nullopt;
    }
    if (!packet.found && begin.unit.offset == 0) packet = first_whole_packet(reading, file);
    if (packet.found)
      begin.unit = {packet.page + packet.page_size, begin.unit.samples, packet.wall_ms};
    return begin;
  }

  void add_piece(PastReading& reading, const std::shared_ptr<const ArchiveFile>& file,
                 const UnitCut& begin, std::uint64_t end) {
    const auto& marks = file->index.marks;
    ExportPiece piece;
    piece.row = file->row;
    piece.offset = begin.offset;
    piece.length = end - begin.offset;
    if (format_ == "ogg") {
      set_patches(reading, *file, begin.offset, end, piece.patches);
      for (const FileMark& mark : marks)
        if (mark.offset >= begin.offset && mark.offset <= end) piece.pages.push_back(mark.offset);
    }
    if (format_ == "mpeg") {
      if (plan_.pieces.empty()) first_frame_ = reading.read(*file, begin.offset, begin.offset + 8);
      if (points_.empty()) points_.push_back({0, 0});
      const unsigned rate_hz = file->index.head.span.media.rate_hz;
      std::uint64_t before = 0;
      for (const FileMark& mark : marks) {
        // Only the first of each second is the same at all nodes.
        const std::uint64_t second = MediaTime{mark.samples, rate_hz}.milliseconds() / 1000;
        if (std::exchange(before, second) != second && mark.offset > begin.offset &&
            mark.offset < end)
          points_.push_back({size_ + mark.offset - begin.offset,
                             samples_ + mark.samples - std::min(mark.samples, begin.samples)});
      }
    }
    size_ += piece.length;
    plan_.pieces.push_back(std::move(piece));
    in_run_ = true;
  }

  // The number of a logical stream in the plan.  RFC 3533, 4: no two of them have the same.
  std::uint32_t new_name(std::uint32_t serial) {
    while (!names_.insert(serial).second) serial = serial * 2654435761u + 40503u;
    return serial;
  }

  // Begins a chain whose header pages have their own numbers.
  void begin_chain(const Bytes& headers, std::uint64_t from) {
    chain_ = OggChain(headers);
    patch_ = {from, {}};
    for (const OggChain::Stream& stream : chain_.streams())
      patch_.streams.push_back({stream.serial, new_name(stream.serial), 0, 0, 0});
  }

  // Sets where the time of a chain begins. late: only if that is not where it should be.
  void set_granules(ByteSpan media, bool late) {
    std::vector<std::uint64_t> bases = chain_.granules_at(media);
    const OggChain::Stream* const first =
        chain_.streams().empty() ? nullptr : &chain_.streams().front();
    const bool one_packet =
        chain_.is_vorbis() && ogg_run_at(media, first->serial).first_packets == 1;
    if (late && first != nullptr && !one_packet &&
        static_cast<double>(bases.front() >> first->shift) < kLatestBegin * first->hertz)
      return;
    for (std::size_t i = 0; i < bases.size(); ++i) patch_.streams[i].granule_base = bases[i];
  }

  // The chains of a part of a file.  Each begins with its header pages, which are in the file, but
  // for the first, which goes on from before.
  void set_patches(PastReading& reading, const ArchiveFile& file, std::uint64_t begin,
                   std::uint64_t end, std::vector<OggPatch>& out) {
    const auto& facts = file.index.facts;
    const auto starts_inside = [&](const FileFact& fact) {
      return fact.headers && fact.offset > begin && fact.offset <= end;
    };
    const auto look = [&](auto fact, std::uint64_t from) {
      const auto next = std::find_if(fact, facts.end(), starts_inside);
      const std::uint64_t to = next == facts.end() ? end : next->offset;
      return reading.read(file, from, std::min(to, from + kOggLook));
    };
    if (std::exchange(media_follows_, false)) set_granules(look(facts.begin(), begin), true);
    patch_.from = 0;
    out.push_back(patch_);
    for (auto fact = facts.begin(); fact != facts.end(); ++fact) {
      if (!starts_inside(*fact)) continue;
      const std::uint64_t size = fact->headers->size();
      begin_chain(*fact->headers, std::max(begin, fact->offset - std::min(fact->offset, size)));
      media_follows_ = fact->offset == end;
      if (!media_follows_) set_granules(look(fact + 1, fact->offset), true);
      out.push_back(patch_);
    }
  }

  // Emits the headers that decoders need and sets how the following pages are renumbered.
  void begin_run(PastReading& reading, const ArchiveFile& file, std::uint64_t offset,
                 const OggCut& packet) {
    const auto headers = file.index.headers_at(packet.found ? packet.page : offset);
    first_ = {};
    media_follows_ = false;
    if (format_ != "ogg") {
      if (headers) add_bytes(*headers);
      return;
    }
    begin_chain(headers ? *headers : Bytes(), 0);
    if (headers) {
      std::string named;
      patch_ogg(*headers, 0, {&patch_, 1}, kNoPage, named);
      named.append(as_text(*headers).substr(std::min(named.size(), headers->size())));
      add_bytes(as_byte_span(named));
    }
    const std::uint64_t from = packet.found ? packet.page : offset;
    const Bytes media = reading.read(file, from, from + kOggLook);
    for (std::size_t i = 0; i < patch_.streams.size(); ++i) {
      OggStreamPatch& stream = patch_.streams[i];
      const OggRun run = ogg_run_at(media, stream.serial);
      if (!run.found) continue;
      stream.sequence_base = run.first_sequence;
      stream.header_pages = chain_.streams()[i].header_pages;
    }
    if (packet.found) {
      const FirstPage page(reading.read(file, packet.page, packet.page + packet.page_size));
      // The first packet of Vorbis produces no sound: it only primes the overlap with the next one.
      if (!patch_.streams.empty())
        patch_.streams.front().granule_base =
            packet.granule + (chain_.is_vorbis() ? packet.packet_samples : 0);
      first_ = packet;
      add_page(page.get(), patch_, packet.packet, kAllPackets, 0, kOggNoGranule);
      return;
    }
    set_granules(media, false);
    if (tail_ && file.row.origin + offset == tail_origin_ && patch_.streams.size() == 1)
      patch_.streams.front().granule_base = *tail_;
  }

  void add_bytes(ByteSpan bytes) {
    if (bytes.empty()) return;
    ExportPiece piece;
    piece.bytes.assign(as_text(bytes));
    size_ += piece.bytes.size();
    plan_.pieces.push_back(std::move(piece));
  }

  // Adds the packets [first, end) of a page.  granule: of the last packet, if later ones are left
  // out.
  void add_page(const OggPage& page, const OggPatch& patch, std::size_t first, std::size_t end,
                unsigned flags, std::uint64_t granule) {
    std::size_t whole = 0;
    for (const std::byte one : page.lacing()) whole += one != std::byte{255} ? 1 : 0;
    if (granule == kOggNoGranule && first < whole) granule = page.granule();
    OggPageFields fields{u8(page.header, 5) | flags, granule, page.serial(), page.sequence()};
    if (first > 0) fields.flags &= ~kOggContinued;
    patch.apply(fields);
    Bytes out;
    append_page_part(out, page, first, end, fields);
    add_bytes(out);
  }

  // The granule at which the last file begins, if it continues the file before it.
  std::optional<std::uint64_t> tail_of_previous(PastReading& reading) const {
    const bool meets = previous_ && previous_->row.origin + previous_->end() == last_->row.origin;
    return meets ? last_granule(reading, *previous_) : std::nullopt;
  }

  // The last page of a run ends with the packet of that moment and has the end-of-stream flag.
  void end_pages(PastReading& reading) {
    if (!std::exchange(in_run_, false)) return;
    ExportPiece& piece = plan_.pieces.back();
    const OggCut cut =
        cut_at_packet(reading, *last_, to_ms_, CutSide::kEnd, tail_of_previous(reading));
    const bool in_first = first_.found && last_ == first_file_ && cut.page == first_.page;
    if (!cut.found || (!in_first && cut.page < piece.offset)) {
      const std::uint64_t end = piece.offset + piece.length;
      const std::uint64_t from =
          last_->index.marks[last_->index.mark_before(end - std::min(end, kOggLook))].offset;
      const std::uint64_t begin = std::max(from, piece.offset);
      piece.last_page = ogg_tail(reading.read(*last_, begin, end), begin, 0).page;
      return;
    }
    const FirstPage page(reading.read(*last_, cut.page, cut.page + cut.page_size));
    const std::uint64_t left = cut.page > piece.offset && !in_first ? cut.page - piece.offset : 0;
    size_ -= piece.length - left;
    piece.length = left;
    std::erase_if(piece.pages, [&](std::uint64_t at) { return at > cut.page; });
    const OggPatch patch = patch_at(piece.patches, cut.page);
    if (left == 0) plan_.pieces.pop_back();
    std::size_t first = 0;
    if (in_first) {
      first = first_.packet;
      size_ -= plan_.pieces.back().bytes.size();
      plan_.pieces.pop_back();
    }
    add_page(page.get(), patch, first, std::max(cut.packet, first + 1), kOggEos, cut.granule);
    plan_.to_ms = cut.wall_ms;
    last_origin_ = last_->row.origin + cut.page + cut.page_size;
    plan_.settled = cut.page + cut.page_size < last_->end() || last_->index.ended;
  }

  ExportPlan plan_;
  std::string_view format_;
  unsigned rate_hz_ = 0;
  std::int64_t to_ms_ = 0;
  OggChain chain_{{}};                       // the newest one
  OggPatch patch_;                           // … and its changes
  bool media_follows_ = false;               // its first media page is in the next file
  std::unordered_set<std::uint32_t> names_;  // of all logical streams
  OggCut first_;                             // where the run of pages begins, in first_file_
  std::shared_ptr<const ArchiveFile> first_file_;
  bool in_run_ = false;
  Bytes first_frame_;
  std::vector<SeekPoint> points_;
  std::uint64_t size_ = 0, samples_ = 0;
  std::shared_ptr<const ArchiveFile> last_, previous_;  // previous_: the file that last_ continues
  std::uint64_t last_end_ = 0, last_origin_ = 0;
  // The granule of the last page of the file before the first one.
  std::optional<std::uint64_t> tail_;
  std::uint64_t tail_origin_ = 0;
};

ExportPlanner::ExportPlanner(const std::string& mount, std::shared_ptr<const RecordedFiles> files,
                             std::int64_t from_ms, std::int64_t to_ms)
    : files_(std::move(files)),
      from_ms_(from_ms),
      to_ms_(to_ms),
      first_(files_->find(from_ms)),
      next_(first_),
      planner_(std::make_unique<RangePlanner>(mount)) {}

ExportPlanner::~ExportPlanner() = default;

// Repeats a step that lacked remote bytes from the state before it; own files never lack bytes.
template <class F>
auto ExportPlanner::whole(PastReading& reading, F f) {
  auto before = far_ ? std::make_unique<RangePlanner>(*planner_) : nullptr;
  auto out = f(*planner_);
  if (reading.lacks()) planner_ = std::move(before);
  return out;
}

bool ExportPlanner::step(PastReading& reading) {
  if (next_ >= files_->size()) return false;
  const FileRow& row = (*files_)[next_];
  far_ = far_ || row.remote;
  const bool in_range = row.from_ms < to_ms_;
  const bool has_the_rest = !in_range && next_ > first_ && (*files_)[next_ - 1].goes_on_in(row) &&
                            (*files_)[next_ - 1].from_ms < to_ms_ && planner_->falls_short(reading);
  if (reading.lacks() || (!in_range && !has_the_rest)) return false;
  const FileRow* const behind = next_ + 1 < files_->size() ? &(*files_)[next_ + 1] : nullptr;
  const bool more = whole(reading, [&](RangePlanner& planner) {
    return planner.add(reading, row, behind, from_ms_, to_ms_);
  });
  if (!reading.lacks()) ++next_;
  return more;
}

Result<ExportPlan> ExportPlanner::take(PastReading& reading) {
  return whole(reading, [&](RangePlanner& planner) { return planner.take(reading); });
}

std::string_view file_extension(std::string_view content_type) noexcept {
  if (content_type == "audio/mpeg" || content_type == "audio/mp3") return ".mp3";
  if (content_type.find("aac") != std::string_view::npos) return ".aac";
  if (content_type.find("ogg") != std::string_view::npos) return ".ogg";
  if (content_type.find("webm") != std::string_view::npos) return ".webm";
  return ".bin";
}

}  // namespace lb
