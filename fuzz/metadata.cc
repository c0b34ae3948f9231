// Titles in any charset: the stats get clean UTF-8, the wire gets a well-formed block.
// First byte: which charsets; then the song, and behind a line end the url.
#include "media/metadata.h"

#include "base/encoding.h"
#include "check.h"
#include "media/icy.h"

using namespace lb;

namespace {

constexpr std::string_view kCharsets[] = {"",           "UTF-8",   "ISO8859-1", "latin1",
                                          "ISO-8859-2", "cp1252",  "KOI8-R",    "SHIFT_JIS",
                                          "UTF-16LE",   "klingon", "GB18030",   "ISO-2022-JP",
                                          "UTF-7",      "BIG5",    "EUC-KR",    "UTF8"};

bool is_clean(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return valid_utf8(text);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view bytes = fuzz::text_of(data, size);
  if (bytes.empty()) return 0;
  const auto choice = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  const std::string_view song = bytes.substr(0, bytes.find('\n'));
  const std::string_view url = bytes.substr(std::min(bytes.size(), song.size() + 1));
  const std::string_view charset = kCharsets[choice % 16], mount_charset = kCharsets[choice / 16];

  const Metadata m = make_icy_metadata(song, url, charset, mount_charset);
  fuzz::must(is_clean(m.title) && is_clean(m.url), "the text for stats is not clean");
  fuzz::must(m.icy_block.size() >= 17 && m.icy_block.size() <= 1 + kMaxIcyText, "block size");
  const auto read = parse_icy_text(std::string_view(m.icy_block).substr(1));
  fuzz::must(read.has_value(), "the block cannot be read");
  fuzz::must(read->title.find("';") == std::string::npos, "a title ends itself");
  if (is_utf8_charset(mount_charset))
    fuzz::must(valid_utf8(read->title), "a UTF-8 mount sends something else");
  if (charset.empty() && mount_charset.empty() && is_clean(song)) {
    fuzz::must(clean_utf8(song) == m.title, "valid UTF-8 did not stay");
  }

  convert_charset(song, charset, mount_charset);
  fuzz::must(valid_utf8(convert_charset(song, charset, "UTF-8")), "UTF-8 that is not");
  for (std::size_t n = 0; n <= std::min<std::size_t>(song.size(), 20); ++n) {
    fuzz::must(cut_utf8(song, n).size() <= n, "cut too late");
    if (valid_utf8(song)) fuzz::must(valid_utf8(cut_utf8(song, n)), "cut inside a character");
  }
  return 0;
}
