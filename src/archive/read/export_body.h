// ExportBody: gives the bytes of an ExportPlan to a connection: unchanged parts of files, and Ogg
// pages with new headers.  The ReaderPool brings bytes into memory first.
//
// Thread: the worker of its connection.
// Ownership: the connection.
#pragma once

#include <functional>
#include <memory>

#include "archive/read/range_plan.h"
#include "archive/read/reader_pool.h"
#include "http/reply_source.h"

namespace lb {

class ExportBody final : public ReplySource {
 public:
  // [first, first + length) of the plan. ready: makes the connection ask again; called on `home`,
  // even after this object is gone. place: held as long as this object.
  ExportBody(std::string dir, ExportPlan plan, std::uint64_t first, std::uint64_t length,
             ReaderPool& readers, Loop& home, std::function<void()> ready,
             std::shared_ptr<void> place);
  ~ExportBody() override;
  Piece next() override;
  std::string rest_lines(std::uint64_t sent) const override;

 private:
  // A file loaded by a reader; outlives this object.
  struct Loaded {
    std::shared_ptr<const ArchiveFile> file;
    bool done = false;  // … or failed
  };
  Piece wait_for(const ExportPiece& piece, std::uint64_t offset, std::uint64_t bytes);
  Piece file_part(const ExportPiece& piece);
  Piece ogg_part(const ExportPiece& piece);

  const std::string dir_;
  const ExportPlan plan_;
  ReaderPool& readers_;
  Loop& home_;
  const std::function<void()> ready_;
  const std::shared_ptr<void> place_;
  const std::uint64_t first_, end_;  // of the plan
  std::size_t at_ = 0;               // index of the piece
  std::uint64_t inside_ = 0;         // … and its bytes already sent
  std::uint64_t left_ = 0;
  std::shared_ptr<Loaded> loaded_;
  std::size_t loaded_piece_ = 0;
  std::uint64_t warmed_ = 0;  // bytes of the file before this were just read
  std::uint64_t page_ = 0;    // of a patched piece: the start of a page in the file; 0: not known
};

}  // namespace lb
