#include "api/audience/sound_exchange.h"

#include <algorithm>
#include <iterator>

#include "audience/report_names.h"
#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"
#include "media/metadata.h"

namespace lb {
namespace {

constexpr std::string_view kColumns =
    "NAME_OF_SERVICE|TRANSMISSION_CATEGORY|FEATURED_ARTIST|SOUND_RECORDING_TITLE|ISRC|ALBUM_TITLE|"
    "MARKETING_LABEL|ACTUAL_TOTAL_PERFORMANCES\r\n";

char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

// Letters of the code points up to `last`, after those of the row before; "?": ASCII has none.
struct AsciiForm {
  char32_t last;
  std::string_view text;
};
constexpr AsciiForm kAscii[] = {
    {0x9f, " "},   {0xa0, " "},     {0xa1, "!"},     {0xaa, "?"},   {0xab, "\""},   {0xac, "?"},
    {0xad, "-"},   {0xb3, "?"},     {0xb4, "'"},     {0xb6, "?"},   {0xb7, "."},    {0xba, "?"},
    {0xbb, "\""},  {0xbf, "?"},     {0xc5, "A"},     {0xc6, "AE"},  {0xc7, "C"},    {0xcb, "E"},
    {0xcf, "I"},   {0xd0, "D"},     {0xd1, "N"},     {0xd6, "O"},   {0xd7, "X"},    {0xd8, "O"},
    {0xdc, "U"},   {0xdd, "Y"},     {0xde, "TH"},    {0xdf, "SS"},  {0xe5, "A"},    {0xe6, "AE"},
    {0xe7, "C"},   {0xeb, "E"},     {0xef, "I"},     {0xf0, "D"},   {0xf1, "N"},    {0xf6, "O"},
    {0xf7, "/"},   {0xf8, "O"},     {0xfc, "U"},     {0xfd, "Y"},   {0xfe, "TH"},   {0xff, "Y"},
    {0x105, "A"},  {0x10d, "C"},    {0x111, "D"},    {0x11b, "E"},  {0x123, "G"},   {0x127, "H"},
    {0x131, "I"},  {0x133, "IJ"},   {0x135, "J"},    {0x138, "K"},  {0x142, "L"},   {0x149, "N"},
    {0x14b, "NG"}, {0x151, "O"},    {0x153, "OE"},   {0x159, "R"},  {0x161, "S"},   {0x167, "T"},
    {0x173, "U"},  {0x175, "W"},    {0x178, "Y"},    {0x17e, "Z"},  {0x17f, "S"},   {0x217, "?"},
    {0x219, "S"},  {0x21b, "T"},    {0x2ff, "?"},    {0x36f, ""},   {0x1e9d, "?"},  {0x1e9e, "SS"},
    {0x200f, "?"}, {0x2015, "-"},   {0x2017, "?"},   {0x201b, "'"}, {0x201f, "\""}, {0x2021, "?"},
    {0x2022, "*"}, {0x2025, "?"},   {0x2026, "..."}, {0x2031, "?"}, {0x2032, "'"},  {0x2033, "\""},
    {0x20ab, "?"}, {0x20ac, "EUR"},
};

std::string_view ascii_form(char32_t point) {
  const auto at = std::ranges::lower_bound(kAscii, point, {}, &AsciiForm::last);
  return at == std::end(kAscii) ? "?" : at->text;
}

// The rule requires ASCII, capitals, and no separators inside a field.
std::string field(std::string_view text) {
  std::string out = "^";
  while (!text.empty()) {
    const char c = text.front();
    const auto point = take_utf8(text);
    if (static_cast<unsigned char>(c) >= 0x80)
      out += point ? ascii_form(*point) : "?";
    else
      out += c == '^' || c == '|' || c < 0x20 || c == '\x7f' ? ' ' : capital(c);
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
  return cat({service_name_part(service), day_digits(first), "-", day_digits(last), "_", category,
              ".txt"});
}

std::pair<std::string, std::string> artist_and_title(std::string_view text) {
  const SongParts parts = song_parts(text);
  return {std::string(trim(parts.artist)), std::string(trim(parts.title))};
}

}  // namespace lb
