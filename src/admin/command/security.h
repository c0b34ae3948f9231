// Which requests of browsers may change state.  A browser sends the administrator's password with
// every request, also with those that a foreign page, link or image causes.
// Thread: pure functions.
// Source: Fetch Metadata (Sec-Fetch-Site, Sec-Purpose), RFC 6454 (Origin).
#pragma once

#include "http/message.h"

namespace lb {

// Whether a request may change state.  Scripts, encoders and panels send none of the checked
// headers and always pass.  A browser passes if its request comes from a page of this server (or,
// by its headers, from its address bar).  Sec-Fetch-Site decides alone if present, because pages
// cannot set it.  Otherwise Origin, then Referer must name the host of Host: or X-Forwarded-Host:
// (which pages cannot set either); ports are ignored, because proxies drop them.  A browser's GET
// without these is refused, because on plain http <img referrerpolicy="no-referrer"> of a hostile
// page looks like that; so is a prefetch, which comes before any click.
bool same_site_request(const Headers& headers);

}  // namespace lb
