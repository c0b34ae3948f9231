#include "media/ogg_sound.h"

#include <algorithm>
#include <utility>

namespace lb {
namespace {

constexpr std::size_t kTimedStreams = 16;
// Seconds of a page whose packets have no known bound.
constexpr std::uint64_t kLongestPage = 2;

}  // namespace

std::optional<std::chrono::microseconds> OggSound::page(const OggPage& page) {
  if (page.bos()) {
    first_page(page);
    return std::chrono::microseconds(0);
  }
  in_first_pages_ = false;
  if (streams_.empty()) return std::nullopt;
  const auto found = std::find_if(streams_.begin(), streams_.end(),
                                  [&](const Stream& s) { return s.serial == page.serial(); });
  if (found == streams_.end() || page.granule() == kOggNoGranule)
    return std::chrono::microseconds(0);
  Stream& stream = *found;
  const std::uint64_t most = stream.longest_packet == 0
                                 ? kLongestPage * stream.hertz
                                 : ogg_most_samples(page, stream.codec, stream.longest_packet);
  const std::uint64_t before = std::exchange(stream.granule, page.granule());
  stream.samples += std::min(most, stream.granule - std::min(stream.granule, before));
  const std::chrono::microseconds lasts(stream.samples * 1'000'000 / stream.hertz);
  const std::chrono::microseconds last = std::exchange(lasts_, std::max(lasts_, lasts));
  return lasts_ - last;
}

// The first pages of a chain are adjacent.
void OggSound::first_page(const OggPage& page) {
  if (!std::exchange(in_first_pages_, true)) {
    streams_.clear();
    lasts_ = {};
  }
  Stream stream;
  stream.serial = page.serial();
  stream.codec = ogg_codec_of(page.body);
  stream.hertz = ogg_granule_hertz(stream.codec, page.body);
  stream.longest_packet = ogg_longest_packet(stream.codec, page.body);
  if (stream.hertz > 0 && streams_.size() < kTimedStreams) streams_.push_back(stream);
}

}  // namespace lb
