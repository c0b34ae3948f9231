// The fence around libxml2 and libxslt: what they may read, and from where.
// Thread: that of XsltRenderer, except init_xml_libraries() (render.h).
// A template may import and document() files of its own root, nothing else; no entity outside of
// the file that is being read is ever loaded; there is no network.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>

namespace lb {

// "/srv/my web/x.xsl" → "/srv/my%20web/x.xsl", so that relative imports resolve.
std::string file_uri(const std::string& path);
// A stylesheet or an imported file; nullptr when it is no XML.  The caller frees it.
// dictionary: shared with the stylesheet that imports, or nullptr.
xmlDocPtr parse_template(std::string_view bytes, const std::string& uri, xmlDictPtr dictionary);
// A document of our own printers.
xmlDocPtr parse_document(std::string_view bytes);

}  // namespace lb
