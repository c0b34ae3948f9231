// The public /status-json.xsl, native.  Shapes as Icecast 2.4.4's stylesheet makes
// them: no source → no key, one → object, several → array; keys that were never public
// stay hidden; "dummy":null where the last child of an object is a hidden one.
// Different on purpose (doc/decisions.md B4): the type of a value follows its key, not its form,
// and the document is valid JSON for any bytes.
// Thread: pure function.
#pragma once

#include <optional>
#include <string>

#include "admin/page/stats_tree.h"

namespace lb {

struct StatusJsonOptions {
  std::optional<std::string> mount;  // ?mount=
  bool always_array = false;         // ?array=1: "source" is an array, even an empty one
};
std::string status_json(const StatsDocument& document, const StatusJsonOptions& options);

}  // namespace lb
