#include "admin/page/template_scan.h"

#include <libxml/tree.h>
#include <libxslt/xsltutils.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "base/strings.h"

namespace lb {
namespace {

constexpr auto kElements = std::to_array<std::string_view>(
    {"base", "embed", "frame", "iframe", "object", "script", "style"});
// Our own script keeps to the strict policy and may load files of this server.
constexpr std::string_view kOwnScript = "cluster.js";
// Elements whose src, href or action a browser fetches by itself, except media.
constexpr auto kFetching = std::to_array<std::string_view>({"form", "img", "input", "link"});
constexpr auto kAddresses = std::to_array<std::string_view>({"action", "href", "src", "srcset"});

template <class List>
bool contains(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

std::string lower_name(const xmlChar* name) {
  return name == nullptr ? std::string() : to_lower(reinterpret_cast<const char*>(name));
}

std::string value_of(const xmlNode* element, const char* name) {
  xmlChar* value = xmlGetNoNsProp(element, reinterpret_cast<const xmlChar*>(name));
  std::string out = value == nullptr ? "" : reinterpret_cast<const char*>(value);
  xmlFree(value);
  return out;
}

// Whether the address may lead to another site, as an attribute value template that begins with
// data.
bool is_foreign(std::string_view address) {
  return address.substr(0, 1) == "{" || address.substr(0, 2) == "//" ||
         address.find(':') < address.find_first_of("/?#{");
}

bool attribute_counts(std::string_view element, const std::string& name, std::string_view value) {
  if (name == "style" || name.substr(0, 2) == "on") return true;
  return contains(kFetching, element) && contains(kAddresses, name) && is_foreign(value);
}

bool instruction_counts(const xmlNode* node) {
  const std::string name = lower_name(node->name);
  const std::string made = to_lower(value_of(node, "name"));
  if (name == "element") return contains(kElements, made);
  if (name == "attribute")
    return node->parent != nullptr && attribute_counts(lower_name(node->parent->name), made, "{");
  // document() may include a header.html of the administrator with any content.
  return name == "copy-of" && value_of(node, "select").find("document(") != std::string::npos;
}

bool element_counts(const xmlNode* node) {
  const std::string name = lower_name(node->name);
  if (name == "script" && value_of(node, "src") == kOwnScript && node->children == nullptr)
    return false;
  if (contains(kElements, name)) return true;
  for (const xmlAttr* attribute = node->properties; attribute != nullptr;
       attribute = attribute->next) {
    const char* own_name = reinterpret_cast<const char*>(attribute->name);
    if (attribute_counts(name, to_lower(own_name), value_of(node, own_name))) return true;
  }
  return false;
}

bool any_counts(xmlNode* first) {
  for (xmlNode* node = first; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) continue;
    if (IS_XSLT_ELEM(node) ? instruction_counts(node) : element_counts(node)) return true;
    if (any_counts(node->children)) return true;
  }
  return false;
}

}  // namespace

bool brings_its_own(const xsltStylesheet& style) {
  if (style.doc != nullptr && any_counts(style.doc->children)) return true;
  for (const xsltDocument* included = style.docList; included != nullptr; included = included->next)
    if (included->doc != nullptr && any_counts(included->doc->children)) return true;
  for (const xsltStylesheet* imported = style.imports; imported != nullptr;
       imported = imported->next)
    if (brings_its_own(*imported)) return true;
  return false;
}

}  // namespace lb
