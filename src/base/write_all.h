// write(2) until all of a text is written, over interruptions and short writes.
// Thread: it waits for the disk: on a thread that may.
// Errors: false, with the reason in errno.
#pragma once

#include <string_view>

namespace lb {

bool write_all(int fd, std::string_view text);

}  // namespace lb
