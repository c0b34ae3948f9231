#include "config/load/filler.h"

#include <algorithm>

#include "base/cat.h"
#include "base/strings.h"
#include "config/schema/value.h"

namespace lb {
namespace {

constexpr std::size_t kMaxDiagnostics = 500;

// The elements of these blocks are known, so that a misplaced one is reported with its block.
constexpr const SchemaBlock* kBlocks[] = {
    &kRootBlock,    &kLimitsBlock,   &kAuthenticationBlock, &kListenBlock, &kPathsBlock,
    &kLoggingBlock, &kSecurityBlock, &kMountBlock,          &kRelayBlock,  &kClusterBlock};

std::string in_angles(std::string_view name) { return cat({"<", name, ">"}); }

std::string path_below(const std::string& path, std::string_view name) {
  return (path.empty() ? std::string() : path + "/").append(name);
}

std::string renamed(const std::string& path, std::string_view name) {
  return path.substr(0, path.rfind('/') + 1).append(name);
}

std::string_view nearest(const SchemaBlock& block, std::string_view name) {
  std::vector<std::string_view> names;
  for (const SchemaElement& row : block.elements)
    if (!row.name.empty() && row.name.find('[') == std::string_view::npos)
      names.push_back(row.name);
  return nearest_word(name, names);
}

// The values of a block that occurs once, in the order of its rows; "" for a row without a value.
std::vector<std::string> leaves_of(const SchemaElement& row, const void* object) {
  std::vector<std::string> values;
  for (const SchemaElement& inner : row.block->elements)
    values.push_back(has_value(inner) && inner.kind != ValueKind::kBlock
                         ? show_value(inner, row.nest.at(object, 0))
                         : std::string());
  return values;
}

}  // namespace

std::string meant_by(const SchemaBlock& block, std::string_view name, bool attribute) {
  const std::string_view near = nearest(block, name);
  if (!near.empty()) return cat({"; did you mean ", near, "?"});
  for (const SchemaBlock* other : kBlocks)
    if (other != &block && find_element(*other, name, attribute) != nullptr)
      return "; it belongs in " + in_angles(other->name);
  return {};
}

void Filler::report(int line, Severity severity, std::string text, Concern concern) {
  if (diagnostics_.size() > kMaxDiagnostics && severity < Severity::kFatal) return;
  if (diagnostics_.size() == kMaxDiagnostics && severity < Severity::kFatal) {
    text = cat({"there is more to say about this file; only the first ", kMaxDiagnostics,
                " messages are shown"});
  }
  diagnostics_.push_back({line, severity, std::move(text), concern});
}

void Filler::mapped(int line, std::string written, const std::string& stored) {
  written_.try_emplace(stored, line);
  readings_.push_back({line, std::move(written), stored, "", nullptr});
}

void Filler::left_out(int line, std::string_view name, std::string_view why) {
  report(line, Severity::kWarning, cat({in_angles(name), ": has no effect here: ", why}),
         Concern::kUnsupported);
}

int Filler::line_of(const std::string& path) const {
  const auto at = written_.find(path);
  return at == written_.end() ? 0 : at->second;
}

std::vector<Diagnostic> Filler::take_diagnostics() {
  if (!for_25_) diagnostics_.insert(diagnostics_.end(), hints_for_24_.begin(), hints_for_24_.end());
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) { return a.line < b.line; });
  return std::move(diagnostics_);
}

std::vector<Reading> Filler::take_readings() {
  std::stable_sort(readings_.begin(), readings_.end(),
                   [](const Reading& a, const Reading& b) { return a.line < b.line; });
  return std::move(readings_);
}

void Filler::fill(const SchemaBlock& block, void* object, const XmlNode& node,
                  const std::string& path) {
  attributes(block, object, node, path);
  text(block, object, node, path);
  for (const XmlNode& inner : node.children) child(block, object, inner, path);
}

void Filler::attributes(const SchemaBlock& block, void* object, const XmlNode& node,
                        const std::string& path) {
  for (const XmlAttribute& attribute : node.attributes) {
    const SchemaElement* row = find_element(block, attribute.name, true);
    const SchemaElement* leaf_row = row;
    if (row != nullptr && row->kind == ValueKind::kBlock) leaf_row = text_row(*row->block);
    if (leaf_row == nullptr) {
      unknown(block, attribute.name, node.line, true);
    } else {
      for_25_ = for_25_ || leaf_row->origin == SchemaOrigin::kIcecast25;
      void* where = leaf_row == row ? object : row->nest.add(object);
      leaf(*leaf_row, where,
           {attribute.name, attribute.value, node.line, path_below(path, attribute.name)},
           join_path(path, *row));
    }
  }
}

void Filler::text(const SchemaBlock& block, void* object, const XmlNode& node,
                  const std::string& path) {
  if (trim(node.text).empty()) return;
  if (const SchemaElement* row = text_row(block)) {
    leaf(*row, object, {node.name, node.text, node.line, renamed(path, node.name)}, path);
    return;
  }
  report(node.line, Severity::kWarning,
         cat({in_angles(node.name), ": the text ", quoted(trim(node.text)),
              " is between elements and has no effect"}),
         Concern::kUnknown);
}

void Filler::child(const SchemaBlock& block, void* object, const XmlNode& node,
                   const std::string& path) {
  const SchemaElement* row = find_element(block, node.name, false);
  if (row == nullptr) {
    unknown(block, node.name, node.line, false);
    return;
  }
  for_25_ = for_25_ || row->origin == SchemaOrigin::kIcecast25;
  if (row->block == &kMountBlock) {
    mounts_.push_back(&node);
    return;
  }
  if (row->aside) {
    asides_.push_back({&node, join_path(path, *row)});
    return;
  }
  if (row->kind == ValueKind::kBlock) {
    nested(*row, object, node, path);
    return;
  }
  if (row->kind == ValueKind::kNamed) {
    named(block, object, node, path);
    return;
  }
  for (const XmlAttribute& attribute : node.attributes) {
    if (row->kind == ValueKind::kSecret && attribute.name == "mount") {
      // Icecast refuses the attribute too: the password of one mount would open all mounts.
      report(node.line, Severity::kError,
             in_angles(node.name) +
                 ": a password of one mount is written in <mount><password>; this "
                 "one is not used");
      return;
    }
    if (row->kind == ValueKind::kNothing) continue;
    report(
        node.line, Severity::kWarning,
        cat({in_angles(node.name), ": the attribute ", quoted(attribute.name), " has no effect"}),
        Concern::kUnknown);
  }
  if (row->kind != ValueKind::kNothing && !node.children.empty()) {
    report(node.children.front().line, Severity::kWarning,
           cat({in_angles(node.children.front().name), " has no effect inside ",
                in_angles(node.name)}),
           Concern::kUnknown);
  }
  leaf(*row, object, {node.name, node.text, node.line, path_below(path, node.name)},
       join_path(path, *row));
}

void Filler::named(const SchemaBlock& block, void* object, const XmlNode& node,
                   const std::string& path) {
  std::string_view name, value;
  for (const XmlAttribute& attribute : node.attributes) {
    if (attribute.name == "name") name = trim(attribute.value);
    if (attribute.name == "value") value = attribute.value;
  }
  const SchemaElement* row = find_element(block, name, false);
  if (row == nullptr || row->slot == nullptr) {
    report(node.line, Severity::kWarning,
           cat({in_angles(node.name), ": the option ", quoted(name),
                " is not known and has no effect"}),
           Concern::kUnknown);
    return;
  }
  leaf(*row, object, {name, value, node.line, cat({path_below(path, node.name), "[", name, "]"})},
       join_path(path, *row));
}

void Filler::nested(const SchemaElement& row, void* object, const XmlNode& node,
                    const std::string& path) {
  std::string inner = join_path(path, row);
  const auto before = row.nest.many ? std::vector<std::string>{} : leaves_of(row, object);
  void* where = row.nest.add(object);
  const auto there = row.nest.many ? std::vector<std::string>{} : leaves_of(row, object);
  if (row.nest.many) inner += cat({"[", row.nest.count(object), "]"});
  // If the block is mainly a text, its alias is reported with the text.
  if (node.name != row.name && !row.block->help.empty()) {
    readings_.push_back({node.line, path_below(path, node.name), inner, "", nullptr});
  }
  fill(*row.block, where, node, inner);
  // A value that the presence of a block implies counts as set, unless it is given explicitly.
  for (std::size_t i = 0; i < there.size(); ++i)
    if (there[i] != before[i])
      written_.try_emplace(join_path(inner, row.block->elements[i]), node.line);
  written_.try_emplace(inner, node.line);
}

void Filler::leaf(const SchemaElement& row, void* object, const Value& value,
                  const std::string& path) {
  const int line = value.line;
  const std::string subject = in_angles(value.name) + ": ";
  if (row.support == SchemaSupport::kUnsupported) {
    left_out(line, value.name, row.note);
    readings_.push_back({line, value.written, "", "", &row});
    return;
  }
  if (row.kind == ValueKind::kNothing) {
    readings_.push_back({line, value.written, "", "", &row});
    return;
  }
  const std::string before = show_value(row, object);
  const ValueReport outcome = store_value(row, object, value.value);
  if (!outcome.problem.empty()) {
    const std::string shown = row.secondary ? std::string() : show_masked(row, object);
    const std::string used = shown.empty() ? "the default" : shown;
    const Severity severity = row.strict    ? Severity::kFatal
                              : row.lenient ? Severity::kWarning
                                            : Severity::kError;
    report(line, severity,
           subject + outcome.problem +
               (row.strict ? "; the server does not guess and does not start" : "; used: " + used));
    return;
  }
  if (outcome.hint_for_24)
    hints_for_24_.push_back({line, Severity::kWarning, subject + outcome.hint, Concern::kGeneral});
  else if (!outcome.hint.empty())
    report(line, Severity::kWarning, subject + outcome.hint);
  if (!outcome.stored) return;
  if (row.support == SchemaSupport::kObsolete) {
    report(line, Severity::kWarning, cat({subject, "is obsolete: ", row.note}));
  }
  // A value that is stored in another form than written is not shown.
  const bool alike = !row.secondary || row.canonical.empty() || row.canonical == "..";
  readings_.push_back(
      {line, value.written, path, alike ? show_masked(row, object) : std::string(), &row});
  const auto [at, first] = written_.try_emplace(path, line);
  const bool same = row.secondary && before == show_value(row, object);  // of several logs
  if (!first && !same && row.kind != ValueKind::kList && row.kind != ValueKind::kFiles) {
    report(line, Severity::kWarning,
           cat({subject, "is written twice, first in line ", at->second, "; this one counts"}));
    at->second = line;
  }
}

void Filler::unknown(const SchemaBlock& block, std::string_view name, int line, bool attribute) {
  std::string text = attribute
                         ? cat({"the attribute ", quoted(name), " of ", in_angles(block.name)})
                         : in_angles(name);
  text += " is not known and has no effect" + meant_by(block, name, attribute);
  report(line, Severity::kWarning, std::move(text), Concern::kUnknown);
}

}  // namespace lb
