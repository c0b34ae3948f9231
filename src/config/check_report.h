// What --check-config prints about a file.
// Thread: reads a file; at start only.
#pragma once

#include <string>

#include "config/loader.h"

namespace lb {

struct CheckReport {
  std::string text;  // a line for each diagnostic and each feature that is not there yet; a summary
  bool valid = false;
};

CheckReport check_report(const std::string& file, const LoadOptions& options);

}  // namespace lb
