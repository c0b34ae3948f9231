// The name of a host as DNS, certificates and requests have it.
//
// Source: RFC 5890 and UTS 46 (A-labels), RFC 9110 section 4.2.3 (case).
// Thread: pure function.
#pragma once

#include <string>
#include <string_view>

namespace lb {

// "*.München.Example." → "*.xn--mnchen-3ya.example", "[2001:DB8:0::1]" → "2001:db8::1".  A name
// that has no such form stays as it is, but for its ASCII letters.
std::string host_name(std::string_view written);
// As a URL has it: an IPv6 address in brackets.
std::string url_host(std::string_view host);

}  // namespace lb
