#include "base/cat.h"
#include "config/print/printer.h"
#include "config/schema/schema.h"
#include "config/schema/value.h"

namespace lb {
namespace {

class Dump {
 public:
  explicit Dump(const LoadedConfig& loaded) : loaded_(loaded) {}

  void block(const SchemaBlock& block, const void* object, const std::string& path) {
    const auto defaults = block.fresh();
    for (const SchemaElement& row : block.elements) {
      if (!has_value(row)) continue;
      if (path == "mount[default]" && row.name == block.key) continue;  // it has no name
      const std::string inner = join_path(path, row);
      if (row.kind != ValueKind::kBlock) {
        leaf(row, object, defaults.get(), inner);
        continue;
      }
      const std::size_t count = row.nest.count(object);
      for (std::size_t i = 0; i < count; ++i) {
        const std::string number = row.nest.many ? cat({"[", i + 1, "]"}) : "";
        this->block(*row.block, row.nest.at(object, i), inner + number);
      }
    }
  }

  std::string take() { return std::move(out_); }

 private:
  void leaf(const SchemaElement& row, const void* object, const void* defaults,
            const std::string& path) {
    const std::string value = show_masked(row, object);
    out_ += cat({path, " = ", value.empty() ? "(not set)" : escaped(value)});
    if (!value.empty() && loaded_.written.count(path) == 0) {
      const bool standard = show_value(row, object) == show_value(row, defaults);
      if (!standard && path.starts_with("mount[")) {
        out_ += " (inherited)";
      } else if (standard || !row.standard.empty()) {
        out_ += " (default)";
      }
    }
    out_ += '\n';
  }

  const LoadedConfig& loaded_;
  std::string out_;
};

}  // namespace

std::string dump_config(const LoadedConfig& loaded) {
  Dump dump(loaded);
  dump.block(kRootBlock, loaded.config.get(), "");
  return cat({"# icecast-lb " LB_VERSION ": the effective configuration of ",
              escaped(loaded.config->file), "\n", dump.take()});
}

}  // namespace lb
