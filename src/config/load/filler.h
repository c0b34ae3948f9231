// Filler: stores XML elements as the schema says, and reports errors.  It knows rows and blocks, no
// single element: the loader has the special cases.
//
// Thread: one; lives for one load.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/schema/diagnostic.h"
#include "config/schema/schema.h"
#include "config/schema/xml_node.h"
#include "config/settings/config.h"

namespace lb {

// A suggestion for a name that the block does not know: "; did you mean genre?", "; it belongs in
// <limits>", or "".
std::string meant_by(const SchemaBlock& block, std::string_view name, bool attribute);

class Filler {
 public:
  // Fills `object` of `block` from `node`.  path: "" at the root, else "limits", "mount[2]".
  void fill(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);

  void report(int line, Severity severity, std::string text, Concern concern = Concern::kGeneral);
  // The loader has made the value of `stored` from another element.
  void mapped(int line, std::string written, const std::string& stored);
  // The same, with another report about it.
  void wrote(int line, const std::string& stored) { written_.try_emplace(stored, line); }
  // An element without effect here.
  void left_out(int line, std::string_view name, std::string_view why);

  // <mount> elements of the root, which the loader fills after the limits and the default mount.
  const std::vector<const XmlNode*>& mounts() const { return mounts_; }
  // Elements of other servers for the loader, since the last call.
  struct Aside {
    const XmlNode* node;
    std::string path;  // of the element itself
  };
  std::vector<Aside> take_asides() { return std::exchange(asides_, {}); }
  int line_of(const std::string& path) const;  // 0: not written

  std::vector<Diagnostic> take_diagnostics();
  std::map<std::string, int> take_written() { return std::move(written_); }
  std::vector<Reading> take_readings();

 private:
  void attributes(const SchemaBlock& block, void* object, const XmlNode& node,
                  const std::string& path);
  void text(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);
  void child(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);
  void nested(const SchemaElement& row, void* object, const XmlNode& node, const std::string& path);
  // A value of the file: name and written may be an alias and its path.
  struct Value {
    std::string_view name;
    std::string_view value;
    int line;
    std::string written;
  };
  void leaf(const SchemaElement& row, void* object, const Value& value, const std::string& path);
  void named(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);
  void unknown(const SchemaBlock& block, std::string_view name, int line, bool attribute);

  std::vector<Diagnostic> diagnostics_;
  std::map<std::string, int> written_;
  std::vector<const XmlNode*> mounts_;
  std::vector<Aside> asides_;
  std::vector<Reading> readings_;
  bool for_25_ = false;  // it has elements of Icecast 2.5
  std::vector<Diagnostic> hints_for_24_;
};

}  // namespace lb
