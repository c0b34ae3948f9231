// Any bytes → valid, escaped text for XML and JSON, in one pass.
// Bytes that are not UTF-8 are read as Latin-1.  Control characters (C0, C1, DEL) and the
// non-characters U+FFFE, U+FFFF are left out; tab, CR and LF become a space each.  The result
// is always allowed in XML 1.0.  JSON needs no \u escapes for it, but '<' gets one, for pages that
// put the answer into a <script>.
// Thread: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

enum class Escape : std::uint8_t { kNone, kXml, kXmlAttribute, kJson };
void append_text(std::string& out, std::string_view bytes, Escape how);
std::string escaped(std::string_view bytes, Escape how);

// A name that may be an element: ASCII letters, digits, '_', '-', '.'; no ':' (no namespaces).
bool is_xml_name(std::string_view name) noexcept;

// Builds one document in the order of the calls; finish() closes the open elements.
class XmlWriter {
 public:
  XmlWriter();
  // REQUIRES: is_xml_name(name) in all of these.
  void open(std::string_view name);
  void open(std::string_view name, std::string_view attribute, std::string_view value);
  void close();
  // <name>text</name>, also when text is empty.
  void element(std::string_view name, std::string_view text);
  void element(std::string_view name, std::uint64_t number);
  // <name attribute="value"/>
  void empty(std::string_view name, std::string_view attribute, std::string_view value);
  std::string finish() &&;

 private:
  void attribute(std::string_view name, std::string_view value);
  std::string out_;
  std::string open_;  // names of the open elements, each after a '/'
};

}  // namespace lb
