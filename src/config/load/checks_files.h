// Checks of the files, directories and programs that a configuration names: each is tried as the
// user that the server runs as.
// Thread: a program with one thread (--check-config); it waits for disks.
#pragma once

#include <vector>

#include "config/load/loader.h"
#include "config/schema/diagnostic.h"

namespace lb {

// What is not there, or not to be used.  Nothing is opened or written, so a pipe does not wait.
// A configuration with <chroot> is not tried: its names are meant inside it.
std::vector<Diagnostic> check_files(const LoadedConfig& loaded);

}  // namespace lb
