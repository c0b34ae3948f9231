#include "base/object_kinds.h"

#include "base/cat.h"

namespace lb {

SchemaText& SchemaText::type(std::string_view word) {
  return raw(null ? cat({R"("type":[")", word, R"(","null"])"}) : cat({R"("type":")", word, '"'}));
}

SchemaText& SchemaText::reference(std::string_view schema) {
  return raw(cat({R"("$ref":"#/components/schemas/)", schema, '"'}));
}

SchemaText& SchemaText::raw(std::string_view members) {
  if (!out.empty() && !members.empty()) out += ',';
  out += members;
  return *this;
}

SchemaText& SchemaText::bound(std::string_view name, std::uint64_t number) {
  if ((form & Form::kBody) != 0) raw(cat({'"', name, "\":", number}));
  return *this;
}

void ObjectSchema::add_row(std::string_view name, void (*schema)(SchemaText&), bool null,
                           bool needed, std::string_view help) {
  std::string members;
  SchemaText text{members, form_, null, *this};
  if (schema != nullptr) schema(text);
  if (name.empty()) return;
  if (!help.empty()) append_json_text(text.raw("\"description\":").out, help);
  const auto append = [](std::string& list, std::string_view item) {
    if (!list.empty()) list += ',';
    append_json_text(list, item);
  };
  append(properties_, name);
  properties_.append(":{").append(members).append("}");
  if (needed) append(needed_, name);
}

std::string ObjectSchema::members(bool is_open) const {
  return cat({needed_.empty() ? std::string() : cat({"\"required\":[", needed_, "],"}),
              is_open ? "" : "\"additionalProperties\":false,", "\"properties\":{", properties_,
              '}'});
}

std::string ObjectSchema::text(bool is_open) const {
  return cat({R"({"type":"object",)", members(is_open), '}'});
}

}  // namespace lb
