// Named paths: the directories and files that a configuration names, and whether the server writes
// there.  A process that is confined (program/confine.h) reaches these and no others.
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
  bool is_directory = false;  // which the server makes where it is not there
  friend bool operator==(const NamedPath&, const NamedPath&) = default;
};

// Every row of the schema that is a path, and the programs and files of passwords that other rows
// name.
std::vector<NamedPath> named_paths(const Config& config);

// The certificates, keys and ciphers that it names: not what <acme> orders, nor secrets of tickets.
TlsSettings tls_files(const Config& config);

}  // namespace lb
