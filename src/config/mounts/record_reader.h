// RecordReader: JSON or XML of a record → a canonical tree of elements, by the rows of a block.
//
// Canonical: the rows' own names; values as the schema prints them; children in the order of the
// rows; attributes if the schema has them.  So equal settings are equal trees, and Filler reads a
// tree without diagnostics.
// Thread: one; lives for one record.
// Errors: none; an invalid part is left out and becomes a fault.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "config/mounts/mount_record.h"
#include "config/schema/schema.h"
#include "config/schema/xml_node.h"

namespace lb {

// Whether an XML file can hold the text and gives it back unchanged.
bool is_storable(std::string_view text);

class RecordReader {
 public:
  // before: the old tree, see read_mount_record(); may be null.
  RecordReader(SetBy role, const XmlNode* before) : role_(role), before_(before) {}

  // Of the object as a whole.
  struct Members {
    std::span<const std::string_view> others;  // members that are not rows of the block
    std::string_view plural, row;              // a list with this name is the row's
  };
  XmlNode json(const SchemaBlock& block, const Json& from, std::string_view name,
               const std::string& pointer, const Members* members = nullptr);
  XmlNode xml(const SchemaBlock& block, const XmlNode& from, std::string_view name,
              const std::string& pointer);
  void fault(const std::string& pointer, std::string detail, bool denied = false);
  std::vector<RecordFault> take_faults() { return std::move(faults_); }

 private:
  // The row of a member; null: a fault, or ignored.
  const SchemaElement* row_of(const SchemaBlock& block, const SchemaElement* row,
                              std::string_view name, bool by_alias, const std::string& pointer);
  void value(const SchemaBlock& block, const SchemaElement& row, std::string_view text,
             const std::string& pointer, XmlNode& out);
  void member(const SchemaBlock& block, const SchemaElement& row, const Json& from,
              const std::string& pointer, XmlNode& out);
  // The canonical words; nullopt: a fault.  Empty: as if missing.
  std::optional<std::vector<std::string>> words(const SchemaBlock& block, const SchemaElement& row,
                                                std::string_view text, const std::string& pointer);
  std::optional<std::string> scalar(const SchemaElement& row, const Json& from,
                                    const std::string& pointer);
  void settle(const SchemaBlock& block, const std::string& pointer, XmlNode& out);
  void judge_denied(const SchemaBlock& block, const std::string& pointer, XmlNode& out);

  const SetBy role_;
  const XmlNode* const before_;
  int depth_ = 0;
  std::vector<RecordFault> faults_;
};

// "/a~1b": a pointer with one more member.
std::string pointer_below(const std::string& pointer, std::string_view name);

}  // namespace lb
