#include "config/load/config_xml.h"

#include "base/cat.h"
#include "base/strings.h"
#include "config/load/checks.h"
#include "config/schema/schema.h"
#include "config/schema/value.h"
#include "config/schema/xml_node.h"

namespace lb {
namespace {

class Writer {
 public:
  Writer(const LoadedConfig& loaded, const Config& config) : loaded_(loaded), config_(config) {}

  // A value that differs from `standard` counts as written, because the loader may have set it.
  // Null: only written values count.
  XmlNode block(const SchemaElement& row, const void* object, const void* standard,
                const std::string& path) const {
    XmlNode node;
    node.name = row.block->name.substr(row.block->name.rfind('/') + 1);
    if (path == "mount[default]") node.attributes.push_back({"type", "default"});
    for (const SchemaElement& inner : row.block->elements) {
      if (!has_value(inner)) continue;
      const std::string at = join_path(path, inner);
      if (inner.kind == ValueKind::kBlock) {
        add_blocks(node, inner, object, standard, at);
        continue;
      }
      if (!is_wanted(inner, object, standard, at)) continue;
      auto written = values(inner, object);
      if (!inner.name.empty() && is_attribute(*row.block, inner)) {
        // An attribute occurs once, so the items of a list are separated by spaces.
        if (!written.empty())
          node.attributes.push_back({std::string(inner.name), listed(written, " ")});
        continue;
      }
      for (std::string& value : written) {
        if (inner.name.empty())
          node.text += value;
        else
          node.children.push_back({std::string(inner.name), 0, std::move(value)});
      }
    }
    return node;
  }

 private:
  void add_blocks(XmlNode& parent, const SchemaElement& row, const void* object,
                  const void* standard, const std::string& path) const {
    const auto fresh = row.block->fresh();
    const std::size_t count =
        row.nest.count(object) - (is_header_of_mount(row, path) ? inherited_headers() : 0);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string inner = row.nest.many ? cat({path, "[", i + 1, "]"}) : path;
      const void* at = row.nest.at(object, i);
      if (row.block == &kListenBlock && loaded_.written.count(inner) == 0) continue;  // the default
      if (row.block == &kRelayBlock && !can_connect(*static_cast<const RelaySettings*>(at))) {
        continue;
      }
      if (path == "mount[default]" && !is_written_below(path)) continue;
      const void* like = nullptr;  // null for a mount, which inherits other values
      if (row.nest.many && row.block != &kMountBlock) {
        like = fresh.get();
      } else if (!row.nest.many && standard != nullptr && row.block != &kMountBlock) {
        like = row.nest.at(standard, 0);
      }
      XmlNode node = block(row, at, like, inner);
      if (row.nest.many || !node.is_empty()) parent.children.push_back(std::move(node));
    }
  }

  bool is_written_below(const std::string& path) const {
    const auto at = loaded_.written.lower_bound(path + "/");
    return at != loaded_.written.end() && at->first.starts_with(path + "/");
  }

  // A mount's list of headers ends with those of the default mount.
  static bool is_header_of_mount(const SchemaElement& row, const std::string& path) {
    return row.name == "header" && path.starts_with("mount[") &&
           !path.starts_with("mount[default]");
  }
  std::size_t inherited_headers() const { return config_.default_mount.http_headers.size(); }

  bool is_wanted(const SchemaElement& row, const void* object, const void* standard,
                 const std::string& path) const {
    if (loaded_.written.count(path) != 0) return true;
    if (standard == nullptr || is_derived(row, object, path)) return false;
    // The file has relays-on-demand before all relays, but it applies only to those after it.
    if (path.ends_with("/on-demand") && config_.relays_on_demand) return true;
    return show_value(row, object) != show_value(row, standard);
  }

  // The loader derives these values from others, and will do so again.
  bool is_derived(const SchemaElement& row, const void* object, const std::string& path) const {
    return path == "port" || path == "max-redirect-slaves" ||
           (object == &config_.logging && row.kind == ValueKind::kPath);
  }

  std::vector<std::string> values(const SchemaElement& row, const void* object) const {
    const Slot slot = read_slot(row, object);
    if (auto* const* list = std::get_if<std::vector<std::string>*>(&slot)) return **list;
    std::string value = show_value(row, object);
    if (value.empty()) return {};
    // The loader has made the names of log files absolute.
    const std::string& logdir = config_.paths.logdir;
    if (object == &config_.logging && !logdir.empty() && value.starts_with(logdir + "/")) {
      value.erase(0, logdir.size() + 1);
    }
    return {std::move(value)};
  }

  const LoadedConfig& loaded_;
  const Config& config_;
};

// A comment in XML must not contain two hyphens.
std::string comment_line(std::string_view text) {
  std::string out = "<!-- ";
  for (const char c : text)
    out += c == '-' && out.back() == '-' ? std::string("_") : std::string(1, c);
  return out + " -->\n";
}

}  // namespace

std::string config_xml(const LoadedConfig& loaded, const Config& config, std::string_view comment) {
  SchemaElement root;
  root.kind = ValueKind::kBlock;
  root.block = &kRootBlock;
  root.nest.many = true;
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  if (!comment.empty()) out += comment_line(comment);
  const auto standard = load_config_text("<icecast/>", config.file);
  append_xml(out, Writer(loaded, config).block(root, &config, standard->config.get(), ""), 0);
  return out;
}

}  // namespace lb
