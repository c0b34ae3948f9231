// The name of a host in the form of DNS, certificates and requests.
//
// Source: RFC 5890 and UTS 46 (A-labels), RFC 9110 section 4.2.3 (case).
// Thread: pure function.
#pragma once

#include <string>
#include <string_view>

namespace lb {

// "*.München.Example." → "*.xn--mnchen-3ya.example", "[2001:DB8:0::1]" → "2001:db8::1".  Of a name
// without such a form only ASCII letters change.
std::string host_name(std::string_view written);
// As in a URL: an IPv6 address in brackets.
std::string url_host(std::string_view host);

}  // namespace lb
