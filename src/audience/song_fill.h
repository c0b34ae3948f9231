// What an automation's log knows of titles that were heard: it fills in what the stream did not
// tell of them (SongFacts).
//
// A row is of the title of its mount that is most like it, of those that began within kNear of its
// time; of two that are as like, of the nearer one.  What is known of a title stays.
// Thread: that of the database.
// Bounds: gives up behind kSteps of AudienceReport, or 50 MB of texts compared.
// Errors: as sentence_of(); then nothing of it is there.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "audience/database.h"
#include "audience/row.h"

namespace lb {

struct LoggedPlay {
  std::int64_t at_ms = 0;
  std::string artist, title;  // artist "": not told
  SongFacts facts;
};
enum class PlayFilled : std::uint8_t {
  kUnmatched,  // no title is like it
  kKnown,      // it tells nothing new
  kFilled,
};

constexpr std::int64_t kNear = 300'000;  // ms
constexpr double kAlike = 0.7;

// From 0 to 1: how much two texts have in common, whatever their case and punctuation.
double likeness(std::string_view a, std::string_view b);

// For each of them.  dry: what would be.
Result<std::vector<PlayFilled>> fill_songs(Sqlite& database, std::int64_t mount,
                                           const std::vector<LoggedPlay>& plays,
                                           std::int64_t now_ms, bool dry);

}  // namespace lb
