#include "media/metadata.h"

#include "base/cat.h"
#include "media/charset.h"
#include "media/icy.h"

namespace lb {
namespace {

constexpr std::string_view kBetween = " - ";  // of artist and title

constexpr std::string_view kDefaultCharset = "ISO-8859-1";

std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  return out;
}

// ICY text is read byte by byte: letters and quotes must be themselves, and no character may need
// control bytes, which are dropped.  (UTF-16 and ISO-2022 fail here.)
bool can_be_icy_charset(std::string_view name) {
  constexpr std::string_view kAscii = "StreamTitle='?';";
  const std::string foreign = convert_charset("\u00e9\u0436\u3042", "UTF-8", name);
  return is_known_charset(name) && convert_charset(kAscii, "UTF-8", name) == kAscii &&
         without_controls(foreign) == foreign;
}

// `charset` names the encoding of the bytes; bytes that are called UTF-8 and are not are Latin-1.
std::string to_clean_utf8(std::string_view text, std::string_view charset) {
  if (is_utf8_charset(charset)) return clean_utf8(text, kDefaultCharset);
  return clean_utf8(convert_charset(text, charset, "UTF-8"));
}

struct Texts {
  std::string utf8;
  std::string wire;
  bool wire_is_utf8 = false;
};

Texts read_text(std::string_view text, std::string_view charset, std::string_view mount_charset) {
  Texts texts;
  const bool to_utf8 =
      is_utf8_charset(mount_charset) || (mount_charset.empty() && !charset.empty());
  if (to_utf8) {
    texts.wire = texts.utf8 = to_clean_utf8(text, charset.empty() ? mount_charset : charset);
    texts.wire_is_utf8 = true;
  } else if (!charset.empty()) {
    texts.utf8 = to_clean_utf8(text, charset);
    texts.wire = convert_charset(texts.utf8, "UTF-8", mount_charset);
  } else {
    texts.utf8 = mount_charset.empty() ? clean_utf8(text) : to_clean_utf8(text, mount_charset);
    texts.wire = without_controls(text);
  }
  return texts;
}

// The pair that would end the text for a player becomes a typographic apostrophe.
std::string with_typographic_ends(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "';") {
      out += "\u2019";
    } else {
      out += text[i];
    }
  }
  return out;
}

}  // namespace

SongParts song_parts(std::string_view text, std::string_view artist) noexcept {
  if (!artist.empty() && text.starts_with(artist)) {
    const std::string_view rest = text.substr(artist.size());
    if (rest.empty()) return {artist, rest};
    if (rest.starts_with(kBetween)) return {artist, rest.substr(kBetween.size())};
  }
  const std::size_t at = text.find(kBetween);
  if (at == std::string_view::npos) return {{}, text};
  return {text.substr(0, at), text.substr(at + kBetween.size())};
}

std::string artist_apart(std::string_view text, std::string_view artist) {
  const bool found = song_parts(text).artist == artist || song_parts(text, artist).artist != artist;
  return std::string(found ? std::string_view() : artist);
}

std::string song_text(const std::string& artist, const std::string& title) {
  if (artist.empty()) return title;
  if (title.empty()) return artist;
  return cat({artist, kBetween, title});
}

Metadata make_icy_metadata(std::string_view song, std::string_view url, std::string_view charset,
                           std::string_view mount_charset, std::string_view others) {
  if (!is_known_charset(charset)) charset = {};
  if (!can_be_icy_charset(mount_charset)) mount_charset = {};
  const Texts title = read_text(song, charset, mount_charset);
  const Texts link = read_text(url, charset, mount_charset);
  Metadata metadata;
  metadata.title = title.utf8;
  metadata.url = link.utf8;
  metadata.icy_block = make_icy_block(
      title.wire_is_utf8 ? with_typographic_ends(title.wire) : title.wire, link.wire, others);
  return metadata;
}

std::optional<std::string> isrc_of(std::string_view text) {
  std::string isrc;
  for (const char c : text)
    if (c != '-') isrc += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  if (isrc.size() != 12) return std::nullopt;
  for (std::size_t i = 0; i < isrc.size(); ++i)
    if (!(is_digit(isrc[i]) ? i >= 2 : is_letter(isrc[i]) && i < 5)) return std::nullopt;
  return isrc;
}

}  // namespace lb
