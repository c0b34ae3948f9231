// SoundExchange's report of use: one line a recording, as a text file.
//
// Columns are separated by "|", texts are in capitals between "^", and the first line names the
// columns.  The rule requires the ISRC, or album and label; recordings without both are in a
// separate file with the reason.
// Source: 37 CFR 370.4(d)(2) (contents of a report) and (e) (its form).
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lb {

struct SoundExchangeRow {
  std::string artist, title;
  std::int64_t performances = 0;
  std::string isrc = {}, album = {}, label = {};  // "": not known
};
// A required fact that is missing; "": complete.
std::string_view lack_of(const SoundExchangeRow& row) noexcept;
std::string sound_exchange_text(std::string_view service, char category,
                                const std::vector<SoundExchangeRow>& rows);
// "ACMERADIO01102026-31102026_A.txt", A: the category; first and last: days of the period,
// "2026-10-01".
std::string sound_exchange_file(std::string_view service, char category, std::string_view first,
                                std::string_view last);
// "Artist - Title"; without " - " the whole text is the title.
std::pair<std::string, std::string> artist_and_title(std::string_view text);

}  // namespace lb
