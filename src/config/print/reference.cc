#include "config/print/reference.h"

#include <algorithm>

#include "admin/metrics/metrics.h"
#include "base/cat.h"
#include "base/strings.h"
#include "config/mounts/mount_record.h"
#include "config/print/printer.h"
#include "config/schema/value.h"

namespace lb {
namespace {

bool is_mostly_text(const SchemaBlock& block) {
  return block.help.empty() && text_row(block) != nullptr;
}

// Whether the block has elements besides its text.
bool has_more(const SchemaBlock& block) {
  return std::any_of(block.elements.begin(), block.elements.end(), [](const SchemaElement& row) {
    return !row.name.empty() && !row.secondary && row.support == SchemaSupport::kWorks;
  });
}

void collect(const SchemaBlock& block, const std::string& path, std::vector<ReferenceBlock>& out) {
  const bool known = std::any_of(
      out.begin(), out.end(), [&](const ReferenceBlock& other) { return other.block == &block; });
  if (known || (is_mostly_text(block) && !has_more(block))) return;
  out.push_back({&block, path});
  for (const SchemaElement& row : block.elements) {
    if (row.kind != ValueKind::kBlock || row.name.find('[') != std::string_view::npos) continue;
    collect(*row.block, &block == &kRootBlock ? std::string(row.name) : cat({path, "/", row.name}),
            out);
  }
}

}  // namespace

std::vector<ReferenceBlock> reference_blocks() {
  std::vector<ReferenceBlock> blocks;
  collect(kRootBlock, std::string(kRootBlock.name), blocks);
  return blocks;
}

const SchemaElement& described_by(const SchemaElement& row) {
  if (row.kind == ValueKind::kBlock && is_mostly_text(*row.block)) return *text_row(*row.block);
  return row;
}

bool is_listed(const SchemaElement& row) { return row.name.find('[') == std::string_view::npos; }

std::string default_text(const SchemaBlock& block, const SchemaElement& row) {
  if (!row.standard.empty()) return std::string(row.standard);
  if (row.slot == nullptr || row.secondary) return "";
  return show_value(row, block.fresh().get());
}

std::string help_text(const SchemaElement& row) {
  std::string help(row.kind == ValueKind::kBlock ? row.block->help : row.help);
  if (row.support == SchemaSupport::kObsolete)
    help.append(" Better: ").append(row.note).append(".");
  return help;
}

std::string_view reload_text(ReloadClass reload) {
  return word_of<ReloadClass::kRestart>(
      reload, {"reload", "reload, running sources too", "reload, new connections", "restart"});
}

std::string_view origin_text(SchemaOrigin origin) {
  return word_of<SchemaOrigin::kOwn>(origin, {"2.4", "2.5", "KH", "own"});
}

std::optional<ReferenceFormat> parse_reference_format(std::string_view name) {
  if (name == "md") return ReferenceFormat::kMarkdown;
  if (name == "man") return ReferenceFormat::kMan;
  if (name == "xml") return ReferenceFormat::kXml;
  if (name == "metrics") return ReferenceFormat::kMetrics;
  if (name == "record") return ReferenceFormat::kRecord;
  if (name == "openapi") return ReferenceFormat::kOpenApi;
  if (name == "api") return ReferenceFormat::kApi;
  return std::nullopt;
}

std::string dump_reference(ReferenceFormat format) {
  switch (format) {
    case ReferenceFormat::kMarkdown:
      return reference_markdown();
    case ReferenceFormat::kMan:
      return reference_man();
    case ReferenceFormat::kMetrics:
      return metrics_reference();
    case ReferenceFormat::kRecord:
      return mount_record_schema();
    case ReferenceFormat::kOpenApi:
    case ReferenceFormat::kApi:
      return {};
    case ReferenceFormat::kXml:
      break;
  }
  return reference_xml();
}

}  // namespace lb
