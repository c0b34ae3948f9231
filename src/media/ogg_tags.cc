#include "media/ogg_tags.h"

#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::size_t kMaxText = 4080;  // what an ICY block holds; the pages show no more

// Takes a length and that many bytes from the front.  False: they are not all there.
bool take_text(ByteSpan& rest, std::string_view& text) {
  if (rest.size() < 4) return false;
  const std::size_t size = le32(rest, 0);
  if (rest.size() - 4 < size) return false;
  text = as_text(rest.subspan(4, size));
  rest = rest.subspan(4 + size);
  return true;
}

std::string clean(std::string_view text) {
  const std::string utf8 = clean_utf8(cut_utf8(text, kMaxText));
  return std::string(cut_utf8(utf8, kMaxText));  // Latin-1 has grown
}

}  // namespace

OggTags read_ogg_tags(ByteSpan comments) {
  OggTags tags;
  if (!take_text(comments, tags.vendor) || comments.size() < 4) return tags;
  std::size_t left = le32(comments, 0);
  comments = comments.subspan(4);
  for (std::string_view comment; left > 0 && take_text(comments, comment); --left) {
    const std::size_t equals = comment.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = comment.substr(0, equals);
    const std::string_view value = comment.substr(equals + 1);
    if (tags.artist.empty() && iequals(name, "artist")) tags.artist = value;
    if (tags.title.empty() && iequals(name, "title")) tags.title = value;
  }
  return tags;
}

Metadata metadata_of(const OggTags& tags) {
  Metadata metadata;
  metadata.artist = clean(tags.artist);
  metadata.title = clean(tags.title);
  return metadata;
}

}  // namespace lb
