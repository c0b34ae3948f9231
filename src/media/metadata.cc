#include "media/metadata.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <optional>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "media/icy.h"

namespace lb {
namespace {

constexpr std::string_view kBetween = " - ";  // artist and title

constexpr std::string_view kDefaultCharset = "ISO-8859-1";

std::string without_controls(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  return out;
}

// ICY text is parsed as bytes, so letters and quotes must be ASCII, and no character may need
// control bytes, which are dropped.  UTF-16 and ISO-2022 fail here.
bool can_be_icy_charset(std::string_view name) {
  constexpr std::string_view kAscii = "StreamTitle='?';";
  const std::string foreign = convert_charset("\u00e9\u0436\u3042", "UTF-8", name);
  return is_known_charset(name) && convert_charset(kAscii, "UTF-8", name) == kAscii &&
         without_controls(foreign) == foreign;
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(), [&](auto n) { return iequals(name, n); });
}

bool is_latin1_charset(std::string_view name) {
  return is_one_of(name, {"ISO-8859-1", "ISO8859-1", "ISO_8859-1", "latin1", "latin-1", "L1"});
}

// `charset`: the encoding of the bytes; bytes that are said to be UTF-8 and are not count as
// Latin-1.
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
  // Liquidsoap sends a title that does not fit as UTF-8, and still names Latin-1.
  if (is_latin1_charset(charset) && valid_utf8(text)) charset = "UTF-8";
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
    texts.wire = without_controls(one_line(text));
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

// Windows-1252, 0x80 to 0x9F (WHATWG Encoding, index-windows-1252); five remain control characters.
constexpr std::array<char32_t, 32> kWindows1252 = {
    0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178};

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else {  // callers have at most 16 bits
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

std::string latin1_to_utf8(std::string_view text) {
  std::string out;
  for (const char ch : text) {
    const auto byte = static_cast<unsigned char>(ch);
    append_utf8(out, byte >= 0x80 && byte < 0xa0 ? kWindows1252[byte - 0x80] : char32_t{byte});
  }
  return out;
}

std::string utf8_to_latin1(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto c = take_utf8(text);
    out += c && *c < 0x100 ? static_cast<char>(*c) : '?';
  }
  return out;
}

std::string utf8_to_utf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::string_view before = text;
    const bool valid = take_utf8(text).has_value();
    out += valid ? before.substr(0, before.size() - text.size()) : std::string_view("?");
  }
  return out;
}

// iconv(3) opens a file of this name, and "//" in it selects transliteration or dropping.
bool is_safe_name(std::string_view name) {
  return !name.empty() && name.size() <= 40 && is_plain_text(name, "-_.:+");
}

class Iconv {
 public:
  Iconv(std::string_view from, std::string_view to)
      : handle_(is_safe_name(from) && is_safe_name(to)
                    ? iconv_open(std::string(to).c_str(), std::string(from).c_str())
                    : kNone) {}
  ~Iconv() {
    if (open()) iconv_close(handle_);
  }
  Iconv(const Iconv&) = delete;
  Iconv& operator=(const Iconv&) = delete;
  bool open() const noexcept { return handle_ != kNone; }

  // `skip` removes the bytes that iconv refused.  REQUIRES: open()
  template <class Skip>
  std::string convert(std::string_view text, Skip skip) {
    std::string out;
    for (bool ended = false; !ended;) {
      ended = text.empty();  // the last call, without input, ends a shift state
      std::array<char, 512> buffer;
      char* to = buffer.data();
      std::size_t room = buffer.size();
      char* in = const_cast<char*>(text.data());  // iconv(3) does not write to it
      std::size_t left = text.size();
      const std::size_t n = iconv(handle_, ended ? nullptr : &in, &left, &to, &room);
      const int error = n == static_cast<std::size_t>(-1) ? errno : 0;
      out.append(buffer.data(), buffer.size() - room);
      text.remove_prefix(text.size() - left);
      if ((error == EILSEQ || error == EINVAL) && !text.empty()) {
        out += '?';
        skip(text);
      }
    }
    return out;
  }

 private:
  // POSIX: the error result of iconv_open().
  static inline const iconv_t kNone = reinterpret_cast<iconv_t>(-1);  // NOLINT
  iconv_t handle_;
};

std::string to_utf8(std::string_view text, std::string_view from) {
  if (is_utf8_charset(from)) return utf8_to_utf8(text);
  if (is_latin1_charset(from)) return latin1_to_utf8(text);
  Iconv iconv(from, "UTF-8");
  if (!iconv.open()) return latin1_to_utf8(text);
  return iconv.convert(text, [](std::string_view& rest) { rest.remove_prefix(1); });
}

std::string from_utf8(std::string text, std::string_view to) {
  if (is_utf8_charset(to)) return text;
  if (is_latin1_charset(to)) return utf8_to_latin1(text);
  Iconv iconv("UTF-8", to);
  if (!iconv.open()) return utf8_to_latin1(text);
  return iconv.convert(text, [](std::string_view& rest) { take_utf8(rest); });
}

// XML 1.0 forbids the last two and most of the first; terminals obey the C1 characters.
bool is_unwanted(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xfffe || c == 0xffff;
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

bool is_utf8_charset(std::string_view name) noexcept { return is_one_of(name, {"UTF-8", "UTF8"}); }

bool is_known_charset(std::string_view name) {
  return is_utf8_charset(name) || is_latin1_charset(name) ||
         (Iconv("UTF-8", name).open() && Iconv(name, "UTF-8").open());
}

std::string convert_charset(std::string_view text, std::string_view from, std::string_view to) {
  return from_utf8(to_utf8(text, from), to);
}

std::string one_line(std::string_view text) {
  std::string out;
  bool parted = false;  // white space follows `out`
  for (const char c : text) {
    if (c == '\t' || c == '\n' || c == '\r') {
      parted = true;
      continue;
    }
    if (parted && !out.empty() && out.back() != ' ' && c != ' ') out += ' ';
    parted = false;
    out += c;
  }
  return out;
}

std::string clean_utf8(std::string_view text, std::string_view fallback) {
  const std::string utf8 = one_line(valid_utf8(text) ? text : to_utf8(text, fallback));
  std::string out;
  for (std::string_view rest = utf8; !rest.empty();) {
    const std::string_view before = rest;
    const auto c = take_utf8(rest);
    if (c && !is_unwanted(*c)) out += before.substr(0, before.size() - rest.size());
  }
  return out;
}

}  // namespace lb
