#include "api/audience/sound_exchange.h"

#include "base/cat.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

constexpr std::string_view kColumns =
    "NAME_OF_SERVICE|TRANSMISSION_CATEGORY|FEATURED_ARTIST|SOUND_RECORDING_TITLE|ISRC|ALBUM_TITLE|"
    "MARKETING_LABEL|ACTUAL_TOTAL_PERFORMANCES\r\n";

char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Separators are not allowed inside a field.
std::string field(std::string_view text) {
  std::string out = "^";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool parts = c == '^' || c == '|' || byte < 0x20 || c == '\x7f';
    // U+00E0 to U+00FE, except the division sign, have their capitals 32 code points lower.
    const bool latin = out.back() == '\xc3' && byte >= 0xa0 && byte <= 0xbe && byte != 0xb7;
    out += parts ? ' ' : latin ? static_cast<char>(byte - 0x20) : capital(c);
  }
  return out + '^';
}

std::string day_digits(std::string_view day) {
  return cat({day.substr(8, 2), day.substr(5, 2), day.substr(0, 4)});
}

}  // namespace

std::string_view lack_of(const SoundExchangeRow& row) noexcept {
  if (!row.isrc.empty() || (!row.album.empty() && !row.label.empty())) return "";
  if (!row.album.empty()) return "no ISRC, and no label of the album";
  if (!row.label.empty()) return "no ISRC, and no album of the label";
  return "no ISRC, no album and no label";
}

std::string sound_exchange_text(std::string_view service, char category,
                                const std::vector<SoundExchangeRow>& rows) {
  std::string out(kColumns);
  for (const SoundExchangeRow& row : rows)
    out += cat({field(service), "|", field(std::string_view(&category, 1)), "|", field(row.artist),
                "|", field(row.title), "|", field(row.isrc), "|", field(row.album), "|",
                field(row.label), "|", row.performances, "\r\n"});
  return out;
}

std::string sound_exchange_file(std::string_view service, char category, std::string_view first,
                                std::string_view last) {
  std::string name;
  for (const char c : service)
    if ((c >= '0' && c <= '9') || (capital(c) >= 'A' && capital(c) <= 'Z')) name += capital(c);
  return cat({name, day_digits(first), "-", day_digits(last), "_", category, ".txt"});
}

std::pair<std::string, std::string> artist_and_title(std::string_view text) {
  const SongParts parts = song_parts(text);
  return {std::string(trim(parts.artist)), std::string(trim(parts.title))};
}

}  // namespace lb
