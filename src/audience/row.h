// Rows of the journal: a node's facts about its listenings, one line each.
//
// Rows have rising numbers that are unique in a journal, so a reader that has seen number N ignores
// rows up to it.
//
//   B number began person before kind how mount country player     a listening begins
//   E number begun ended bytes cut                              the one with this number ends
//   T number at mount title                                     a title begins to sound
//   S number at mount title isrc album label code composer      facts of a song at its mount
//   A at                                                        all that are open were heard so far
//   O begun began                                               still open; its B is gone, or the
//                                                               clock was set (began: by that)
//
// Fields are separated by tabs; texts are percent-encoded.  Times are Unix milliseconds; the
// person's number is hex.
// Thread: pure functions.
// Bounds: kLongestRow a line, kLongestRowText a text, kLongestFact one of a song; longer texts are
// cut.
// Errors: any other line is ignored as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace lb {

enum class ListenerKind : std::uint8_t { kPerson, kBot, kRelay };
enum class ListeningWay : std::uint8_t { kStream, kHls, kPast };

struct ListeningBegun {
  std::int64_t at_ms = 0;
  std::uint64_t who = 0;     // by the key of its day
  std::uint64_t before = 0;  // the same by the key of the day before; 0: no such key
  ListenerKind kind = ListenerKind::kPerson;
  ListeningWay way = ListeningWay::kStream;
  std::string mount;
  std::string country;  // two capital letters; "": unknown
  std::string player;   // "": unknown

  bool operator==(const ListeningBegun&) const = default;
};

struct ListeningEnded {
  std::uint64_t begun = 0;  // the number of its row
  std::int64_t at_ms = 0;
  std::uint64_t bytes = 0;
  bool cut = false;  // bytes are not all: a cache sent the rest, or the node ended before it, and
                     // at_ms is its last sign

  bool operator==(const ListeningEnded&) const = default;
};

struct TitleBegun {
  std::int64_t at_ms = 0;
  std::string mount, title;

  bool operator==(const TitleBegun&) const = default;
};

// "": not given.
struct SongFacts {
  std::string isrc, album, label, label_code, composer;

  bool operator==(const SongFacts&) const = default;
};

struct SongDescribed {
  std::int64_t at_ms = 0;
  std::string mount, title;
  SongFacts facts;

  bool operator==(const SongDescribed&) const = default;
};

struct JournalRow {
  std::uint64_t number = 0;
  std::variant<ListeningBegun, ListeningEnded, TitleBegun, SongDescribed> what;

  bool operator==(const JournalRow&) const = default;
};

struct JournalAlive {
  std::int64_t at_ms = 0;
};
struct JournalOpen {
  std::uint64_t begun = 0;
  std::int64_t began_ms = 0;
};
using JournalLine = std::variant<JournalRow, JournalAlive, JournalOpen>;

constexpr std::size_t kLongestRowText = 500, kLongestFact = 200, kLongestRow = 6000;

// With its newline.
std::string journal_line(const JournalRow& row);
std::string journal_line(const JournalAlive& row);
std::string journal_line(const JournalOpen& row);
// Without its newline.
std::optional<JournalLine> parse_journal_line(std::string_view line);

// Cut to this size, valid UTF-8, without control characters.
std::string journal_text(std::string_view text, std::size_t most = kLongestRowText);
SongFacts journal_facts(const SongFacts& facts);

}  // namespace lb
