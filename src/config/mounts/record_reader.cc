#include "config/mounts/record_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/cat.h"
#include "base/strings.h"
#include "config/load/filler.h"
#include "config/schema/diagnostic.h"
#include "config/schema/value.h"

namespace lb {
namespace {

constexpr std::size_t kMaxFaults = 50;
constexpr std::size_t kLongestValue = 4096;

bool is_numeric(ValueKind kind) {
  switch (kind) {
    case ValueKind::kNumber:
    case ValueKind::kBytes:
    case ValueKind::kRate:
    case ValueKind::kSeconds:
    case ValueKind::kMilliseconds:
      return true;
    default:
      return false;
  }
}

std::string integer(double number) {
  return std::to_string(static_cast<std::int64_t>(std::llround(number)));
}

// The place of an attribute or a child, which are sorted by their rows.
std::size_t position_of(const SchemaBlock& block, std::string_view name, bool attribute) {
  for (std::size_t i = 0; i < block.elements.size(); ++i) {
    const SchemaElement& row = block.elements[i];
    if (row.name == name && !row.secondary && is_attribute(block, row) == attribute) return i;
  }
  return block.elements.size();
}

void sort_by_rows(const SchemaBlock& block, XmlNode& node) {
  const auto before = [&block](bool attribute) {
    return [&block, attribute](const auto& a, const auto& b) {
      return position_of(block, a.name, attribute) < position_of(block, b.name, attribute);
    };
  };
  std::stable_sort(node.attributes.begin(), node.attributes.end(), before(true));
  std::stable_sort(node.children.begin(), node.children.end(), before(false));
}

std::vector<const XmlNode*> children_of(const XmlNode& node, std::string_view name) {
  std::vector<const XmlNode*> found;
  for (const XmlNode& child : node.children)
    if (child.name == name) found.push_back(&child);
  return found;
}

bool same_children(const XmlNode& a, const XmlNode& b, std::string_view name) {
  const auto left = children_of(a, name), right = children_of(b, name);
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const XmlNode* x, const XmlNode* y) { return *x == *y; });
}

std::string_view attribute_text(const XmlNode& node, std::string_view name) {
  for (const XmlAttribute& attribute : node.attributes)
    if (attribute.name == name) return attribute.value;
  return {};
}

}  // namespace

std::string pointer_below(const std::string& pointer, std::string_view name) {
  std::string out = pointer + "/";
  for (const char c : name) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

bool is_storable(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    if (text.substr(i).starts_with("\xef\xbf\xbe") || text.substr(i).starts_with("\xef\xbf\xbf"))
      return false;
  }
  return true;
}

void RecordReader::fault(const std::string& pointer, std::string detail, bool denied) {
  if (faults_.size() < kMaxFaults) faults_.push_back({pointer, std::move(detail), denied});
}

const SchemaElement* RecordReader::row_of(const SchemaBlock& block, const SchemaElement* row,
                                          std::string_view name, bool by_alias,
                                          const std::string& pointer) {
  if (row == nullptr) {
    fault(pointer, cat({quoted(name), " is not known", meant_by(block, name, false)}));
    return nullptr;
  }
  if (row->support == SchemaSupport::kUnsupported) {
    fault(pointer, cat({"has no effect here: ", row->note}));
    return nullptr;
  }
  if (row->set_by > SetBy::kAdmin && role_ < row->set_by && row->slot == nullptr &&
      row->block == nullptr) {
    fault(pointer, "only the configuration file may have it", true);
    return nullptr;
  }
  if (row->name != name && !by_alias) {
    fault(pointer, cat({"is another spelling of ", row->name, "; write that"}));
    return nullptr;
  }
  if (row->canonical == "..") return row;
  if (!has_value(*row)) {
    fault(pointer,
          row->canonical.empty()
              ? std::string("only the configuration file may have it")
              : cat({"is another way to write ", row->canonical, "; write that"}),
          row->canonical.empty());
    return nullptr;
  }
  return row;
}

std::optional<std::vector<std::string>> RecordReader::words(const SchemaBlock& block,
                                                            const SchemaElement& row,
                                                            std::string_view text,
                                                            const std::string& pointer) {
  if (text.size() > kLongestValue) {
    fault(pointer, cat({"has ", text.size(), " bytes (limit ", kLongestValue, ")"}));
    return std::nullopt;
  }
  if (!is_storable(row.kind == ValueKind::kSecret ? text : trim(text))) {
    fault(pointer, "has control characters");
    return std::nullopt;
  }
  const auto object = block.fresh();
  const ValueReport report = store_value(row, object.get(), text);
  if (!report.problem.empty()) {
    fault(pointer, report.problem);
    return std::nullopt;
  }
  std::vector<std::string> out;
  if (!report.stored) return out;
  const Slot slot = read_slot(row, object.get());
  if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) return **list;
  out.push_back(show_value(row, object.get()));
  return out;
}

void RecordReader::value(const SchemaBlock& block, const SchemaElement& row, std::string_view text,
                         const std::string& pointer, XmlNode& out) {
  const auto found = words(block, row, text, pointer);
  if (!found) return;
  for (const std::string& word : *found) {
    if (row.name.empty() || row.canonical == "..") {
      out.text = word;
    } else if (is_attribute(block, row)) {
      out.attributes.push_back({std::string(row.name), word});
    } else {
      XmlNode& child = out.children.emplace_back();
      child.name = row.name;
      child.text = word;
    }
  }
}

std::optional<std::string> RecordReader::scalar(const SchemaElement& row, const Json& from,
                                                const std::string& pointer) {
  if (const auto text = from.text()) {
    if (trim(*text).empty() && row.kind != ValueKind::kSecret) return std::string();
    return std::string(*text);
  }
  const bool loose = row.kind == ValueKind::kBool || row.kind == ValueKind::kChoice;
  if (const auto yes = from.boolean(); yes && loose) return std::string(*yes ? "1" : "0");
  if (is_numeric(row.kind) || loose) {
    if (const auto whole = from.u64()) return std::to_string(*whole);
    if (const auto number = from.number();
        number && std::abs(*number) < 9e15 && *number == std::floor(*number))
      return integer(*number);
  }
  if (row.kind == ValueKind::kFraction) {
    if (const auto number = from.number(); number && *number >= 0 && *number < 1e9) {
      char digits[64];
      const auto end =
          std::to_chars(digits, digits + sizeof digits, *number, std::chars_format::fixed);
      return std::string(digits, end.ptr);
    }
  }
  fault(pointer, "is not " + describe_type(row));
  return std::nullopt;
}

void RecordReader::member(const SchemaBlock& block, const SchemaElement& row, const Json& from,
                          const std::string& pointer, XmlNode& out) {
  if (row.kind == ValueKind::kBlock) {
    if (!row.nest.many) {
      out.children.push_back(json(*row.block, from, row.name, pointer));
      return;
    }
    if (from.is_object()) {  // a single object
      out.children.push_back(json(*row.block, from, row.name, pointer));
      return;
    }
    if (!from.is_array()) {
      fault(pointer, "is not a list");
      return;
    }
    for (std::size_t i = 0; i < from.size(); ++i)
      out.children.push_back(json(*row.block, from.at(i), row.name, cat({pointer, "/", i})));
    return;
  }
  if (from.is_array() && (row.kind == ValueKind::kList || row.kind == ValueKind::kFiles)) {
    for (std::size_t i = 0; i < from.size(); ++i) {
      const std::string inner = cat({pointer, "/", i});
      if (const auto text = scalar(row, from.at(i), inner)) value(block, row, *text, inner, out);
    }
    return;
  }
  if (const auto text = scalar(row, from, pointer)) value(block, row, *text, pointer, out);
}

XmlNode RecordReader::json(const SchemaBlock& block, const Json& from, std::string_view name,
                           const std::string& pointer, const Members* members) {
  XmlNode out;
  out.name = name;
  if (!from.is_object()) {
    const SchemaElement* text = text_row(block);
    if (text != nullptr && !from.is_array())
      member(block, *text, from, pointer, out);
    else
      fault(pointer, "is not an object");
    return out;
  }
  ++depth_;
  for (std::string_view key : from.names()) {
    if (faults_.size() == kMaxFaults) break;
    const Json given = from.at(key);
    const std::string inner = pointer_below(pointer, key);
    if (members != nullptr) {
      if (std::find(members->others.begin(), members->others.end(), key) != members->others.end())
        continue;
      if (key == members->plural) key = members->row;
    }
    const SchemaElement* found = find_element(block, key, false);
    if (found == nullptr) found = find_element(block, key, true);
    const SchemaElement* row = row_of(block, found, key, false, inner);
    if (row != nullptr && !given.is_null()) member(block, *row, given, inner, out);
  }
  --depth_;
  settle(block, pointer, out);
  return out;
}

XmlNode RecordReader::xml(const SchemaBlock& block, const XmlNode& from, std::string_view name,
                          const std::string& pointer) {
  XmlNode out;
  out.name = name;
  ++depth_;
  const auto take = [&](const SchemaElement& row, const XmlNode& node, const std::string& inner) {
    if (row.kind == ValueKind::kBlock)
      out.children.push_back(xml(*row.block, node, row.name, inner));
    else if (!node.children.empty())
      fault(inner, "is a value, and has the element " + quoted(node.children.front().name));
    else if (!node.attributes.empty())
      fault(inner, "is a value, and has the attribute " + quoted(node.attributes.front().name));
    else
      value(block, row, node.text, inner, out);
  };
  if (const SchemaElement* text = text_row(block); text != nullptr && !trim(from.text).empty())
    value(block, *text, from.text, pointer, out);
  else if (!trim(from.text).empty())
    fault(pointer, cat({"the text ", quoted(trim(from.text)), " is between elements"}));
  for (const XmlAttribute& attribute : from.attributes) {
    const std::string inner = pointer_below(pointer, attribute.name);
    const SchemaElement* row =
        row_of(block, find_element(block, attribute.name, true), attribute.name, true, inner);
    XmlNode node;
    node.text = attribute.value;
    if (row != nullptr) take(*row, node, inner);
  }
  for (const XmlNode& child : from.children) {
    const std::string inner = pointer_below(pointer, child.name);
    const SchemaElement* row =
        row_of(block, find_element(block, child.name, false), child.name, true, inner);
    if (row != nullptr) take(*row, child, inner);
  }
  --depth_;
  settle(block, pointer, out);
  return out;
}

void RecordReader::settle(const SchemaBlock& block, const std::string& pointer, XmlNode& out) {
  sort_by_rows(block, out);
  for (std::size_t i = 1; i < out.attributes.size(); ++i)
    if (out.attributes[i].name == out.attributes[i - 1].name)
      fault(pointer_below(pointer, out.attributes[i].name), "is written twice");
  for (std::size_t i = 1; i < out.children.size(); ++i) {
    const SchemaElement* row = find_element(block, out.children[i].name, false);
    if (out.children[i].name != out.children[i - 1].name || row == nullptr) continue;
    if (!row->nest.many && row->kind != ValueKind::kList && row->kind != ValueKind::kFiles)
      fault(pointer_below(pointer, out.children[i].name), "is written twice");
  }
  judge_denied(block, pointer, out);
}

// Restores the values that the role may not set.  Within a block that the role may set they have no
// former value.
void RecordReader::judge_denied(const SchemaBlock& block, const std::string& pointer,
                                XmlNode& out) {
  static const XmlNode kNothing{};
  const XmlNode& was = before_ != nullptr && depth_ == 0 ? *before_ : kNothing;
  for (const SchemaElement& row : block.elements) {
    if (!has_value(row) || row.set_by <= role_) continue;
    const std::string inner = pointer_below(pointer, row.name);
    constexpr std::string_view kWords[] = {"", "the owner", "an administrator",
                                           "the external configuration", "the configuration file"};
    const std::string who(kWords[static_cast<std::size_t>(row.set_by)]);
    if (is_attribute(block, row)) {
      const std::string_view now = attribute_text(out, row.name),
                             old = attribute_text(was, row.name);
      if (now.empty() || now == old) {
        std::erase_if(out.attributes, [&](const auto& one) { return one.name == row.name; });
        if (!old.empty()) out.attributes.push_back({std::string(row.name), std::string(old)});
        continue;
      }
    } else if (row.name.empty()) {
      if (out.text.empty()) continue;
    } else if (const auto now = children_of(out, row.name);
               now.empty() || same_children(out, was, row.name)) {
      if (!now.empty()) continue;
      for (const XmlNode* kept : children_of(was, row.name)) out.children.push_back(*kept);
      continue;
    }
    fault(inner, cat({"only ", who, " may set it"}), true);
  }
  sort_by_rows(block, out);
}

}  // namespace lb
