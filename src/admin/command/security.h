// Which requests of browsers may change something.  A browser sends the administrator's password
// along with every request, also one that a foreign page, link or image makes it send.
// Thread: pure functions.
// Source: Fetch Metadata (Sec-Fetch-Site, Sec-Purpose), RFC 6454 (Origin).
#pragma once

#include "http/message.h"

namespace lb {

// May a request that changes state be carried out?  Scripts, encoders and panels send none of the
// headers checked here and always pass.  A browser passes when the request comes from a page of
// this server (or, by its headers, from its address bar).
// Sec-Fetch-Site decides alone when present: pages cannot set it.  Otherwise Origin, then Referer
// must name the host of Host: or X-Forwarded-Host: (which pages cannot set either); ports are not
// compared, because proxies drop them.  A browser's GET without any of these is refused: on plain
// http that is what <img referrerpolicy="no-referrer"> on a hostile page looks like.  So is a
// browser's prefetch, which comes before any click.
bool same_site_request(const Headers& headers);

}  // namespace lb
