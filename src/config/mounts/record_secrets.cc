#include "config/mounts/record_secrets.h"

#include <utility>

#include "base/cat.h"
#include "base/strings.h"
#include "config/mounts/record_writer.h"

namespace lb {
namespace {

constexpr std::string_view kRelayChild = "relay";

// http://user:password@backend/…
bool has_login(std::string_view address) {
  const std::size_t scheme = address.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view host = address.substr(scheme + 3);
  return host.substr(0, host.find('/')).find('@') != std::string_view::npos;
}

std::string_view option_name(const XmlNode& node) {
  for (const XmlAttribute& attribute : node.attributes)
    if (attribute.name == "name") return attribute.value;
  return {};
}

class SecretSearch {
 public:
  void block(const SchemaBlock& rows, XmlNode& node, const std::string& pointer,
             const std::string& place) {
    for (const SchemaElement& row : rows.elements) {
      if (row.name.empty() || !has_value(row)) continue;
      if (row.kind == ValueKind::kBlock)
        children(row, node, cat({pointer, "/", row.name}), cat({place, "/", row.name}));
      else if (is_secret_value(row, node))
        values(row, node, pointer, place);
    }
  }
  std::vector<RecordSecret> take() { return std::move(found_); }

 private:
  void children(const SchemaElement& row, XmlNode& node, const std::string& pointer,
                const std::string& place) {
    std::size_t number = 0;
    for (XmlNode& child : node.children)
      if (child.name == row.name)
        block(*row.block, child, row.nest.many ? cat({pointer, "/", number++}) : pointer, place);
  }
  void values(const SchemaElement& row, XmlNode& node, const std::string& pointer,
              const std::string& place) {
    const std::string_view name =
        row.kind == ValueKind::kOptionValue ? option_name(node) : std::string_view(row.name);
    const auto add = [&](std::string& value) {
      if (!value.empty())
        found_.push_back({cat({pointer, "/", row.name}), cat({place, "/", name}), &value});
    };
    for (XmlAttribute& attribute : node.attributes)
      if (attribute.name == row.name) add(attribute.value);
    for (XmlNode& child : node.children)
      if (child.name == row.name) add(child.text);
  }

  std::vector<RecordSecret> found_;
};

// Indentation between elements is no part of a record.
void drop_indents(XmlNode& node) {
  if (!node.children.empty() && trim(node.text).empty()) node.text.clear();
  for (XmlNode& child : node.children) drop_indents(child);
}

std::vector<RecordSecret> all_secrets_of(XmlNode& root) {
  auto secrets = secrets_of(root);
  for (XmlNode& child : root.children)
    if (child.name == kRelayChild)
      for (RecordSecret& secret : relay_secrets_of(child)) secrets.push_back(std::move(secret));
  return secrets;
}

std::string about(std::string_view key, const RecordSecret& secret) {
  return cat({key, ' ', secret.place});
}

std::string xml_of(XmlNode& root) {
  drop_indents(root);
  std::string out;
  append_xml(out, root, 0);
  return out;
}

}  // namespace

bool is_secret_value(const SchemaElement& row, const XmlNode& node) {
  if (row.kind == ValueKind::kSecret) return true;
  if (row.kind != ValueKind::kOptionValue) return false;
  if (option_name(node).find("password") != std::string_view::npos) return true;
  for (const XmlAttribute& attribute : node.attributes)
    if (attribute.name == row.name &&
        (has_login(attribute.value) || SealKeys::is_sealed(attribute.value)))
      return true;
  return false;
}

std::vector<RecordSecret> secrets_of(XmlNode& settings) {
  SecretSearch search;
  search.block(kMountBlock, settings, "/settings", "");
  return search.take();
}

std::vector<RecordSecret> relay_secrets_of(XmlNode& relay) {
  SecretSearch search;
  search.block(kRelayBlock, relay, "/relay", "/relay");
  return search.take();
}

Result<std::string> seal_record(const SealKeys& keys, std::string_view key, std::string_view xml) {
  auto root = parse_xml(xml);
  if (!root) return root.error();
  bool changed = false;
  for (const RecordSecret& secret : all_secrets_of(*root)) {
    if (SealKeys::is_sealed(*secret.value)) continue;
    if (!keys.can_seal())
      return Error::denied(cat(
          {key, ": ", secret.pointer, " would be kept in the clear, because <store> has no key"}));
    *secret.value = keys.seal(*secret.value, about(key, secret));
    changed = true;
  }
  return changed ? xml_of(*root) : std::string(xml);
}

OpenedRecord open_record(const SealKeys& keys, std::string_view key, std::string_view xml) {
  OpenedRecord record;
  auto root = parse_xml(xml);
  if (root) {
    for (const RecordSecret& secret : all_secrets_of(*root)) {
      if (!SealKeys::is_sealed(*secret.value)) {
        ++record.in_clear;
        continue;
      }
      const auto opened = keys.open(*secret.value, about(key, secret));
      if (!opened) {
        ++record.closed;
        continue;
      }
      ++record.opened;
      if (!opened->newest) ++record.old_key;
      *secret.value = opened->text;
    }
  }
  record.xml = record.opened > 0 ? xml_of(*root) : std::string(xml);
  return record;
}

}  // namespace lb
