// A file that the server alone may read (0600), replaced in one step and durable when the call
// returns.
// Thread: it waits for the disk: on a thread that may.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace lb {

Result<void> replace_private_file(const std::string& path, std::string_view text);

}  // namespace lb
