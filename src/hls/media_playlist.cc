#include "hls/media_playlist.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/cat.h"
#include "base/clock.h"
#include "base/encoding.h"

namespace lb {
namespace {

void append_padded(std::string& out, std::uint64_t value, std::size_t digits) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  const auto size = static_cast<std::size_t>(end - text.data());
  out.append(digits - std::min(digits, size), '0').append(text.data(), size);
}

// With five decimals the sum of many durations is exact to a frame.
void append_seconds(std::string& out, const HlsSegment& segment) {
  constexpr std::uint64_t kParts = 100'000;
  const std::uint64_t parts = (segment.duration * kParts + segment.rate_hz / 2) / segment.rate_hz;
  append_padded(out, parts / kParts, 1);
  out += '.';
  append_padded(out, parts % kParts, 5);
}

// A segment lasts at most one cell and a part of a frame, so the value is constant.
std::uint64_t target_seconds(std::span<const HlsSegment> segments) {
  std::uint64_t longest = 1;
  for (const HlsSegment& segment : segments) {
    const std::uint64_t rounded = (segment.duration + segment.rate_hz / 2) / segment.rate_hz;
    longest = std::max({longest, rounded, std::uint64_t{segment.cut_ms} / 1000});
  }
  return longest;
}

// Quotes are replaced and control characters dropped: they would end the value or the tag.
void append_quoted(std::string& out, std::string_view name, std::string_view text) {
  out.append(name).append("=\"");
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) continue;
    out += c == '"' ? '\'' : c;
  }
  out += '"';
}

std::string line_of(const HlsTitle& title) {
  std::string out = "#EXT-X-DATERANGE:";
  append_quoted(out, "ID", title.id);
  append_quoted(out, ",CLASS", "org.icecast.title");
  append_quoted(out, ",START-DATE", utc_text(title.wall_ms, UtcForm::kMs));
  if (!title.artist.empty()) append_quoted(out, ",X-ARTIST", title.artist);
  append_quoted(out, ",X-TITLE", title.title);
  if (!title.art.empty()) append_quoted(out, ",X-ART", title.art);
  return out + ",END-ON-NEXT=YES\n";
}

std::int64_t end_of(const HlsSegment& segment) {
  return segment.wall_ms + static_cast<std::int64_t>(segment.duration * 1000 / segment.rate_hz);
}

}  // namespace

std::string segment_name(const HlsSegment& segment) {
  return cat({hex_text(segment.stream, 8), "-", segment.sequence, segment.adts ? ".aac" : ".mp3"});
}

PlaylistText playlist_text(std::span<const HlsSegment> segments, HlsListKind kind, bool ended) {
  const HlsSegment& first = segments.front();
  PlaylistText made;
  std::string& out = made.text;
  out.reserve(256 + segments.size() * 120);
  made.name_ends.reserve(segments.size());
  out += "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:";
  append_padded(out, target_seconds(segments), 1);
  out += "\n#EXT-X-MEDIA-SEQUENCE:";
  append_padded(out, first.sequence, 1);
  out += "\n#EXT-X-DISCONTINUITY-SEQUENCE:";
  append_padded(out, first.generation, 1);
  out += '\n';
  if (kind == HlsListKind::kEvent) out += "#EXT-X-PLAYLIST-TYPE:EVENT\n";
  if (kind == HlsListKind::kWhole) out += "#EXT-X-PLAYLIST-TYPE:VOD\n";
  const HlsSegment* before = nullptr;
  for (const HlsSegment& segment : segments) {
    const bool goes_on = before == nullptr || (before->generation == segment.generation &&
                                               before->sequence + 1 == segment.sequence);
    if (!goes_on) out += "#EXT-X-DISCONTINUITY\n";
    before = &segment;
    out.append("#EXT-X-PROGRAM-DATE-TIME:").append(utc_text(segment.wall_ms, UtcForm::kMs));
    out += "\n#EXTINF:";
    append_seconds(out, segment);
    out.append(",\n").append(segment_name(segment));
    made.name_ends.push_back(out.size());
    out += '\n';
  }
  if (kind == HlsListKind::kWhole || ended) out += "#EXT-X-ENDLIST\n";
  return made;
}

PlaylistPieces::PlaylistPieces(const PlaylistText& list, std::string query)
    : list_(list), query_(query.empty() ? "" : "?" + std::move(query)) {}

std::uint64_t PlaylistPieces::size() const noexcept {
  return list_.text.size() + list_.name_ends.size() * query_.size();
}

std::string PlaylistPieces::next(std::size_t bytes) {
  constexpr std::size_t kLine = 256;
  std::string out;
  out.reserve(std::min<std::uint64_t>(bytes + kLine + query_.size(), size()));
  while (out.size() < bytes && at_ < list_.text.size()) {
    const bool names = name_ < list_.name_ends.size();
    const std::size_t end = names ? list_.name_ends[name_++] : list_.text.size();
    out.append(list_.text, at_, end - at_);
    if (names) out += query_;
    at_ = end;
  }
  return out;
}

std::string with_query(const PlaylistText& list, std::string_view query) {
  PlaylistPieces pieces(list, std::string(query));
  return pieces.next(static_cast<std::size_t>(pieces.size()));
}

PlaylistText with_titles(PlaylistText list, std::span<const HlsSegment> segments,
                         std::span<const HlsTitle> titles) {
  if (segments.empty() || titles.empty()) return list;
  const std::int64_t from = segments.front().wall_ms, to = end_of(segments.back());
  std::string lines, before;
  for (std::size_t i = 0; i < titles.size(); ++i) {
    const HlsTitle& title = titles[i];
    if (title.wall_ms >= to) continue;  // not yet heard; a later title may have begun
    // Of two titles between the same two units the first was never heard.
    if (i + 1 < titles.size() && titles[i + 1].id == title.id) continue;
    if (title.wall_ms <= from)
      before = line_of(title);
    else
      lines += line_of(title);
  }
  // The titles follow the list's own header lines.
  const std::size_t at = list.text.find("#EXT-X-PROGRAM-DATE-TIME:");
  if (at == std::string::npos) return list;
  list.text.insert(at, before + lines);
  for (std::size_t& end : list.name_ends) end += before.size() + lines.size();
  return list;
}

}  // namespace lb
