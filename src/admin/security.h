// What protects the people who use a browser: the judgement of cross-site requests, and the header
// lines of HTML pages.
// Thread: pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/settings.h"

namespace lb {

// May a request that changes state be carried out?  Scripts, encoders and panels send none of the
// headers looked at here and always pass.  A browser passes when the request comes from a page of
// this server (or, where the browser says so, from its address bar).
// Sec-Fetch-Site decides alone when present: pages cannot set it.  Otherwise Origin, then Referer
// must name the host of Host: or X-Forwarded-Host: (which pages cannot set either); ports are not
// compared, because proxies drop them.  A browser's GET without any of these is refused: on plain
// http that is what <img referrerpolicy="no-referrer"> on a hostile page looks like.
bool same_site_request(const Headers& headers);

// Complete lines for pages made by templates; those that <http-headers> sets itself are left out.
std::string html_security_lines(std::span<const HttpHeader> configured);

}  // namespace lb
