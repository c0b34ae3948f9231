// Import: another configuration (Icecast 2.4, 2.5, Icecast-KH) → a clean one of ours, and a report
// about every line of it: taken, mapped to another name, left out with the reason, dangerous.
//
// Thread: reads and writes files; at start only.
// Ownership: plain values.
// The new file means what the old one means to this server: it is read again and compared before it
// is handed out.  Passwords from examples, with which the server would not start, are replaced by
// new ones (not with LoadOptions::allow_default_passwords).
#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "config/load/loader.h"

namespace lb {

struct Import {
  std::string report;  // a line for every element, then a line that counts
  std::string xml;     // "" where there is no configuration to be had
  int status = 0;      // 0: everything is in it; 2: something is not, or is dangerous; 1: of no use
};

// new_password: makes a random password.
Import import_config(const std::string& file, const LoadOptions& options,
                     const std::function<std::string()>& new_password);

// Creates a file that only its owner may read.  A file that is there already is left alone, and an
// error.
Result<void> save_new_file(const std::string& path, const std::string& text);

// 24 letters and digits of the system's randomness.
std::string random_password();

}  // namespace lb
