#include "archive/range_plan.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "archive/remote_wait.h"
#include "media/framer.h"

namespace lb {
namespace {

constexpr std::uint64_t kOggLook = 256 * 1024;

Bytes read_part(const ArchiveFile& file, std::uint64_t from, std::uint64_t to) {
  Bytes bytes(static_cast<std::size_t>(std::min(to, file.end()) - std::min(from, file.end())));
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(file.fd(), bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(from + filled));
    if (got <= 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

using FilePtr = std::shared_ptr<const ArchiveFile>;

class Planner {
 public:
  Planner(const std::string& dir, const std::string& mount, RemoteArchive* remote)
      : dir_(dir), remote_(remote) {
    plan_.mount = mount;
  }

  // False: what follows has another format.
  bool add(const FileRow& row, std::int64_t from_ms, std::int64_t to_ms) {
    if (row.remote && remote_ == nullptr) return true;
    auto loaded = row.remote ? load_and_wait(*remote_, plan_.mount, row)
                             : load_archive_file(dir_, plan_.mount, row);
    if (!loaded) return true;  // removed meanwhile
    const auto file = *loaded;
    const auto& marks = file->index.marks;
    const FileHead& head = file->index.head;
    std::size_t first = file->index.mark_at(from_ms);
    std::size_t last = file->index.mark_at(to_ms);
    if (marks[last].wall_ms < to_ms && last + 1 < marks.size()) ++last;
    const bool continues = last_ && last_->row.goes_on_in(row) && last_end_ == last_->row.bytes &&
                           row.origin <= last_origin_;
    std::uint64_t offset = marks[first].offset;
    if (continues) {
      // Of a file that overlaps its predecessor the rest.
      offset = last_origin_ - row.origin;
      first = file->index.mark_before(offset);
    }
    const std::uint64_t end = marks[last].offset;
    if (end <= offset) return true;
    if (plan_.pieces.empty()) {
      plan_.content_type = head.content_type;
      plan_.from_ms = marks[first].wall_ms;
      rate_hz_ = head.span.media.rate_hz;
      format_ = framer_for(head.content_type).name;
      std::array<char, 64> tag{};
      std::snprintf(tag.data(), tag.size(), "%08x.%llx.", row.id,
                    static_cast<unsigned long long>(row.origin + offset));
      plan_.etag = tag.data();
    } else if (head.content_type != plan_.content_type || head.span.media.rate_hz != rate_hz_) {
      // Ogg begins a new chain for another kind of sound; others cannot.
      if (format_ != "ogg" || head.content_type != plan_.content_type) return false;
    }
    if (!continues && format_ != "mpeg") begin_run(file, offset);
    ExportPiece piece;
    piece.row = file->row;
    piece.offset = offset;
    piece.length = end - offset;
    if (format_ == "ogg") {
      piece.patch = patch_;
      for (std::size_t i = first; i <= last; ++i)
        if (marks[i].offset >= offset) piece.pages.push_back(marks[i].offset);
    }
    if (format_ == "mpeg" && plan_.pieces.empty()) first_frame_ = part(file, offset, offset + 8);
    for (std::size_t i = first; i <= last; ++i)
      if (marks[i].offset >= offset)
        points_.push_back(
            {size_ + marks[i].offset - offset, samples_ + marks[i].samples - marks[first].samples});
    size_ += piece.length;
    samples_ += marks[last].samples - marks[first].samples;
    plan_.pieces.push_back(std::move(piece));
    plan_.to_ms = marks[last].wall_ms;
    last_ = file;
    last_end_ = end;
    last_origin_ = row.origin + end;
    plan_.settled = last + 1 < marks.size() || file->index.ended;
    return true;
  }

  Result<ExportPlan> take() {
    if (plan_.pieces.empty()) return Error::not_found("nothing of this time is recorded");
    if (format_ == "ogg") end_ogg();
    if (format_ == "mpeg" && samples_ > 0) {
      ExportPiece info;
      info.bytes = make_info_frame(first_frame_, size_, samples_, points_);
      if (!info.bytes.empty()) plan_.pieces.insert(plan_.pieces.begin(), std::move(info));
    }
    for (ExportPiece& piece : plan_.pieces) {
      if (!piece.bytes.empty()) piece.length = piece.bytes.size();
      plan_.size += piece.length;
    }
    std::array<char, 64> tag{};
    std::snprintf(tag.data(), tag.size(), "%llx.%llx",
                  static_cast<unsigned long long>(last_origin_),
                  static_cast<unsigned long long>(plan_.size));
    plan_.etag = "\"" + plan_.etag + tag.data() + "\"";
    return std::move(plan_);
  }

 private:
  // What decoders need first, and how the pages behind it are counted.
  void begin_run(const FilePtr& file, std::uint64_t offset) {
    const auto headers = file->index.headers_at(offset);
    patch_ = {};
    if (format_ == "ogg") {
      const OggRun run = ogg_run_at(part(file, offset, offset + kOggLook));
      patch_.serial = run.serial;
      patch_.sequence_base = run.first_sequence;
      patch_.header_pages = headers ? count_ogg_pages(*headers) : 0;
      const std::uint64_t before = offset - std::min(offset, kOggLook);
      const OggTail tail =
          ogg_tail(part(file, file->index.marks[file->index.mark_before(before)].offset, offset), 0,
                   run.serial);
      const std::uint64_t page = run.second_granule - run.first_granule;
      patch_.granule_base = tail.granule != kNone
                                ? tail.granule
                                : run.first_granule - std::min(page, run.first_granule);
    }
    if (!headers || headers->empty()) return;
    ExportPiece piece;
    piece.bytes.assign(reinterpret_cast<const char*>(headers->data()), headers->size());
    size_ += piece.bytes.size();
    plan_.pieces.push_back(std::move(piece));
  }

  void end_ogg() {
    ExportPiece& piece = plan_.pieces.back();
    const std::uint64_t end = piece.offset + piece.length;
    const std::uint64_t from =
        last_->index.marks[last_->index.mark_before(end - std::min(end, kOggLook))].offset;
    const std::uint64_t begin = std::max(from, piece.offset);
    piece.patch->last_page = ogg_tail(part(last_, begin, end), begin, 0).page;
  }

  Bytes part(const FilePtr& file, std::uint64_t from, std::uint64_t to) {
    to = std::min(to, file->end());
    if (file->remote && from < to) fetch_and_wait(*remote_, file, from, to - from);
    return read_part(*file, from, to);
  }

  static constexpr std::uint64_t kNone = ~std::uint64_t{0};
  const std::string& dir_;
  RemoteArchive* const remote_;
  ExportPlan plan_;
  std::string_view format_;
  unsigned rate_hz_ = 0;
  OggPatch patch_;
  Bytes first_frame_;
  std::vector<SeekPoint> points_;
  std::uint64_t size_ = 0, samples_ = 0;
  std::shared_ptr<const ArchiveFile> last_;
  std::uint64_t last_end_ = 0, last_origin_ = 0;
};

}  // namespace

Result<ExportPlan> plan_export(const std::string& dir, const std::string& mount,
                               const RecordedFiles& files, std::int64_t from_ms, std::int64_t to_ms,
                               RemoteArchive* remote) {
  Planner planner(dir, mount, remote);
  for (std::size_t i = files.find(from_ms); i < files.size() && files[i].from_ms < to_ms; ++i)
    if (!planner.add(files[i], from_ms, to_ms)) break;
  return planner.take();
}

std::string_view file_extension(std::string_view content_type) noexcept {
  if (content_type == "audio/mpeg" || content_type == "audio/mp3") return ".mp3";
  if (content_type.find("aac") != std::string_view::npos) return ".aac";
  if (content_type.find("ogg") != std::string_view::npos) return ".ogg";
  if (content_type.find("webm") != std::string_view::npos) return ".webm";
  return ".bin";
}

}  // namespace lb
