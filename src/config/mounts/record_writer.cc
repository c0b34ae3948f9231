#include "config/mounts/record_writer.h"

#include <vector>

#include "config/mounts/record_secrets.h"
#include "config/schema/value.h"

namespace lb {
namespace {

// The member for the text of a block that also has elements.
std::string_view text_member(const SchemaBlock& block) {
  for (const SchemaElement& row : block.elements)
    if (row.canonical == "..") return row.name;
  return {};
}

std::vector<std::string_view> values_of(const SchemaBlock& block, const SchemaElement& row,
                                        const XmlNode& node) {
  std::vector<std::string_view> values;
  if (is_attribute(block, row)) {
    for (const XmlAttribute& attribute : node.attributes)
      if (attribute.name == row.name) values.push_back(attribute.value);
  } else {
    for (const XmlNode& child : node.children)
      if (child.name == row.name) values.push_back(child.text);
  }
  return values;
}

void write_scalar(JsonWriter& json, const SchemaElement& row, std::string_view text) {
  switch (row.kind) {
    case ValueKind::kBool:
      json.boolean(text != "0");
      return;
    case ValueKind::kFraction:
      json.number(std::stod(std::string(text)));
      return;
    case ValueKind::kNumber:
    case ValueKind::kBytes:
    case ValueKind::kRate:
    case ValueKind::kSeconds:
    case ValueKind::kMilliseconds:
      json.number(static_cast<std::int64_t>(std::stoll(std::string(text))));
      return;
    default:
      json.text(text);
  }
}

}  // namespace

XmlNode block_tree(const SchemaBlock& block, const void* object, std::string_view name) {
  XmlNode node;
  node.name = name;
  const auto standard = block.fresh();
  for (const SchemaElement& row : block.elements) {
    if (!has_value(row)) continue;
    if (row.kind == ValueKind::kBlock) {
      const std::size_t count = row.nest.count(object);
      for (std::size_t i = 0; i < count; ++i) {
        XmlNode child = block_tree(*row.block, row.nest.at(object, i), row.name);
        if (row.nest.many || !child.is_empty()) node.children.push_back(std::move(child));
      }
      continue;
    }
    const std::string value = show_value(row, object);
    if (value.empty() || value == show_value(row, standard.get())) continue;
    std::vector<std::string> values{value};
    const Slot slot = read_slot(row, object);
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) values = **list;
    for (std::string& one : values) {
      if (row.name.empty()) {
        node.text = std::move(one);
      } else if (is_attribute(block, row)) {
        node.attributes.push_back({std::string(row.name), std::move(one)});
      } else {
        node.children.push_back({std::string(row.name), 0, std::move(one)});
      }
    }
  }
  return node;
}

void write_block_members(JsonWriter& json, const SchemaBlock& block, const XmlNode& node,
                         RecordSecrets secrets) {
  if (const SchemaElement* text = text_row(block); text != nullptr && !node.text.empty()) {
    json.key(text_member(block));
    write_scalar(json, *text, node.text);
  }
  for (const SchemaElement& row : block.elements) {
    if (!has_value(row) || row.name.empty()) continue;
    if (row.kind == ValueKind::kBlock) {
      bool begun = false;
      for (const XmlNode& child : node.children) {
        if (child.name != row.name) continue;
        if (!begun) json.key(row.name);
        if (!begun && row.nest.many) json.begin_array();
        begun = true;
        write_block_json(json, *row.block, child, secrets);
      }
      if (begun && row.nest.many) json.end_array();
      continue;
    }
    const auto values = values_of(block, row, node);
    if (values.empty()) continue;
    json.key(row.name);
    if (secrets == RecordSecrets::kHidden && is_secret_value(row, node)) {
      json.boolean(true);
    } else if (row.kind == ValueKind::kList || row.kind == ValueKind::kFiles) {
      json.texts(values);
    } else {
      write_scalar(json, row, values.front());
    }
  }
}

void write_block_json(JsonWriter& json, const SchemaBlock& block, const XmlNode& node,
                      RecordSecrets secrets) {
  const SchemaElement* text = text_row(block);
  if (text != nullptr && !node.text.empty() && node.children.empty() && node.attributes.empty()) {
    write_scalar(json, *text, node.text);
    return;
  }
  json.begin_object();
  write_block_members(json, block, node, secrets);
  json.end_object();
}

}  // namespace lb
