// The output of --check-config about a file.
// Thread: a program with one thread: reads the file, and tries the files that it names.
#pragma once

#include <cstdint>
#include <string>

#include "config/load/loader.h"

namespace lb {

struct CheckReport {
  std::string text;  // a line for each diagnostic and each missing feature; a summary
  bool valid = false;
};

// kElsewhere: the configuration is for another machine, so its files are not tried.
enum class FilesOf : std::uint8_t { kHere, kElsewhere };

CheckReport check_report(const std::string& file, const LoadOptions& options,
                         FilesOf files = FilesOf::kHere);

}  // namespace lb
