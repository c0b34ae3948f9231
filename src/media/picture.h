// Pictures of titles: what a file is that was written elsewhere, by its first bytes, and its size
// as its headers say it.  Nothing is decoded.  SVG, which may hold scripts, and GIF are none.
//
// Thread: pure functions.
// Errors: bytes that break off, or lie, are no picture.
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
// nullopt: the headers do not say it.
std::optional<PictureSize> picture_size(PictureType type, ByteSpan bytes);
bool is_shown_size(const PictureSize& size) noexcept;

// Of a picture that may be shown; Error: why not, with the number.
Result<PictureType> judge_picture(ByteSpan bytes);

}  // namespace lb
