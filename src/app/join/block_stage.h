// BlockStage: GET /_lb/archive/<mount>/…: what this node has recorded, for the nodes that it has
// told its pass (doc/link.md, ARCH).
//
//   /_lb/archive/live.mp3/?from=MS&to=MS                       the list of files
//   /_lb/archive/live.mp3/1795158000-889f4cb7-fb9a.idx         an index, as far as it is marked
//   /_lb/archive/live.mp3/1795158000-889f4cb7-fb9a.data        with Range, at most 256 KiB of it
//
// 404 for what the catalog does not have, 403 without a valid pass, 503 for more than kMaxAnswers
// at once.  A name is looked up in the catalog, and never becomes a path by itself.
// Source: doc/link.md.
// Thread: its worker; the disk is read by the archive's readers.
#pragma once

#include <string>
#include <string_view>

#include "app/request/worker_stage.h"
#include "archive/files/catalog.h"

namespace lb {

struct BlockAsk {
  enum class Kind : std::uint8_t { kNone, kList, kIndex, kData };
  Kind kind = Kind::kNone;
  std::string mount;
  ArchiveFileName name;
};
// Of a path; kNone: it is none of these.
BlockAsk parse_block_path(std::string_view path);

class BlockStage final : public WorkerStage {
 public:
  static constexpr std::int64_t kMaxAnswers = 256;

  using WorkerStage::WorkerStage;
  Verdict handle(Connection& connection) override;

 private:
  void refuse(Connection& connection, int status, std::string_view why);
  Verdict send_list(Connection& connection, const RecordedFiles& files);
  Verdict send_index(Connection& connection, const BlockAsk& ask, const FileRow& row);
  Verdict send_data(Connection& connection, const BlockAsk& ask, const FileRow& row);
};

}  // namespace lb
