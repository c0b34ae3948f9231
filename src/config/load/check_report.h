// What --check-config prints about a file.
// Thread: a program with one thread: reads the file, and tries those that it names.
#pragma once

#include <cstdint>
#include <string>

#include "config/load/loader.h"

namespace lb {

struct CheckReport {
  std::string text;  // a line for each diagnostic and each feature that is not there yet; a summary
  bool valid = false;
};

// kElsewhere: the configuration is for another machine, so what it names is not tried.
enum class FilesOf : std::uint8_t { kHere, kElsewhere };

CheckReport check_report(const std::string& file, const LoadOptions& options,
                         FilesOf files = FilesOf::kHere);

}  // namespace lb
