#include "hls/id3_head.h"

#include "base/cat.h"
#include "base/encoding.h"

namespace lb {
namespace {

constexpr std::size_t kMaxText = 1024;

// A syncsafe size has seven bits a byte, so that no size looks like a frame header.
void append_size(std::string& out, std::size_t size) {
  for (int shift = 21; shift >= 0; shift -= 7) out += static_cast<char>(size >> shift & 0x7f);
}

void append_frame(std::string& out, std::string_view id, std::string_view content) {
  out += id;
  append_size(out, content.size());
  out.append(2, '\0').append(content);
}

}  // namespace

std::string id3_head(std::uint64_t timestamp, std::string_view title, std::string_view artist,
                     std::string_view picture) {
  std::string owner("com.apple.streaming.transportStreamTimestamp");
  owner += '\0';
  for (int shift = 56; shift >= 0; shift -= 8)
    owner += static_cast<char>(timestamp >> shift & 0xff);
  std::string frames;
  append_frame(frames, "PRIV", owner);
  constexpr char kUtf8 = 3;
  if (!title.empty()) append_frame(frames, "TIT2", cat({kUtf8, cut_utf8(title, kMaxText)}));
  if (!artist.empty()) append_frame(frames, "TPE1", cat({kUtf8, cut_utf8(artist, kMaxText)}));
  // Encoded in Latin-1, without a description.
  if (!picture.empty() && picture.size() <= kMaxText)
    append_frame(frames, "WXXX", cat({std::string_view("\0\0", 2), picture}));
  std::string out("ID3\x04\0\0", 6);
  append_size(out, frames.size());
  return out + frames;
}

}  // namespace lb
