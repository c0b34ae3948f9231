#include "audience/row.h"

#include <vector>

#include "base/cat.h"
#include "base/encoding.h"
#include "base/strings.h"

namespace lb {
namespace {

constexpr std::int64_t kLastMs = 253'402'300'799'999;  // the end of the year 9999

bool take(std::string_view text, std::uint64_t& value, int base = 10) {
  const auto number = parse_whole<std::uint64_t>(text, base);
  value = number.value_or(0);
  return number.has_value();
}
bool take_time(std::string_view text, std::int64_t& value) {
  std::uint64_t given = 0;
  if (!take(text, given) || given > static_cast<std::uint64_t>(kLastMs)) return false;
  value = static_cast<std::int64_t>(given);
  return true;
}
bool take_text(std::string_view text, std::string& value) {
  auto decoded = percent_decode(text, false);
  if (!decoded || decoded->size() > kLongestRowText) return false;
  value = *std::move(decoded);
  return true;
}
template <class Kind>
bool take_kind(std::string_view text, Kind& value, Kind last) {
  std::uint64_t given = 0;
  if (!take(text, given) || given > static_cast<std::uint64_t>(last)) return false;
  value = static_cast<Kind>(given);
  return true;
}
int number_of(auto kind) { return static_cast<int>(kind); }
std::string encoded(std::string_view text) { return percent_encode(journal_text(text), true); }

using RowFields = std::vector<std::string_view>;

std::optional<JournalLine> read_begun(const RowFields& f) {
  JournalRow row;
  ListeningBegun begun;
  if (f.size() != 10 || !take(f[1], row.number) || !take_time(f[2], begun.at_ms) ||
      !take(f[3], begun.who, 16) || !take(f[4], begun.before, 16) ||
      !take_kind(f[5], begun.kind, ListenerKind::kRelay) ||
      !take_kind(f[6], begun.way, ListeningWay::kPast) || !take_text(f[7], begun.mount) ||
      !take_text(f[8], begun.country) || !take_text(f[9], begun.player) || begun.mount.empty())
    return std::nullopt;
  row.what = std::move(begun);
  return row;
}

std::optional<JournalLine> read_ended(const RowFields& f) {
  JournalRow row;
  ListeningEnded ended;
  std::uint64_t cut = 0;
  if (f.size() != 6 || !take(f[1], row.number) || !take(f[2], ended.begun) ||
      !take_time(f[3], ended.at_ms) || !take(f[4], ended.bytes) || !take(f[5], cut) || cut > 1 ||
      ended.bytes > (std::uint64_t{1} << 62))
    return std::nullopt;
  ended.cut = cut == 1;
  row.what = ended;
  return row;
}

std::optional<JournalLine> read_title(const RowFields& f) {
  JournalRow row;
  TitleBegun title;
  if (f.size() != 5 || !take(f[1], row.number) || !take_time(f[2], title.at_ms) ||
      !take_text(f[3], title.mount) || !take_text(f[4], title.title) || title.mount.empty())
    return std::nullopt;
  row.what = std::move(title);
  return row;
}

std::optional<JournalLine> read_song(const RowFields& f) {
  JournalRow row;
  SongDescribed song;
  auto& [isrc, album, label, label_code, composer] = song.facts;
  if (f.size() != 10 || !take(f[1], row.number) || !take_time(f[2], song.at_ms) ||
      !take_text(f[3], song.mount) || !take_text(f[4], song.title) || !take_text(f[5], isrc) ||
      !take_text(f[6], album) || !take_text(f[7], label) || !take_text(f[8], label_code) ||
      !take_text(f[9], composer) || song.mount.empty())
    return std::nullopt;
  row.what = std::move(song);
  return row;
}

std::optional<JournalLine> read_line(const RowFields& f) {
  if (f[0] == "B") return read_begun(f);
  if (f[0] == "E") return read_ended(f);
  if (f[0] == "T") return read_title(f);
  if (f[0] == "S") return read_song(f);
  if (f[0] == "A" && f.size() == 2) {
    JournalAlive alive;
    if (take_time(f[1], alive.at_ms)) return alive;
  }
  if (f[0] == "O" && f.size() == 3) {
    JournalOpen open;
    if (take(f[1], open.begun) && take_time(f[2], open.began_ms)) return open;
  }
  return std::nullopt;
}

}  // namespace

std::string journal_text(std::string_view text, std::size_t most) {
  std::string kept;
  kept.reserve(std::min(text.size(), most));
  while (!text.empty()) {
    const std::size_t size = utf8_char(text);
    const bool control = static_cast<unsigned char>(text.front()) < 0x20 || text.front() == '\x7f';
    const std::string_view piece = size == 0 ? "\xef\xbf\xbd"
                                   : control ? " "
                                             : text.substr(0, size);
    if (kept.size() + piece.size() > most) break;
    kept += piece;
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return kept;
}

SongFacts journal_facts(const SongFacts& facts) {
  const auto text = [](const std::string& each) { return journal_text(each, kLongestFact); };
  return {text(facts.isrc), text(facts.album), text(facts.label), text(facts.label_code),
          text(facts.composer)};
}

std::string journal_line(const JournalRow& row) {
  if (const auto* begun = std::get_if<ListeningBegun>(&row.what))
    return cat({"B\t", row.number, '\t', begun->at_ms, '\t', hex_text(begun->who), '\t',
                hex_text(begun->before), '\t', number_of(begun->kind), '\t', number_of(begun->way),
                '\t', encoded(begun->mount), '\t', encoded(begun->country), '\t',
                encoded(begun->player), '\n'});
  if (const auto* ended = std::get_if<ListeningEnded>(&row.what))
    return cat({"E\t", row.number, '\t', ended->begun, '\t', ended->at_ms, '\t', ended->bytes,
                ended->cut ? "\t1\n" : "\t0\n"});
  if (const auto* song = std::get_if<SongDescribed>(&row.what)) {
    const SongFacts facts = journal_facts(song->facts);
    return cat({"S\t", row.number, '\t', song->at_ms, '\t', encoded(song->mount), '\t',
                encoded(song->title), '\t', encoded(facts.isrc), '\t', encoded(facts.album), '\t',
                encoded(facts.label), '\t', encoded(facts.label_code), '\t',
                encoded(facts.composer), '\n'});
  }
  const auto& title = std::get<TitleBegun>(row.what);
  return cat({"T\t", row.number, '\t', title.at_ms, '\t', encoded(title.mount), '\t',
              encoded(title.title), '\n'});
}
std::string journal_line(const JournalAlive& row) { return cat({"A\t", row.at_ms, '\n'}); }
std::string journal_line(const JournalOpen& row) {
  return cat({"O\t", row.begun, '\t', row.began_ms, '\n'});
}

std::optional<JournalLine> parse_journal_line(std::string_view line) {
  if (line.size() > kLongestRow) return std::nullopt;
  return read_line(split(line, '\t'));
}

}  // namespace lb
