// Bytes as a file that has no name and lives as long as its descriptors: for another process, or
// for a library that reads files.
// Thread: any.
#pragma once

#include <sys/mman.h>

#include <string_view>

#include "base/file.h"
#include "base/unique_fd.h"

namespace lb {

// name: for /proc.  Empty: there is no memory for it.
inline UniqueFd memory_file(const char* name, std::string_view bytes) {
  UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
  if (!file || !write_all(file.get(), bytes)) return {};
  return file;
}

}  // namespace lb
