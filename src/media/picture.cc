#include "media/picture.h"

#include <algorithm>

#include "base/cat.h"

namespace lb {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kJpegStart = "\xff\xd8\xff"sv;
constexpr std::string_view kPngStart = "\x89PNG\r\n\x1a\n"sv;
constexpr std::string_view kPngFirst = "IHDR"sv;

unsigned be(ByteSpan bytes, std::size_t at, std::size_t size) {
  return static_cast<unsigned>(read_be(bytes, at, size));
}

// Whether the segment is a frame header; 0xc4, 0xc8 and 0xcc are other segments.
bool is_frame_of_jpeg(unsigned marker) noexcept {
  return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

std::optional<PictureSize> jpeg_size(ByteSpan bytes) {
  std::size_t at = 2;
  while (at + 4 <= bytes.size()) {
    if (u8(bytes, at) != 0xff) return std::nullopt;
    const unsigned marker = u8(bytes, at + 1);
    if (marker == 0xff) {  // a fill byte
      ++at;
      continue;
    }
    const std::size_t length = be(bytes, at + 2, 2);
    // A valid picture has its size before the first scan.
    if (length < 2 || marker == 0xda || marker == 0xd9 || marker < 0xc0) return std::nullopt;
    if (is_frame_of_jpeg(marker)) {
      if (length < 7 || at + 9 > bytes.size()) return std::nullopt;
      return PictureSize{be(bytes, at + 7, 2), be(bytes, at + 5, 2)};
    }
    at += 2 + length;
  }
  return std::nullopt;
}

std::optional<PictureSize> png_size(ByteSpan bytes) {
  if (bytes.size() < 24 || as_text(bytes.subspan(12, 4)) != kPngFirst) return std::nullopt;
  return PictureSize{be(bytes, 16, 4), be(bytes, 20, 4)};
}

unsigned le(ByteSpan bytes, std::size_t at, std::size_t size) {
  return static_cast<unsigned>(read_le(bytes, at, size));
}

std::optional<PictureSize> webp_size(ByteSpan bytes) {
  if (bytes.size() < 30) return std::nullopt;
  const std::string_view chunk = as_text(bytes.subspan(12, 4));
  if (chunk == "VP8X") return PictureSize{le(bytes, 24, 3) + 1, le(bytes, 27, 3) + 1};
  if (chunk == "VP8L" && u8(bytes, 20) == 0x2f) {
    const unsigned bits = le(bytes, 21, 4);
    return PictureSize{(bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1};
  }
  if (chunk == "VP8 " && as_text(bytes.subspan(23, 3)) == "\x9d\x01\x2a"sv)
    return PictureSize{le(bytes, 26, 2) & 0x3fff, le(bytes, 28, 2) & 0x3fff};
  return std::nullopt;
}

// In the order of PictureType.
struct PictureForm {
  std::string_view media, ending;
  std::optional<PictureSize> (*size)(ByteSpan);
};
constexpr PictureForm kForms[] = {{"image/jpeg", ".jpg", jpeg_size},
                                  {"image/png", ".png", png_size},
                                  {"image/webp", ".webp", webp_size}};
const PictureForm& form_of(PictureType type) noexcept {
  return kForms[static_cast<std::size_t>(type)];
}

}  // namespace

std::string_view media_type(PictureType type) noexcept { return form_of(type).media; }
std::string_view ending_of(PictureType type) noexcept { return form_of(type).ending; }

std::optional<PictureType> picture_type(ByteSpan bytes) {
  if (begins_with(bytes, kJpegStart)) return PictureType::kJpeg;
  if (begins_with(bytes, kPngStart)) return PictureType::kPng;
  if (bytes.size() >= 16 && begins_with(bytes, "RIFF") && begins_with(bytes.subspan(8), "WEBP"))
    return PictureType::kWebp;
  return std::nullopt;
}

std::optional<PictureSize> picture_size(PictureType type, ByteSpan bytes) {
  return form_of(type).size(bytes);
}

bool is_shown_size(const PictureSize& size) noexcept {
  return std::min(size.width, size.height) >= kMinPictureSide &&
         std::max(size.width, size.height) <= kMaxPictureSide;
}

Result<PictureType> judge_picture(ByteSpan bytes) {
  if (bytes.size() > kMaxPictureBytes)
    return Error::invalid(
        cat({"it has ", bytes.size(), " bytes, the most are ", kMaxPictureBytes}));
  const auto type = picture_type(bytes);
  if (!type) return Error::invalid("it is not a JPEG, PNG or WebP by its first bytes");
  const auto size = picture_size(*type, bytes);
  if (!size) return Error::invalid("its headers do not say how large it is");
  if (!is_shown_size(*size))
    return Error::invalid(cat({"it has ", size->width, " x ", size->height, " pixels; ",
                               kMinPictureSide, " to ", kMaxPictureSide, " each are shown"}));
  return *type;
}

}  // namespace lb
