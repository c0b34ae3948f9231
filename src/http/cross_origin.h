// What a page of another site may do with our answers (CORS): by default read every stream and
// every public page, and the headers that describe a stream.  <http-headers> replaces each of
// these lines by one of the same name; the administration never has them.
// Thread: pure functions.
// Source: the Fetch standard, "HTTP extensions"; Private Network Access, "Preflights".
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/settings.h"

namespace lb {

// Complete lines for an answer of this status, but for those that either list sets on it.
// exposes: names of headers that this answer has besides, "A, B".
void append_cross_origin(std::string& out, int status, std::span<const HttpHeader> global,
                         std::span<const HttpHeader> mount, std::string_view exposes = {});

// The line of an answer that holds no more than where to go on: what is configured, or "*".
void append_allow_origin(std::string& out, int status, std::span<const HttpHeader> global);

// The other lines of the answer to a preflight.  private_network: the browser reports that its page
// comes from a wider network than ours.
std::string preflight_lines(int status, std::span<const HttpHeader> global, bool private_network);

}  // namespace lb
