#include "config/schema/schema.h"

#include <algorithm>

namespace lb {
namespace {

bool named(const SchemaElement& row, std::string_view name) {
  if (row.name == name) return true;
  std::string_view rest = row.aliases;
  while (!rest.empty()) {
    const std::size_t space = rest.find(' ');
    if (rest.substr(0, space) == name) return true;
    if (space == std::string_view::npos) break;
    rest.remove_prefix(space + 1);
  }
  return false;
}

}  // namespace

const SchemaElement* find_element(const SchemaBlock& block, std::string_view name, bool attribute) {
  if (name.empty()) return nullptr;
  const SchemaElement* fits = nullptr;
  for (const auto& rows : {block.elements, block.foreign}) {
    for (const SchemaElement& row : rows) {
      if (!named(row, name) || (row.attribute && !attribute)) continue;
      if (row.attribute) return &row;  // an attribute has priority over a child of its name
      if (fits == nullptr) fits = &row;
    }
  }
  return fits;
}

std::string join_path(const std::string& path, const SchemaElement& row) {
  if (row.name.empty() || row.canonical == "..") return path;
  std::string joined = path.empty() ? path : path + "/";
  if (row.canonical.starts_with("../")) {
    joined = path.substr(0, path.rfind('/') + 1);
    return joined.append(row.canonical.substr(3));
  }
  if (row.attribute) joined += '@';
  return joined.append(row.canonical.empty() ? row.name : row.canonical);
}

const SchemaElement* text_row(const SchemaBlock& block) {
  const auto at = std::find_if(block.elements.begin(), block.elements.end(),
                               [](const SchemaElement& row) { return row.name.empty(); });
  return at == block.elements.end() ? nullptr : &*at;
}

}  // namespace lb
