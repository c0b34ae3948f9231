// The rows as JSON Schema (draft 2020-12), for doc/, the description of the API, and backends that
// print external configurations.

#include "base/strings.h"
#include "config/mounts/record_writer.h"
#include "config/print/reference.h"

namespace lb {
namespace {

std::string_view set_by_text(SetBy set_by) {
  return word_of<SetBy::kFile>(set_by, {"file", "owner", "admin", "external", "file"});
}

// A number, or a text with a unit: 5s, 64k.
std::string_view unit_pattern(ValueKind kind) {
  switch (kind) {
    case ValueKind::kBytes:
    case ValueKind::kRate:
      return "^-?[0-9]+[kmgKMG]?$";
    case ValueKind::kSeconds:
      return "^-?[0-9]+[smhdSMHD]?$";
    case ValueKind::kMilliseconds:
      return "^[0-9]+(ms|s)?$";
    default:
      return {};
  }
}

void range(JsonWriter& json, const SchemaElement& row) {
  json.key("minimum").number(row.min).key("maximum").number(row.max);
}

void value_type(JsonWriter& json, const SchemaElement& row) {
  switch (row.kind) {
    case ValueKind::kBool:
      json.key("type").text("boolean");
      return;
    case ValueKind::kNumber:
      json.key("type").text("integer");
      range(json, row);
      return;
    case ValueKind::kBytes:
    case ValueKind::kRate:
    case ValueKind::kSeconds:
    case ValueKind::kMilliseconds:
      json.key("type").begin_array().text("integer").text("string").end_array();
      range(json, row);
      json.key("pattern").text(unit_pattern(row.kind));
      return;
    case ValueKind::kFraction:
      json.key("type").text("number");
      json.key("minimum").number(static_cast<double>(row.min) / 10'000);
      json.key("maximum").number(static_cast<double>(row.max) / 10'000);
      return;
    case ValueKind::kChoice:
      json.key("type").text("string").key("enum").begin_array();
      for (const SchemaChoice& choice : row.choices) json.text(choice.text);
      json.end_array();
      return;
    case ValueKind::kList:
    case ValueKind::kFiles:
      json.key("type").text("array");
      json.key("items").begin_object().key("type").text("string").end_object();
      return;
    case ValueKind::kSecret:
    case ValueKind::kOptionValue:  // true: there is a value, which is hidden
      json.key("type").begin_array().text("string").text("boolean").end_array();
      return;
    default:
      json.key("type").text("string");
  }
}

void words(JsonWriter& json, const SchemaElement& row) {
  const std::string help = help_text(row);
  if (!help.empty()) json.key("description").text(help);
  json.key("x-set-by").text(set_by_text(row.set_by));
  if (row.set_by == SetBy::kFile) json.key("readOnly").boolean(true);
}

void member_schema(JsonWriter& json, const SchemaElement& row) {
  if (row.kind != ValueKind::kBlock) {
    json.begin_object();
    value_type(json, row);
    words(json, row);
    json.end_object();
    return;
  }
  json.begin_object();
  words(json, row);
  if (row.nest.many) {
    json.key("type").text("array").key("items");
    write_block_schema(json, *row.block);
  } else if (const SchemaElement* text = text_row(*row.block)) {
    json.key("anyOf").begin_array();
    json.begin_object();
    value_type(json, *text);
    if (!text->help.empty()) json.key("description").text(text->help);
    json.end_object();
    write_block_schema(json, *row.block);
    json.end_array();
  } else {
    json.key("type").text("object");
    write_schema_properties(json, *row.block);
  }
  json.end_object();
}

}  // namespace

void write_schema_properties(JsonWriter& json, const SchemaBlock& block) {
  json.key("properties").begin_object();
  for (const SchemaElement& row : block.elements) {
    if (row.name.empty() || (!has_value(row) && row.canonical != "..")) continue;
    if (&block == &kMountBlock && row.name == kMountBlock.key) continue;
    json.key(row.name);
    member_schema(json, row);
  }
  json.end_object();
  json.key("additionalProperties").boolean(false);
}

void write_block_schema(JsonWriter& json, const SchemaBlock& block) {
  json.begin_object().key("type").text("object");
  write_schema_properties(json, block);
  json.end_object();
}

std::string mount_record_schema() {
  JsonWriter json;
  json.begin_object();
  json.key("$schema").text("https://json-schema.org/draft/2020-12/schema");
  json.key("title").text("A mount of icecast-lb that is not in its configuration file");
  json.key("type").text("object");
  json.key("required").begin_array().text("mount").end_array();
  json.key("properties").begin_object();
  json.key("mount").begin_object().key("type").text("string");
  json.key("pattern").text("^/[^*?\\[\\\\]+$").key("maxLength").number(255u);
  json.key("description").text("Its name, without patterns.").end_object();
  json.key("settings");
  write_block_schema(json, kMountBlock);
  for (const SchemaElement& row : kRecordBlock.elements) {
    json.key(row.name == "source" ? "sources" : row.name);
    member_schema(json, row);
  }
  json.key("relay").begin_object();
  json.key("description").text(kRelayBlock.help);
  json.key("x-set-by").text(set_by_text(SetBy::kAdmin));
  json.key("type").text("object");
  write_schema_properties(json, kRelayBlock);
  json.end_object();
  json.key("source").begin_object();
  json.key("description").text("The same as a list of one source.");
  json.key("$ref").text("#/properties/sources/items").end_object();
  json.end_object();
  json.key("additionalProperties").boolean(true);
  json.end_object();
  return json.take() + "\n";
}

}  // namespace lb
