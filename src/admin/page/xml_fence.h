// The limits of libxml2 and libxslt: which files they may read.
// Thread: that of XsltRenderer, except init_xml_libraries() (render.h).
// A template may import and document() only files of its own root.  External entities are never
// loaded, and there is no network access.
#pragma once

#include <libxml/tree.h>

#include <string>
#include <string_view>

namespace lb {

// "/srv/my web/x.xsl" → "/srv/my%20web/x.xsl", so that relative imports resolve.
std::string file_uri(const std::string& path);
// Parses a stylesheet or an imported file; nullptr if it is not XML.  The caller frees the result.
// dictionary: shared with the importing stylesheet, or nullptr.
xmlDocPtr parse_template(std::string_view bytes, const std::string& uri, xmlDictPtr dictionary);
// Parses a document of our own printers.
xmlDocPtr parse_document(std::string_view bytes);

}  // namespace lb
