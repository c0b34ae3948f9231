// XmlNode: a configuration file as a plain tree; the only file of config/ that touches libxml2 is
// xml_node.cc.
//
// Thread: pure function; libxml2's parser needs no set-up.
// Ownership: plain values.
// Safety: no network, no DTD is loaded, no entity is ever expanded (an entity of the file's own
// is refused), nesting deeper than 32 and files larger than 64 MiB are refused.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

inline constexpr std::size_t kLargestXml = 64u << 20;

struct XmlAttribute {
  std::string name;
  std::string value;

  bool operator==(const XmlAttribute&) const = default;
};

struct XmlNode {
  std::string name;
  int line = 0;
  std::string text = {};  // all text directly inside, comments left out
  std::vector<XmlAttribute> attributes = {};
  std::vector<XmlNode> children = {};

  bool is_empty() const { return text.empty() && attributes.empty() && children.empty(); }
  bool operator==(const XmlNode&) const = default;
};

// The root element.  The error's text begins as Icecast's: "XML config parsing error" or "no root
// element found"; the rest is the reason and the place.
Result<XmlNode> parse_xml(std::string_view bytes);

// Appends the element, indented by two blanks for each level.  parse_xml() reads the same values.
void append_xml(std::string& out, const XmlNode& node, std::size_t depth);

// Of libxml2, for --version.
std::string xml_library_version();

}  // namespace lb
