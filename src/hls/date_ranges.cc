#include "hls/date_ranges.h"

#include "base/clock.h"
#include "hls/media_playlist.h"

namespace lb {
namespace {

// No quote and no line end: those end a value, and a tag.
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

std::string with_titles(std::string list, std::span<const HlsSegment> segments,
                        std::span<const HlsTitle> titles) {
  if (segments.empty() || titles.empty()) return list;
  const std::int64_t from = segments.front().wall_ms, to = end_of(segments.back());
  std::string lines, before;
  for (std::size_t i = 0; i < titles.size(); ++i) {
    const HlsTitle& title = titles[i];
    if (title.wall_ms >= to) continue;  // told ahead; one behind it may have begun
    // Two that came between two units: the first has not been heard.
    if (i + 1 < titles.size() && titles[i + 1].id == title.id) continue;
    if (title.wall_ms <= from)
      before = line_of(title);
    else
      lines += line_of(title);
  }
  // Behind the lines of the list itself.
  const std::size_t at = list.find("#EXT-X-PROGRAM-DATE-TIME:");
  if (at != std::string::npos) list.insert(at, before + lines);
  return list;
}

}  // namespace lb
