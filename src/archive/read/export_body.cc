#include "archive/read/export_body.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "archive/read/warmth.h"
#include "base/cat.h"

namespace lb {
namespace {

constexpr std::uint64_t kOggBlock = 128 * 1024;  // a page fits, wherever it begins

bool is_ready(const ArchiveFile& file, std::uint64_t offset, std::uint64_t bytes) {
  return file.has(offset, bytes) && is_warm(file.fd(), offset, bytes);
}

}  // namespace

ExportBody::ExportBody(std::string dir, ExportPlan plan, std::uint64_t first, std::uint64_t length,
                       ReaderPool& readers, Loop& home, std::function<void()> ready,
                       std::shared_ptr<void> place)
    : dir_(std::move(dir)),
      plan_(std::move(plan)),
      readers_(readers),
      home_(home),
      ready_(std::move(ready)),
      place_(std::move(place)),
      first_(first),
      end_(first + length),
      inside_(first),
      left_(length) {}

ExportBody::~ExportBody() = default;

// The etag changes with the bytes of the plan, so If-Range protects against mixing two plans.
std::string ExportBody::rest_lines(std::uint64_t sent) const {
  if (first_ + sent >= end_) return {};
  return cat({"Range: bytes=", first_ + sent, "-", end_ - 1, "\r\nIf-Range: ", plan_.etag, "\r\n"});
}

ReplySource::Piece ExportBody::next() {
  while (at_ < plan_.pieces.size() && inside_ >= plan_.pieces[at_].length) {
    inside_ -= plan_.pieces[at_].length;
    ++at_;
  }
  if (left_ == 0) return {};
  Piece out;
  if (at_ == plan_.pieces.size()) {
    out.kind = Piece::Kind::kBroken;
    return out;
  }
  const ExportPiece& piece = plan_.pieces[at_];
  if (!piece.bytes.empty()) {
    out.kind = Piece::Kind::kBytes;
    out.bytes = piece.bytes.substr(static_cast<std::size_t>(inside_),
                                   static_cast<std::size_t>(std::min(left_, piece.length)));
  } else {
    out = !piece.patches.empty() ? ogg_part(piece) : file_part(piece);
  }
  const std::uint64_t given = out.kind == Piece::Kind::kFile
                                  ? out.length
                                  : (out.kind == Piece::Kind::kBytes ? out.bytes.size() : 0);
  inside_ += given;
  left_ -= given;
  return out;
}

// Waits until the piece's file is open and its bytes at `offset` are in memory.
ReplySource::Piece ExportBody::wait_for(const ExportPiece& piece, std::uint64_t offset,
                                        std::uint64_t bytes) {
  Piece out;
  out.kind = Piece::Kind::kWait;
  const bool load = !loaded_ || loaded_piece_ != at_;
  if (!load) {
    readers_.warm(loaded_->file, offset, bytes, home_, [ready = ready_] { ready(); });
    warmed_ = offset + bytes;
    return out;
  }
  loaded_ = std::make_shared<Loaded>();
  loaded_piece_ = at_;
  warmed_ = 0;
  page_ = 0;
  readers_.load(dir_, plan_.mount, piece.row, home_,
                [into = loaded_, ready = ready_](ReaderPool::File file) {
                  into->done = true;
                  into->file = std::move(file);
                  ready();
                });
  return out;
}

ReplySource::Piece ExportBody::file_part(const ExportPiece& piece) {
  const std::uint64_t offset = piece.offset + inside_;
  if (!loaded_ || loaded_piece_ != at_) return wait_for(piece, offset, ReaderPool::kPiece);
  Piece out;
  out.kind = Piece::Kind::kWait;
  if (!loaded_->done) return out;
  out.length = std::min({piece.length - inside_, left_, ReaderPool::kPiece});
  const bool there = loaded_->file && offset + out.length <= loaded_->file->end();
  // Bytes that are missing right after a fetch cannot be had from any node.
  if (!there || (offset + out.length <= warmed_ && !loaded_->file->has(offset, out.length))) {
    out.kind = Piece::Kind::kBroken;
    return out;
  }
  // Bytes that were just read count as warm even if the kernel has dropped them already.
  if (offset + out.length > warmed_ && !is_ready(*loaded_->file, offset, out.length))
    return wait_for(piece, offset, ReaderPool::kPiece);
  out.kind = Piece::Kind::kFile;
  out.fd = loaded_->file->fd();
  out.offset = offset;
  return out;
}

ReplySource::Piece ExportBody::ogg_part(const ExportPiece& piece) {
  const std::uint64_t want = piece.offset + inside_;
  // Patching begins at the start of a page: behind the pages sent last, or at the mark before.
  const auto after = std::upper_bound(piece.pages.begin(), piece.pages.end(), want);
  std::uint64_t from = after == piece.pages.begin() ? piece.offset : *(after - 1);
  if (page_ > from && page_ <= want) from = page_;
  const std::uint64_t end = piece.offset + piece.length;
  const std::uint64_t to = std::min(end, want + kOggBlock);
  if (!loaded_ || loaded_piece_ != at_) return wait_for(piece, from, to - from);
  Piece out;
  out.kind = Piece::Kind::kWait;
  if (!loaded_->done) return out;
  out.kind = Piece::Kind::kBroken;
  if (!loaded_->file) return out;
  if (to > warmed_ && !is_ready(*loaded_->file, from, to - from))
    return wait_for(piece, from, to - from);
  if (!loaded_->file->has(from, to - from)) return out;
  Bytes bytes(static_cast<std::size_t>(to - from));
  const ssize_t got =
      ::pread(loaded_->file->fd(), bytes.data(), bytes.size(), static_cast<off_t>(from));
  if (got != static_cast<ssize_t>(bytes.size())) return out;
  std::string patched;
  patch_ogg(bytes, from, piece.patches, piece.last_page, patched);
  page_ = from + patched.size();
  // A partial page at the very end is sent unpatched.
  if (to == end && patched.size() < bytes.size())
    patched.append(reinterpret_cast<const char*>(bytes.data()) + patched.size(),
                   bytes.size() - patched.size());
  const auto skip = static_cast<std::size_t>(want - from);
  if (patched.size() <= skip) return out;
  out.kind = Piece::Kind::kBytes;
  out.bytes = patched.substr(skip, static_cast<std::size_t>(left_));
  return out;
}

}  // namespace lb
