// ExportBody: gives the bytes of an ExportPlan to a connection: parts of files as they are, pages
// of Ogg with their new headers.  What is not in memory is read by the ReaderPool first.
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
  // [first, first + length) of the plan.  ready: makes the connection ask again; called on `home`
  // whether this object is still there or not.  place: what it holds until it goes.
  ExportBody(std::string dir, ExportPlan plan, std::uint64_t first, std::uint64_t length,
             ReaderPool& readers, Loop& home, std::function<void()> ready,
             std::shared_ptr<void> place);
  ~ExportBody() override;
  Piece next() override;
  std::string rest_lines(std::uint64_t sent) const override;

 private:
  // What a reader makes ready; outlives this object.
  struct Loaded {
    std::shared_ptr<const ArchiveFile> file;
    bool done = false;  // … or it could not
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
  std::size_t at_ = 0;               // the piece
  std::uint64_t inside_ = 0;         // … and how much of it is sent
  std::uint64_t left_ = 0;
  std::shared_ptr<Loaded> loaded_;
  std::size_t loaded_piece_ = 0;
  std::uint64_t warmed_ = 0;  // bytes of the file up to here were just read
  std::uint64_t page_ = 0;    // of a patched piece: a page begins here in the file; 0: not known
};

}  // namespace lb
