// Which content types are streams, and the header lines that keep a stream from being a page of
// this server in a browser, whatever its source calls it.
// Thread: pure functions.
// Source: MIME Sniffing ("JavaScript", "XML MIME type"), Fetch ("extract a MIME type", nosniff), CSP
// level 3, HTML ("sandboxed automatic features": a sandboxed document does not begin to play, and
// fetches its own media as a foreign origin; seen in Chromium).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace lb {

// audio/…, video/… and application/ogg, with or without parameters: played by a browser, never run
// by it.  Neither lists (mpegurl, scpls) nor XML, and one type only: of "audio/mpeg, text/html" a
// browser takes the last.
bool is_stream_type(std::string_view content_type);

// What a source may send where its mount does not allow more: a stream type, or
// application/octet-stream, which browsers save.
// more: types that its mount allows besides, without parameters.
bool is_source_type(std::string_view content_type, std::span<const std::string> more = {});

// Complete lines for an answer with bytes of a source.  What a browser plays stays playable in a
// tab of its own and may run nothing; all else is a document without scripts, forms and this
// origin.
std::string stream_header_lines(std::string_view content_type);

}  // namespace lb
