// The access of pages of other sites to our answers (CORS): by default they may read every stream
// and public page, and the headers about a stream. <http-headers> replaces each of these lines by
// one of the same name; administrative answers have no such lines.
// Thread: pure functions.
// Source: the Fetch standard, "HTTP extensions"; Private Network Access, "Preflights".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/settings.h"

namespace lb {

// Appends complete lines for an answer of this status, except those that either list has for it.
// exposes: names of further headers of this answer, "A, B".
void append_cross_origin(std::string& out, int status, std::span<const HttpHeader> global,
                         std::span<const HttpHeader> mount, std::string_view exposes = {});

// The line for a redirect: as configured, or "*".
void append_allow_origin(std::string& out, int status, std::span<const HttpHeader> global);

// The other lines of a preflight's answer. private_network: the browser reports that its page comes
// from a wider network than ours.
std::string preflight_lines(int status, std::span<const HttpHeader> global, bool private_network);

}  // namespace lb
