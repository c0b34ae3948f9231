#include "config/schema/xml_node.h"

#include <string>

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

std::string why(const std::string& text) {
  const auto node = parse_xml(text);
  return node.has_value() ? "" : node.error().what;
}

}  // namespace

TEST_GROUP(XmlNode){};

TEST(XmlNode, KeepsNamesLinesTextsAndAttributes) {
  const auto node =
      parse_xml("<!-- c --><a x='1' y='&lt;'>\n t<b/>\n<!-- c --><c><![CDATA[<>]]>&#65;</c>u</a>");
  CHECK(node.has_value());
  STRCMP_EQUAL("a", node->name.c_str());
  STRCMP_EQUAL("\n t\nu", node->text.c_str());
  LONGS_EQUAL(2, node->attributes.size());
  STRCMP_EQUAL("y", node->attributes[1].name.c_str());
  STRCMP_EQUAL("<", node->attributes[1].value.c_str());
  LONGS_EQUAL(2, node->children.size());
  LONGS_EQUAL(2, node->children[0].line);
  LONGS_EQUAL(3, node->children[1].line);
  STRCMP_EQUAL("<>A", node->children[1].text.c_str());
}
TEST(XmlNode, KnowsLinesBeyond65535) {
  const auto node = parse_xml("<a>" + std::string(70000, '\n') + "<b>x</b></a>");
  CHECK(node.has_value());
  LONGS_EQUAL(70001, node->children[0].line);
}
TEST(XmlNode, NamesTheFirstErrorAndItsLine) {
  STRCMP_EQUAL("XML config parsing error: line 3: Opening and ending tag mismatch: b line 2 and a",
               why("<a>\n<b>\n</a>").c_str());
  CHECK(why("<a>\xff</a>").starts_with("XML config parsing error: line 1:"));
  CHECK(why("not xml").starts_with("XML config parsing error: line 1:"));
  CHECK(why("").starts_with("no root element found"));
  CHECK(why("<!-- nothing -->").find("parsing error") != std::string::npos);
}
TEST(XmlNode, ExpandsNoEntity) {
  const std::string doctype = "<!DOCTYPE a [<!ENTITY e 'text'>]>";
  CHECK(why(doctype + "<a>&e;</a>").find("<a> uses an entity") != std::string::npos);
  CHECK(why(doctype + "<a>\n<b x='&e;'/></a>").find("line 2: <b> uses an entity") !=
        std::string::npos);
  CHECK(!why("<a>&unknown;</a>").empty());
  CHECK(parse_xml(doctype + "<a>&amp;</a>").has_value());  // declared but not used
  CHECK(why("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><a>&e;</a>")
            .find("uses an entity") != std::string::npos);
}
TEST(XmlNode, LimitsDepthAndSize) {
  const auto nested = [](int depth) {
    std::string text;
    for (int i = 0; i < depth; ++i) text += "<a>";
    for (int i = 0; i < depth; ++i) text += "</a>";
    return text;
  };
  CHECK(parse_xml(nested(32)).has_value());
  CHECK(why(nested(33)).find("nested more than 32 deep") != std::string::npos);
  CHECK(!why(nested(5000)).empty());
  CHECK(why(std::string((64u << 20) + 1, ' ')).find("limit 67108864") != std::string::npos);
}
TEST(XmlNode, NamesTheLibrary) { CHECK(xml_library_version().starts_with("2.")); }
