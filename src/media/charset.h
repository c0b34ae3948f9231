// Charsets: what only this floor needs beside the functions of metadata.h.
// ISO-8859-1 and UTF-8 are done by hand, because a chroot has none of iconv's files.
// Thread: pure functions.
// Errors: an unknown name is reported as unknown.
#pragma once

#include <string_view>

namespace lb {

bool is_utf8_charset(std::string_view name) noexcept;
// ISO-8859-1, UTF-8, or a name that iconv(3) converts both ways.
bool is_known_charset(std::string_view name);

}  // namespace lb
