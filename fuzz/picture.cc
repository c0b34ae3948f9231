// Pictures and the tags that hold them: what is shown is known by its first bytes and has the size
// that is allowed; what a tag holds is a part of it, and the song beside it is clean text.
// First byte: what the others are.
#include "media/picture.h"

#include "base/encoding.h"
#include "check.h"
#include "media/picture_tags.h"

using namespace lb;

namespace {

void judge(std::string_view bytes) {
  const ByteSpan picture = as_byte_span(bytes);
  const auto judged = judge_picture(picture);
  if (!judged) {
    fuzz::must(!judged.error().what.empty(), "a picture is refused without a reason");
    return;
  }
  fuzz::must(bytes.size() <= kMaxPictureBytes, "a picture is too large");
  fuzz::must(picture_type(picture) == *judged, "a picture has two types");
  const auto size = picture_size(*judged, picture);
  fuzz::must(size && is_shown_size(*size), "a picture of a size that is not shown");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  if (bytes.empty()) return 0;
  const auto kind = static_cast<unsigned char>(bytes[0]) % 4;
  bytes.remove_prefix(1);
  if (kind == 0) {
    judge(bytes);
  } else if (kind == 1) {
    const std::string found = picture_in_comments(as_byte_span(bytes));
    fuzz::must(found.size() <= bytes.size() / 4 * 3 + 3, "more than the comments hold");
    judge(found);
  } else if (kind == 2) {
    const PictureBlock found = read_picture_block(as_byte_span(bytes));
    fuzz::must(bytes.find(found.bytes) != std::string_view::npos, "not of the block");
    judge(found.bytes);
  } else {
    const StreamPicture found = picture_in_id3(as_byte_span(bytes));
    fuzz::must(found.bytes.size() <= bytes.size(), "more than the tag holds");
    fuzz::must(valid_utf8(found.song), "the song is not text");
    judge(found.bytes);
  }
  return 0;
}
