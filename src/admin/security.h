// Which requests of browsers may change something.  Browsers send the administrator's password
// along whoever had the idea: a link, an image, a form on a page of somebody else. Thread: pure
// functions. Source: Fetch Metadata (Sec-Fetch-Site, Sec-Purpose), RFC 6454 (Origin),
// reliability.md "CSRF".
#pragma once

#include "http/message.h"

namespace lb {

// May a request that changes state be carried out?  Scripts, encoders and panels send none of the
// headers looked at here and always pass.  A browser passes when the request comes from a page of
// this server (or, where the browser says so, from its address bar).
// Sec-Fetch-Site decides alone when present: pages cannot set it.  Otherwise Origin, then Referer
// must name the host of Host: or X-Forwarded-Host: (which pages cannot set either); ports are not
// compared, because proxies drop them.  A browser's GET without any of these is refused: on plain
// http that is what <img referrerpolicy="no-referrer"> on a hostile page looks like.  So is what a
// browser fetches before anybody has clicked.
bool same_site_request(const Headers& headers);

}  // namespace lb
