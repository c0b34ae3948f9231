// Metadata: what is playing now, as one immutable fact that all listeners of a mount share.
// Thread: a plain value; shared between threads as shared_ptr<const Metadata>.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/record.h"

namespace lb {

// "Artist - Title", or the one that is known.
std::string song_text(const std::string& artist, const std::string& title);

struct Metadata {
  // UTF-8, control characters removed.  For generic formats artist is empty and title holds
  // "Artist - Title"; Ogg keeps the two apart (Icecast's stats do the same).
  std::string artist;
  std::string title;
  std::string url;
  // The ICY block as it goes to listeners: length byte, text in the mount's charset, NUL padding.
  // At most 1 + 255*16 bytes.  Empty for formats without ICY metadata.
  std::string icy_block;
  // The same with the place of the title, for servers that keep addresses; empty: it has none.
  std::string placed_block;

  std::string song() const { return song_text(artist, title); }
};

// The part before the first " - " and what follows; without one, all of it is the title.  artist:
// the one that was told apart from the title, if the text begins with it.
struct SongParts {
  std::string_view artist, title;
};
SongParts song_parts(std::string_view text, std::string_view artist = {}) noexcept;
// The artist that song_parts() needs for this text; "": it finds the artist itself.
std::string artist_apart(std::string_view text, std::string_view artist);
template <class Io, RecordOf<Metadata> T>
void record_fields(Io& io, T& metadata) {
  auto& [artist, title, url, icy_block, placed_block] = metadata;
  io(1, artist, title, url, icy_block, placed_block);
}

// Builds the metadata of a generic (ICY) mount from text that came with an update request.
// text     bytes as sent by the encoder;  charset  as named by the encoder ("" = unknown)
// mount_charset  <charset> of the mount ("" = not configured: valid UTF-8 stays, else ISO8859-1)
// Rules (doc/decisions.md B13): no charset given and none configured: valid UTF-8 stays as it is,
// other bytes are Latin-1.  No charset given, one configured: the bytes are in that one already
// (Icecast). Charset given: converted to the mount's, where what does not fit becomes '?' in the
// ICY block, and to UTF-8 when none is configured: a player that reads UTF-8 shows nothing at all
// of a title in Latin-1 (VLC 3), and a '?' is no letter.  The UTF-8 text of stats never loses a
// character. Bytes that are called UTF-8 and are not are Latin-1.
// others: further fields of the block, as they are written (IcyText).
Metadata make_icy_metadata(std::string_view song, std::string_view url, std::string_view charset,
                           std::string_view mount_charset, std::string_view others = {});

// Converts between charsets; names as iconv(3) knows them, "" and unknown names are ISO-8859-1.
// Each character that `to` has not becomes one '?', and so does broken input.  ISO-8859-1 and
// UTF-8 work without iconv's files (chroot).  Reading ISO-8859-1, the bytes 0x80…0x9F are taken as
// Windows-1252 (WHATWG Encoding): that is what encoders mean by Latin-1.
std::string convert_charset(std::string_view text, std::string_view from, std::string_view to);
// Line breaks and tabs between words → one space; those at the ends go.  Of bytes in which ASCII
// means itself.
std::string one_line(std::string_view text);
// Any bytes → valid UTF-8 without control characters (C0, DEL, C1) and without the two code points
// that XML forbids, one_line(): valid UTF-8 stays, else `fallback` charset.
std::string clean_utf8(std::string_view text, std::string_view fallback = "ISO-8859-1");

// The code of a recording (ISO 3901), which people write as "DE-A12-34-56789", in capitals, without
// hyphens; nullopt: not an ISRC.
std::optional<std::string> isrc_of(std::string_view text);

// Charsets: what only this floor needs beside the functions of metadata.h.
// ISO-8859-1 and UTF-8 are done by hand, because a chroot has none of iconv's files.
// Errors: an unknown name is reported as unknown.
bool is_utf8_charset(std::string_view name) noexcept;
// ISO-8859-1, UTF-8, or a name that iconv(3) converts both ways.
bool is_known_charset(std::string_view name);

}  // namespace lb
