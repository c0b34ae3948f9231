// StreamView: a reader's whole knowledge of a stream; published once per wake-up by its writer,
// immutable, O(1) to make (doc/decisions.md A3).
//
// Thread: made by the writer, read anywhere.  Holding a view, or a copy of it, keeps its bytes
// readable: the writer frees the memory before a pin only when no view has an older one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "media/framer.h"
#include "stream/log/append_log.h"
#include "stream/log/span.h"
#include "stream/log/store.h"
#include "stream/log/wall_seams.h"

namespace lb {

// A place where a decoder may start. standalone: its headers follow in the stream.
struct SyncMark {
  std::uint64_t position = 0;
  UnitTime time = {};  // samples count from media time 0 of the span
  bool standalone = false;
  static constexpr PlainRecord kRecord{.members = 3};
};

// At most so many bytes between the last mark of a source and its end; marks are closer.
inline constexpr std::uint64_t kLongestTail = 64 * 1024;

// A fact that holds from `position` on.  Exactly one of the pointers is set.
struct StreamEvent {
  std::uint64_t position = 0;
  std::shared_ptr<const Bytes> headers;
  std::shared_ptr<const Metadata> metadata;
};
template <class Io, RecordOf<StreamEvent> T>
void record_fields(Io& io, T& event) {
  auto& [position, headers, metadata] = event;
  io(1, position, headers, metadata);
  if constexpr (Io::kReads)
    if ((headers == nullptr) == (metadata == nullptr)) io.wrong(2, "or the title is missing");
}

using SegmentTable = std::vector<std::shared_ptr<const Segment>>;

struct StreamView {
  std::uint64_t begin = 0, end = 0;  // readable bytes: [begin, end)
  std::shared_ptr<Store> store;      // sendfile reads from here
  std::shared_ptr<const SegmentTable> segments;
  // A position at or before `begin`; null: no bytes, or those of a file.
  std::shared_ptr<const std::uint64_t> pin;
  AppendLog<SyncMark>::View sync;
  AppendLog<SyncMark>::View inner;  // marks only for recordings: MarkSink::inner()
  AppendLog<StreamEvent>::View events;
  AppendLog<StreamSpan>::View spans;  // the first one holds at `begin`; of a fallback file: none
  std::shared_ptr<const Bytes> base_headers;  // in effect at `begin`
  std::shared_ptr<const Metadata> base_metadata;
  std::shared_ptr<const Metadata> late_metadata;  // newer than `events`, of a flood; null: none
  std::uint64_t late_at = 0;
  WallSeams::View wall_seams;  // with seams that have left the window
  std::uint64_t seam = 0;      // where the present source began to write
  std::size_t catch_up = 0;    // CatchUp::forgiven()
  bool ended = false;          // the source is gone; end is final

  // The mapped bytes from `position` to the end of its segment or of the view.
  // REQUIRES: begin <= position < end
  std::span<const std::byte> bytes_at(std::uint64_t position) const noexcept;
  // A copy, as even the head of a unit may lie in two segments; cut at the view's end.
  Bytes bytes_between(std::uint64_t from, std::uint64_t to) const;
  // The newest headers and metadata at or before `position`; null: none.
  std::shared_ptr<const Bytes> headers_at(std::uint64_t position) const;
  std::shared_ptr<const Metadata> metadata_at(std::uint64_t position) const;
  // The span at `position`; null: no source has begun.
  const StreamSpan* span_at(std::uint64_t position) const noexcept;
  // The end of the span at `position`; nullopt: it goes on.
  std::optional<std::uint64_t> span_end(std::uint64_t position) const noexcept;
};

}  // namespace lb
