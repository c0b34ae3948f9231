// Fills in facts about heard titles that the stream did not have (SongFacts), from an automation's
// log.
//
// A row belongs to the most similar title of its mount that began within kNear of its time; of
// equally similar ones, to the nearest.  Known facts stay.
// Thread: that of the database.
// Bounds: it is aborted after kSteps of AudienceReport, or 50 MB of compared texts.
// Errors: as sentence_of(); then nothing is written.
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
  std::string artist, title;  // artist "": not given
  SongFacts facts;
  std::int64_t again_ms = 0;  // when clocks that were set back showed the time again; 0: never
};
enum class PlayFilled : std::uint8_t {
  kUnmatched,  // no title is similar
  kKnown,      // it has no new facts
  kFilled,
};

constexpr std::int64_t kNear = 300'000;  // ms
constexpr double kAlike = 0.7;

// The similarity of two texts, from 0 to 1, ignoring case and punctuation.
double likeness(std::string_view a, std::string_view b);

// The result for each. dry: nothing is written.
Result<std::vector<PlayFilled>> fill_songs(Sqlite& database, std::int64_t mount,
                                           const std::vector<LoggedPlay>& plays,
                                           std::int64_t now_ms, bool dry);

}  // namespace lb
