#include "media/picture_tags.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "base/strings.h"
#include "media/metadata.h"
#include "media/ogg_headers.h"

namespace lb {
namespace {

constexpr unsigned kFrontCover = 3;
constexpr std::string_view kPictureName = "METADATA_BLOCK_PICTURE";
constexpr std::size_t kLongestText = 1024;

// Removes the zero byte that unsynchronisation adds after each 0xff (ID3v2).
std::string without_zeros(ByteSpan bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    out += static_cast<char>(bytes[i]);
    if (u8(bytes, i) == 0xff && i + 1 < bytes.size() && u8(bytes, i + 1) == 0) ++i;
  }
  return out;
}

bool is_wide(unsigned encoding) noexcept { return encoding == 1 || encoding == 2; }

// The position after a text that ends with a zero of its width; npos: the text has no end.
std::size_t behind_text(std::string_view bytes, std::size_t at, bool wide) {
  const std::size_t step = wide ? 2 : 1;
  for (; at + step <= bytes.size(); at += step)
    if (bytes[at] == 0 && (!wide || bytes[at + 1] == 0)) return at + step;
  return std::string_view::npos;
}

std::string text_of(std::string_view body) {
  if (body.empty()) return {};
  const auto encoding = static_cast<unsigned char>(body.front());
  body.remove_prefix(1);
  body = body.substr(0, kLongestText);
  static constexpr std::string_view kCharsets[] = {"ISO-8859-1", "UTF-16", "UTF-16BE", "UTF-8"};
  if (encoding >= std::size(kCharsets)) return {};
  std::string text = convert_charset(body, kCharsets[encoding], "UTF-8");
  text.resize(std::min(text.size(), text.find('\0')));
  return clean_utf8(text);
}

// The body of an APIC frame, or of PIC (ID3v2.2), whose picture format has three letters.
PictureBlock read_apic(std::string_view body, bool old) {
  PictureBlock out;
  if (body.size() < 6) return out;
  const bool wide = is_wide(static_cast<unsigned char>(body[0]));
  const std::size_t type = old ? 4 : behind_text(body, 1, false);
  if (type == std::string_view::npos || type >= body.size()) return out;
  const std::size_t begin = behind_text(body, type + 1, wide);
  if (begin == std::string_view::npos) return out;
  out.type = static_cast<unsigned char>(body[type]);
  out.bytes = body.substr(begin);
  return out;
}

void choose(PictureBlock& best, const PictureBlock& other) {
  if (other.bytes.empty()) return;
  if (best.bytes.empty() || (best.type != kFrontCover && other.type == kFrontCover)) best = other;
}

}  // namespace

PictureBlock read_picture_block(ByteSpan block) {
  PictureBlock out;
  if (block.size() < 4) return out;
  out.type = static_cast<unsigned>(read_be(block, 0, 4));
  block = block.subspan(4);
  constexpr std::size_t kSides = 16;  // width, height, depth, colours: the picture's own are used
  if (!take_sized(block, read_be) || !take_sized(block, read_be) || block.size() < kSides)
    return out;
  block = block.subspan(kSides);
  if (const auto bytes = take_sized(block, read_be)) out.bytes = as_text(*bytes);
  return out;
}

std::string picture_in_comments(ByteSpan comments) {
  std::string best;
  each_ogg_comment(comments, [&best](std::string_view name, std::string_view value) {
    const auto block = iequals(name, kPictureName) ? base64_decode(value) : std::nullopt;
    if (!block) return true;
    const PictureBlock picture = read_picture_block(as_byte_span(*block));
    const bool front = picture.type == kFrontCover;
    if (picture.bytes.empty() || (!best.empty() && !front)) return true;
    best = picture.bytes;
    return !front;
  });
  return best;
}

StreamPicture picture_in_id3(ByteSpan tag) {
  constexpr std::size_t kHeader = 10;
  if (tag.size() < kHeader || !begins_with(tag, "ID3")) return {};
  const unsigned version = u8(tag, 3), flags = u8(tag, 5);
  if (version < 2 || version > 4) return {};
  const bool old = version == 2;
  tag = tag.subspan(kHeader, std::min<std::size_t>(tag.size() - kHeader, syncsafe(tag, 6)));
  std::string plain;
  // In version 4 each frame has a flag of its own.
  if ((flags & 0x80) != 0 && version < 4) {
    plain = without_zeros(tag);
    tag = as_byte_span(plain);
  }
  if (!old && (flags & 0x40) != 0) {  // an extended header
    if (tag.size() < 4) return {};
    const std::uint64_t size = version == 4 ? syncsafe(tag, 0) : read_be(tag, 0, 4) + 4;
    if (size > tag.size()) return {};
    tag = tag.subspan(static_cast<std::size_t>(size));
  }
  PictureBlock best;
  std::string artist, title;
  const std::size_t head = old ? 6 : 10;
  while (tag.size() > head && u8(tag, 0) != 0) {
    const std::string_view name = as_text(tag.subspan(0, old ? 3 : 4));
    const std::uint64_t size = old            ? read_be(tag, 3, 3)
                               : version == 4 ? syncsafe(tag, 4)
                                              : read_be(tag, 4, 4);
    if (size > tag.size() - head) break;
    const std::string_view body = as_text(tag.subspan(head, static_cast<std::size_t>(size)));
    // Compressed or encrypted frames, among others, are skipped.
    const bool plain_frame = old || (u8(tag, 9) & (version == 4 ? 0x0f : 0xe0)) == 0;
    if (plain_frame && (name == "APIC" || name == "PIC")) choose(best, read_apic(body, old));
    if (plain_frame && (name == "TIT2" || name == "TT2")) title = text_of(body);
    if (plain_frame && (name == "TPE1" || name == "TP1")) artist = text_of(body);
    tag = tag.subspan(head + static_cast<std::size_t>(size));
  }
  StreamPicture out;
  out.bytes = best.bytes;
  if (!title.empty()) out.song = song_text(artist, title);
  return out;
}

}  // namespace lb
