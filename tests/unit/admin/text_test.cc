#include "admin/page/text.h"

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <nlohmann/json.hpp>
#include <string>

#include "admin/sample_stats.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

namespace {

// What a reader gets out of <t a="…">…</t>, or "not well-formed".
std::string read_back(const std::string& xml, bool attribute) {
  xmlDocPtr doc = xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr,
                                XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  if (doc == nullptr) return "not well-formed";
  xmlNodePtr root = xmlDocGetRootElement(doc);
  xmlChar* text =
      attribute ? xmlGetProp(root, reinterpret_cast<const xmlChar*>("a")) : xmlNodeGetContent(root);
  std::string out(reinterpret_cast<const char*>(text));
  xmlFree(text);
  xmlFreeDoc(doc);
  return out;
}

}  // namespace

TEST_GROUP(Text){};

TEST(Text, EscapesForXmlText) {
  STRCMP_EQUAL("a&lt;b&gt;c&amp;d\"e'", escaped("a<b>c&d\"e'", Escape::kXml).c_str());
}
TEST(Text, EscapesQuotesInAttributes) {
  STRCMP_EQUAL("&quot;&lt;&amp;'", escaped("\"<&'", Escape::kXmlAttribute).c_str());
}
TEST(Text, EscapesForJson) {
  STRCMP_EQUAL("\\\"\\\\\\u003c&>", escaped("\"\\<&>", Escape::kJson).c_str());
}
TEST(Text, LeavesControlCharactersOut) {
  STRCMP_EQUAL("ab[0m",
               escaped(std::string("a\x01\0b\x1B[0m\x7F\xC2\x85", 11), Escape::kNone).c_str());
}
TEST(Text, MakesASpaceOfTabAndLineEnds) {
  STRCMP_EQUAL("a b  c", escaped("a\tb\r\nc", Escape::kNone).c_str());
}
TEST(Text, ReadsWhatIsNotUtf8AsLatin1) {
  STRCMP_EQUAL("Caf\xC3\xA9 \xC3\xBC", escaped("Caf\xE9 \xFC", Escape::kXml).c_str());
  // One bad byte makes the whole text Latin-1; C1 bytes are control characters.
  STRCMP_EQUAL("\xC3\x83\xC2\xA9\xC3\xBF", escaped("\xC3\xA9\x85\xFF", Escape::kXml).c_str());
}
TEST(Text, KeepsEveryLengthOfUtf8) {
  const char* text =
      "A\xC3\xA9\xE2\x82\xAC\xEE\x80\x80\xED\x9F\xBF\xF0\x9F\x8E\xB5\xF4\x8F\xBF\xBD";
  STRCMP_EQUAL(text, escaped(text, Escape::kXml).c_str());
}
TEST(Text, DropsNonCharactersOfXml) {
  STRCMP_EQUAL("ab", escaped("a\xEF\xBF\xBE\xEF\xBF\xBF"
                             "b",
                             Escape::kXml)
                         .c_str());
}
TEST(Text, IsReadBackByParsersWhateverItWas) {
  for (const std::string& text : hostile_texts()) {
    const std::string clean = escaped(text, Escape::kNone);
    STRCMP_EQUAL(clean.c_str(),
                 read_back("<t>" + escaped(text, Escape::kXml) + "</t>", false).c_str());
    STRCMP_EQUAL(
        clean.c_str(),
        read_back("<t a=\"" + escaped(text, Escape::kXmlAttribute) + "\"/>", true).c_str());
    const auto json = nlohmann::json::parse('"' + escaped(text, Escape::kJson) + '"');
    STRCMP_EQUAL(clean.c_str(), json.get<std::string>().c_str());
  }
}
TEST(Text, IsValidForEveryPairOfBytes) {
  for (int a = 0; a < 256; ++a) {
    std::string all;
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b)};
      all += "<b>" + escaped(text, Escape::kXml) + "</b>";
      CHECK(nlohmann::json::accept('"' + escaped(text, Escape::kJson) + '"'));
    }
    CHECK(read_back("<t>" + all + "</t>", false) != "not well-formed");
  }
}

TEST_GROUP(XmlName){};
TEST(XmlName, AcceptsWhatStatsUse) {
  for (const char* name : {"listeners", "ice-bitrate", "FLAC_version", "_x", "a.b", "h264"})
    CHECK(is_xml_name(name));
}
TEST(XmlName, RefusesEverythingThatBreaksAnElement) {
  for (const char* name :
       {"", "1a", "-a", ".a", "a b", "a:b", "<b>", "a\"", "a=b", "a/", "\xC3\xA9", "a\n"})
    CHECK(!is_xml_name(name));
}

TEST_GROUP(XmlWriter){};
TEST(XmlWriter, WritesTheByteShapeOfIcecast) {
  XmlWriter xml;
  xml.open("iceresponse");
  xml.element("message", "a<b");
  xml.element("return", 1);
  STRCMP_EQUAL(
      "<?xml version=\"1.0\"?>\n<iceresponse><message>a&lt;b</message><return>1</return>"
      "</iceresponse>\n",
      std::move(xml).finish().c_str());
}
TEST(XmlWriter, ClosesWhatIsStillOpen) {
  XmlWriter xml;
  xml.open("a");
  xml.open("b", "mount", "/x\"");
  xml.empty("c", "d", "&");
  STRCMP_EQUAL("<?xml version=\"1.0\"?>\n<a><b mount=\"/x&quot;\"><c d=\"&amp;\"/></b></a>\n",
               std::move(xml).finish().c_str());
}
TEST(XmlWriter, IgnoresACloseTooMany) {
  XmlWriter xml;
  xml.open("a");
  xml.close();
  xml.close();
  STRCMP_EQUAL("<?xml version=\"1.0\"?>\n<a></a>\n", std::move(xml).finish().c_str());
}
