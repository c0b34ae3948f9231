// FeedRecord: a feed between two pieces of its stream, for the process that takes over.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/record.h"
#include "http/body.h"
#include "media/framer.h"
#include "media/icy.h"
#include "stream/log/stream_place.h"
#include "stream/source/seam.h"

namespace lb {

// A search for the seam, from its start: the received bytes are searched again.
struct SeamRecord {
  Bytes key, held;
  SteadyTime since{};
  std::uint64_t known = 0;
  bool no_more = false;
  static constexpr PlainRecord kRecord{.members = 5};
};

struct FeedRecord {
  BodyReader body;
  std::optional<StreamPlace> place;
  std::string framer, rewriter;  // records of their own
  std::uint64_t seam_at = 0;
  std::optional<IcyDeinterleaver> titles;
  std::optional<std::string> ring;
  std::uint64_t bytes_read = 0;
  SteadyTime last_before{};
  std::optional<std::uint64_t> seam_how;
  std::optional<SeamRecord> search;
  bool begins_later = false;
  std::uint64_t skip = 0;
  bool enters_here = false;
};
template <class Io, RecordOf<FeedRecord> T>
void record_fields(Io& io, T& feed) {
  auto& [body, place, framer, rewriter, seam_at, titles, ring, bytes_read, last_before, seam_how,
         search, begins_later, skip, enters_here] = feed;
  io(1, body, place, framer, rewriter, seam_at, titles, ring, bytes_read, last_before, seam_how,
     search, begins_later, skip, enters_here);
}

}  // namespace lb
