#include "admin/page/xml_fence.h"

#include <libexslt/exslt.h>
#include <libxml/parser.h>
#include <libxml/uri.h>
#include <libxml/xmlIO.h>
#include <libxslt/documents.h>
#include <libxslt/security.h>
#include <libxslt/xslt.h>
#include <libxslt/xsltInternals.h>
#include <libxslt/xsltutils.h>

#include <climits>
#include <mutex>

#include "admin/page/render.h"
#include "admin/page/template_file.h"
#include "base/file.h"

namespace lb {
namespace {

// The address of this variable marks parsers that may load no further files.
char fenced_parser;

xmlParserInputPtr load_entity(const char* url, const char* id, xmlParserCtxtPtr parser) {
  if (parser != nullptr && parser->_private == &fenced_parser) return nullptr;
  return xmlNoNetExternalEntityLoader(url, id, parser);
}

// The root directory of the topmost stylesheet.
const std::string* root_of(xsltStylesheetPtr style) {
  while (style != nullptr && style->parent != nullptr) style = style->parent;
  return style == nullptr ? nullptr : static_cast<const std::string*>(style->_private);
}

// libxslt calls this for xsl:import, xsl:include and document().
xmlDocPtr load_document(const xmlChar* uri, xmlDictPtr dictionary, int, void* context,
                        xsltLoadType type) {
  const std::string* root = nullptr;
  if (type == XSLT_LOAD_STYLESHEET) root = root_of(static_cast<xsltStylesheetPtr>(context));
  if (type == XSLT_LOAD_DOCUMENT)
    root = root_of(static_cast<xsltTransformContextPtr>(context)->style);
  if (root == nullptr || root->empty()) return nullptr;

  const std::string text(reinterpret_cast<const char*>(uri));
  std::string path(text.size(), '\0');  // unescaping never makes it longer
  if (xmlURIUnescapeString(text.c_str(), static_cast<int>(text.size()), path.data()) == nullptr)
    return nullptr;
  path.resize(path.find('\0') == path.npos ? path.size() : path.find('\0'));
  const std::string prefix = *root + "/";
  if (path.compare(0, prefix.size(), prefix) != 0 || !is_inside_name(path.substr(prefix.size())))
    return nullptr;
  if (!identify_file(path)) return nullptr;
  const auto file = read_file(path, {.limit = XsltRenderer::kMaxTemplateBytes});
  return file ? parse_template(file->text, text, dictionary) : nullptr;
}

xmlDocPtr parse(std::string_view bytes, const char* uri, xmlDictPtr dictionary, int options) {
  if (bytes.size() > INT_MAX) return nullptr;
  xmlParserCtxtPtr parser = xmlNewParserCtxt();
  if (parser == nullptr) return nullptr;
  parser->_private = &fenced_parser;
  if (dictionary != nullptr) {
    xmlDictFree(parser->dict);
    parser->dict = dictionary;
    xmlDictReference(dictionary);
  }
  xmlDocPtr document = xmlCtxtReadMemory(parser, bytes.data(), static_cast<int>(bytes.size()), uri,
                                         nullptr, options | XML_PARSE_NONET);
  xmlFreeParserCtxt(parser);
  return document;
}

void init_once() {
  LIBXML_TEST_VERSION
  xmlInitParser();
  xsltInit();
  exsltCommonRegister();
  exsltDateRegister();
  exsltMathRegister();
  exsltSetsRegister();
  exsltStrRegister();

  xmlSetExternalEntityLoader(load_entity);
  xsltSetLoaderFunc(load_document);
  // libxslt keeps the pointer, so the preferences live as long as the process.
  xsltSecurityPrefsPtr fence = xsltNewSecurityPrefs();
  for (const xsltSecurityOption option : {XSLT_SECPREF_WRITE_FILE, XSLT_SECPREF_CREATE_DIRECTORY,
                                          XSLT_SECPREF_READ_NETWORK, XSLT_SECPREF_WRITE_NETWORK})
    xsltSetSecurityPrefs(fence, option, xsltSecurityForbid);
  xsltSetDefaultSecurityPrefs(fence);
}

}  // namespace

std::string file_uri(const std::string& path) {
  xmlChar* escaped = xmlPathToURI(reinterpret_cast<const xmlChar*>(path.c_str()));
  if (escaped == nullptr) return path;
  std::string uri(reinterpret_cast<const char*>(escaped));
  xmlFree(escaped);
  return uri;
}

xmlDocPtr parse_template(std::string_view bytes, const std::string& uri, xmlDictPtr dictionary) {
  // XML_PARSE_NOENT expands the entities that the file itself declares (&nbsp;).
  return parse(bytes, uri.c_str(), dictionary, XML_PARSE_NOENT | XML_PARSE_NOCDATA);
}

xmlDocPtr parse_document(std::string_view bytes) {
  return parse(bytes, nullptr, nullptr, XML_PARSE_HUGE);
}

void init_xml_libraries() {
  static std::once_flag once;
  std::call_once(once, init_once);
}

}  // namespace lb
