// Which content types are streams, and the header lines that keep a stream from acting as a page of
// this server in a browser, whatever type its source sends.
// Thread: pure functions.
// Source: MIME Sniffing ("JavaScript", "XML MIME type"), Fetch ("extract a MIME type", nosniff),
// CSP level 3, HTML ("sandboxed automatic features": a sandboxed document does not begin to play,
// and fetches its own media as a foreign origin; measured in Chromium).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lb {

// audio/…, video/… and application/ogg, with or without parameters, which browsers play and never
// run.  Not playlists (mpegurl, scpls) or XML, and only one type, because of "audio/mpeg,
// text/html" a browser takes the last.
bool is_stream_type(std::string_view content_type);

// Whether a source may send this: a stream type, application/octet-stream, which browsers save, or
// a type in `more`, which its mount allows, without parameters.
bool is_source_type(std::string_view content_type, std::span<const std::string> more = {});

// Complete lines for an answer with a source's bytes.  Playable types can still be opened in a tab,
// but run nothing; others are shown without scripts, forms and this origin.
std::string stream_header_lines(std::string_view content_type);

}  // namespace lb
