// local_url(): where the server of a configuration answers on this machine, for commands that ask
// it.
// Thread: pure function.
#pragma once

#include <string>

#include "config/settings/config.h"

namespace lb {

// "http://127.0.0.1:8000"; "": no listen-socket speaks plain HTTP on a port of its own.
std::string local_url(const Config& config);

}  // namespace lb
