// Filler: puts one XML element after the other where the schema says, and notes what is odd.
// It knows rows and blocks, no single element: special cases are the loader's.
//
// Thread: one; lives for one load.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/diagnostic.h"
#include "config/schema.h"
#include "config/xml_node.h"

namespace lb {

class Filler {
 public:
  // Fills `object` of `block` from `node`.  path: "" at the root, else "limits", "mount[2]".
  void fill(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);

  void say(int line, Severity severity, std::string text);
  void pending(int line, const std::string& path, std::string_view text);

  // <mount> elements of the root are set aside: they need the limits and the default mount first.
  const std::vector<const XmlNode*>& mounts() const { return mounts_; }
  int line_of(const std::string& path) const;  // 0: not written

  std::vector<Diagnostic> take_diagnostics();
  std::vector<PendingFeature> take_pending() { return std::move(pending_); }
  std::map<std::string, int> take_written() { return std::move(written_); }

 private:
  void attributes(const SchemaBlock& block, void* object, const XmlNode& node,
                  const std::string& path);
  void text(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);
  void child(const SchemaBlock& block, void* object, const XmlNode& node, const std::string& path);
  void nested(const SchemaElement& row, void* object, const XmlNode& node, const std::string& path);
  // name: as the file writes it, which may be an alias.
  void leaf(const SchemaElement& row, void* object, std::string_view name, std::string_view value,
            int line, const std::string& path);
  void unknown(const SchemaBlock& block, std::string_view name, int line, bool attribute);

  std::vector<Diagnostic> diagnostics_;
  std::vector<PendingFeature> pending_;
  std::map<std::string, int> written_;
  std::vector<const XmlNode*> mounts_;
};

}  // namespace lb
