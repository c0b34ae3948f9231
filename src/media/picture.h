// Pictures of titles: the type of a foreign file by its first bytes, and its size by its headers.
// Nothing is decoded.  SVG, which may contain scripts, and GIF are not accepted.
//
// Thread: pure functions.
// Errors: truncated or inconsistent bytes are no picture.
// Source: ISO 10918-1 (JPEG, B.2), ISO 15948 (PNG, 11.2), RFC 9649 (WebP).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "media/bytes.h"

namespace lb {

constexpr std::size_t kMaxPictureBytes = std::size_t{512} << 10;
constexpr unsigned kMinPictureSide = 16, kMaxPictureSide = 4096;

enum class PictureType : std::uint8_t { kJpeg, kPng, kWebp };
std::string_view media_type(PictureType type) noexcept;  // "image/jpeg"
std::string_view ending_of(PictureType type) noexcept;   // ".jpg"

std::optional<PictureType> picture_type(ByteSpan bytes);
struct PictureSize {
  unsigned width = 0, height = 0;
};
// nullopt: the headers have no size.
std::optional<PictureSize> picture_size(PictureType type, ByteSpan bytes);
bool is_shown_size(const PictureSize& size) noexcept;

// The type of a picture that may be shown; Error: why not, with the number.
Result<PictureType> judge_picture(ByteSpan bytes);

}  // namespace lb
