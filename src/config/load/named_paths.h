// Named paths: the directories and files of a configuration, and whether the server writes there.
// A confined process (program/confine.h) can use only these.
//
// Thread: pure function.
#pragma once

#include <string>
#include <vector>

#include "config/settings/config.h"

namespace lb {

struct NamedPath {
  std::string path;
  bool is_written = false;
  bool is_directory = false;  // which the server makes if missing
  friend bool operator==(const NamedPath&, const NamedPath&) = default;
};

// Every path of the schema, and the programs and password files of other rows.
std::vector<NamedPath> named_paths(const Config& config);

// The configured certificates, keys and ciphers: without those of <acme> and ticket secrets.
TlsSettings tls_files(const Config& config);

}  // namespace lb
