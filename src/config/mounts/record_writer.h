// Writers of records: a tree of elements as XML or as JSON, by the rows of its block; an object as
// a tree; the rows themselves as a JSON Schema.
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "config/mounts/mount_record.h"
#include "config/schema/schema.h"
#include "config/schema/xml_node.h"

namespace lb {

// The values of an object that differ from a fresh one of its block.
XmlNode block_tree(const SchemaBlock& block, const void* object, std::string_view name);

// The value of the node: an object, or a scalar if the block is mainly a text.
void write_block_json(JsonWriter& json, const SchemaBlock& block, const XmlNode& node,
                      RecordSecrets secrets);
// Only the members of that object.
void write_block_members(JsonWriter& json, const SchemaBlock& block, const XmlNode& node,
                         RecordSecrets secrets);

// {"type": "object", "properties": …}
void write_block_schema(JsonWriter& json, const SchemaBlock& block);
// Only its members "properties" and "additionalProperties".
void write_schema_properties(JsonWriter& json, const SchemaBlock& block);

}  // namespace lb
