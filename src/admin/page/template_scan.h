// What a template brings along that a strict Content-Security-Policy would forbid: scripts, styles
// of its own, parts from other sites.  Templates of a station that has designed its own pages do;
// Icecast's and ours do not.
// Thread: the clerk.  Pure.
#pragma once

#include <libxslt/xsltInternals.h>

namespace lb {

// Scans the stylesheet and all that it imports and includes.  It judges what the author wrote,
// never the document: no encoder can loosen the policy of a page.
bool brings_its_own(const xsltStylesheet& style);

}  // namespace lb
