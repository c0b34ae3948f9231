#include "config/schema/xml_node.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <memory>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/diagnostic.h"

namespace lb {
namespace {

constexpr int kDeepest = 32;

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
struct FreeParser {
  void operator()(xmlParserCtxt* parser) const { xmlFreeParserCtxt(parser); }
};

Error parse_error(int line, std::string_view why) {
  std::string what = "XML config parsing error: ";
  if (line > 0) what += cat({"line ", line, ": "});
  return Error::invalid(what.append(why));
}

std::string_view view(const xmlChar* text) {
  return text == nullptr ? std::string_view() : reinterpret_cast<const char*>(text);
}

// Appends the text of nodes.  False: an entity, which is never expanded.
bool append_content(const xmlNode* first, std::string& out) {
  for (const xmlNode* node = first; node != nullptr; node = node->next) {
    if (node->type == XML_ENTITY_REF_NODE) return false;
    if (node->type == XML_TEXT_NODE || node->type == XML_CDATA_SECTION_NODE) {
      out += view(node->content);
    }
  }
  return true;
}

// The message of libxml2, with advice if the message gives none.
std::string explained(std::string_view message) {
  std::string text = escaped(trim(message.substr(0, message.find('\n'))));
  if (text.starts_with("xmlParseEntityRef")) text += "; write &amp; for & in a text";
  if (text.find("not proper UTF-8") != std::string::npos) {
    while (text.ends_with('!') || text.ends_with(' ')) text.pop_back();
    text += " in its first line, or save the file as UTF-8";
  }
  return text;
}

// Only the first error is reported: the others follow from it.
struct FirstError {
  int line = 0;
  std::string text;
};

void note_error(void* parser, xmlError* error) {
  auto& first = *static_cast<FirstError*>(static_cast<xmlParserCtxt*>(parser)->_private);
  if (!first.text.empty() || error->level < XML_ERR_ERROR || error->message == nullptr) return;
  first.line = error->line;
  first.text = explained(error->message);
}

Result<XmlNode> convert(xmlNode* from, int depth) {
  XmlNode node;
  node.name = view(from->name);
  node.line = static_cast<int>(xmlGetLineNo(from));
  if (depth > kDeepest) {
    return parse_error(node.line, cat({"elements are nested more than ", kDeepest, " deep"}));
  }
  bool plain = append_content(from->children, node.text);
  for (const xmlAttr* attribute = from->properties; attribute != nullptr;
       attribute = attribute->next) {
    XmlAttribute& to = node.attributes.emplace_back();
    to.name = view(attribute->name);
    plain = append_content(attribute->children, to.value) && plain;
  }
  if (!plain) {
    return parse_error(node.line, cat({"<", node.name,
                                       "> uses an entity; entities are not expanded here, write "
                                       "the text itself"}));
  }
  for (xmlNode* child = from->children; child != nullptr; child = child->next) {
    if (child->type != XML_ELEMENT_NODE) continue;
    auto converted = convert(child, depth + 1);
    if (!converted.has_value()) return converted;
    node.children.push_back(std::move(converted).value());
  }
  return node;
}

}  // namespace

Result<XmlNode> parse_xml(std::string_view bytes) {
  if (bytes.size() > kLargestXml) {
    return parse_error(0, cat({"the file has ", bytes.size(), " bytes (limit ", kLargestXml, ")"}));
  }
  if (trim(bytes).empty()) return Error::invalid("no root element found: the file is empty");

  const std::unique_ptr<xmlParserCtxt, FreeParser> parser(xmlNewParserCtxt());
  if (!parser) return parse_error(0, "out of memory");
  FirstError first;
  parser->_private = &first;
  parser->sax->serror = note_error;
  const std::unique_ptr<xmlDoc, FreeDocument> document(xmlCtxtReadMemory(
      parser.get(), bytes.data(), static_cast<int>(bytes.size()), nullptr, nullptr,
      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_BIG_LINES));
  if (!document) {
    return parse_error(first.line, first.text.empty() ? "it cannot be read" : first.text);
  }
  return convert(xmlDocGetRootElement(document.get()), 1);
}

void append_xml(std::string& out, const XmlNode& node, std::size_t depth) {
  constexpr std::string_view kLineEnds = "\n\r\t";  // a parser would change them in an attribute
  out.append(2 * depth, ' ').append("<").append(node.name);
  for (const XmlAttribute& attribute : node.attributes)
    out.append(cat({" ", attribute.name, "=\"", escape_markup(attribute.value, kLineEnds), "\""}));
  if (node.text.empty() && node.children.empty()) {
    out += "/>\n";
    return;
  }
  out.append(">").append(escape_markup(node.text, kLineEnds));
  if (!node.children.empty()) {
    out += '\n';
    for (const XmlNode& child : node.children) append_xml(out, child, depth + 1);
    out.append(2 * depth, ' ');
  }
  out.append("</").append(node.name).append(">\n");
}

std::string xml_library_version() { return LIBXML_DOTTED_VERSION; }

}  // namespace lb
