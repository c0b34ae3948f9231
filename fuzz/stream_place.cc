// X-LB-Stream: no line makes reading fail, what is read is printed as it was meant, and what it
// says is within bounds that no sum of two of its numbers leaves.
#include "stream/log/stream_place.h"

#include "check.h"

using namespace lb;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto ask = parse_stream_ask(text)) {
    const auto again = parse_stream_ask(print_stream_ask(*ask));
    fuzz::must(again && again->at == ask->at, "what is asked for is read as another");
  }
  if (const auto place = parse_stream_place(text)) {
    const auto again = parse_stream_place(print_stream_place(*place));
    // Without both clocks neither is printed.
    if (place->anchored) fuzz::must(again == place, "a place is read as another");
    fuzz::must(again && again->at == place->at, "an address is read as another");
    constexpr std::uint64_t kFar = std::uint64_t{1} << 60;
    fuzz::must(place->at.position < kFar && place->media.samples < kFar, "a number is too large");
    fuzz::must(place->segments.cut_ms > 0, "segments have no length");
    const StreamSpan span = place->span();
    fuzz::must(span.media.rate_hz == 0 || span.wall_of(span.media.samples) >= 0,
               "a time before all");
  }
  return 0;
}
