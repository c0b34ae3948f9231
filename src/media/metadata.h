// Metadata: the title that plays now, as one immutable value that all listeners of a mount share.
// Thread: a plain value; shared between threads as shared_ptr<const Metadata>.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/record.h"

namespace lb {

// "Artist - Title", or only the known one.
std::string song_text(const std::string& artist, const std::string& title);

struct Metadata {
  // UTF-8 without control characters.  For generic formats artist is empty and title has "Artist -
  // Title"; Ogg keeps the two apart, as Icecast's statistics do.
  std::string artist;
  std::string title;
  std::string url;
  // The ICY block for listeners: length byte, text in the mount's charset, NUL padding.
  // At most 1 + 255*16 bytes.  Empty for formats without ICY metadata.
  std::string icy_block;
  // The block with the place of the title, for servers that keep addresses; empty: without a place.
  std::string placed_block;

  std::string song() const { return song_text(artist, title); }
  static constexpr PlainRecord kRecord{.members = 5};
};

// The text before the first " - " and after it; without one, all of it is the title. artist: if the
// text begins with it, the split is there.
struct SongParts {
  std::string_view artist, title;
};
SongParts song_parts(std::string_view text, std::string_view artist = {}) noexcept;
// The artist that song_parts() needs for this text; "": it finds the artist itself.
std::string artist_apart(std::string_view text, std::string_view artist);

// Builds the metadata of a generic (ICY) mount from the text of an update request.
// text: bytes as sent by the encoder. charset: as named by the encoder; "": unknown.
// mount_charset: <charset> of the mount; "": not configured.
// Rules (doc/decisions.md B13): with neither, valid UTF-8 stays as it is, and other bytes are
// Latin-1.  With only a mount's charset the bytes are in it already, as in Icecast.  With the
// encoder's charset the text is converted to the mount's, and a missing character becomes '?' in
// the ICY block; without a mount's it is converted to UTF-8, because a player that reads UTF-8
// shows nothing of a title in Latin-1 (VLC 3).  The UTF-8 text of statistics loses no character.
// Bytes that are said to be UTF-8 and are not count as Latin-1, and the reverse if they are valid.
// others: further fields of the block, as they are written (IcyText).
Metadata make_icy_metadata(std::string_view song, std::string_view url, std::string_view charset,
                           std::string_view mount_charset, std::string_view others = {});

// Converts between charsets, named as in iconv(3); "" and unknown names are ISO-8859-1.  A
// character that `to` lacks, and invalid input, becomes one '?'. ISO-8859-1 and UTF-8 work without
// iconv's files (chroot).  In ISO-8859-1 the bytes 0x80 to 0x9F are read as Windows-1252 (WHATWG
// Encoding), which encoders mean by Latin-1.
std::string convert_charset(std::string_view text, std::string_view from, std::string_view to);
// Replaces line breaks and tabs between words by one space, and removes them at the ends.
// REQUIRES: an encoding that contains ASCII unchanged
std::string one_line(std::string_view text);
// Any bytes → one_line() of valid UTF-8 without control characters (C0, DEL, C1) and the two code
// points that XML forbids.  Invalid UTF-8 is read in the `fallback` charset.
std::string clean_utf8(std::string_view text, std::string_view fallback = "ISO-8859-1");

// The code of a recording (ISO 3901), often written as "DE-A12-34-56789", in capitals without
// hyphens; nullopt: no ISRC.
std::optional<std::string> isrc_of(std::string_view text);

// Charsets, for this floor only.  ISO-8859-1 and UTF-8 are converted without iconv(3), whose files
// a chroot lacks.
bool is_utf8_charset(std::string_view name) noexcept;
// ISO-8859-1, UTF-8, or a name that iconv(3) converts both ways.
bool is_known_charset(std::string_view name);

}  // namespace lb
