// Import: a configuration of Icecast 2.4, 2.5 or Icecast-KH → a clean one of ours, with a report on
// each element: taken, mapped to another name, left out with the reason, dangerous.
//
// Thread: reads and writes files; at start only.
// Ownership: plain values.
// The new file is loaded and compared, so that it has the same meaning for this server as the old
// one.  Passwords of published examples, with which the server refuses to start, are replaced by
// new ones (not with LoadOptions::allow_default_passwords).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "config/load/loader.h"

namespace lb {

struct Import {
  std::string report;  // a line for each element, and a line of totals
  std::string xml;     // "": the input is no configuration
  int status = 0;      // 0: all taken; 2: some left out, or dangerous; 1: no new file
};

// new_password: returns a random password.
Import import_config(const std::string& file, const LoadOptions& options,
                     const std::function<std::string()>& new_password);

// Creates a file that only its owner may read; an existing file is an error and stays unchanged.
Result<void> save_new_file(const std::string& path, const std::string& text);

// 24 random letters and digits.
std::string random_password();

}  // namespace lb
