// Finds the parts of a template that a strict Content-Security-Policy would forbid: scripts, styles
// and content of other sites.  A station's own templates may have them; Icecast's and ours do not.
// Thread: the clerk.  Pure.
#pragma once

#include <libxslt/xsltInternals.h>

namespace lb {

// Scans the stylesheet with its imports and includes.  Only the author's text counts, not the
// document, so no encoder can loosen the policy of a page.
bool brings_its_own(const xsltStylesheet& style);

}  // namespace lb
