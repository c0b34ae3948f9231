#include "base/cat.h"
#include "base/strings.h"
#include "config/print/reference.h"
#include "config/schema/value.h"

namespace lb {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  if (value.empty()) return "";
  return cat({" ", name, "=\"", escape_markup(value), "\""});
}

std::string_view support_text(SchemaSupport support) {
  return word_of<SchemaSupport::kUnsupported>(support,
                                              {"works", "ignored", "obsolete", "unsupported"});
}

void xml_element(const SchemaBlock& block, const SchemaElement& row, std::string& out) {
  const SchemaElement& described = described_by(row);
  out += cat({"    <element", attribute("name", row.name), attribute("aliases", row.aliases)});
  if (row.attribute) out += attribute("attribute", "1");
  out +=
      cat({attribute("type", describe_type(described)),
           attribute("default", default_text(&described == &row ? block : *row.block, described)),
           attribute("reload", reload_text(described.reload)),
           attribute("from", origin_text(row.origin)),
           attribute("support", support_text(row.support)), attribute("example", described.example),
           ">", escape_markup(help_text(described)), "</element>\n"});
}

}  // namespace

std::string reference_xml() {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<reference>\n";
  for (const ReferenceBlock& entry : reference_blocks()) {
    out += cat(
        {"  <block", attribute("path", entry.path), attribute("help", entry.block->help), ">\n"});
    for (const auto& rows : {entry.block->elements, entry.block->foreign}) {
      for (const SchemaElement& row : rows) {
        if (is_listed(row)) xml_element(*entry.block, row, out);
      }
    }
    out += "  </block>\n";
  }
  return out + "</reference>\n";
}

}  // namespace lb
