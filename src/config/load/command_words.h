// Splits a command of the configuration into words as a shell does.  It has no other part of a
// shell: no variables, no patterns, no redirection, no second command.
//
// Blanks separate words. '…' is literal; in "…" a backslash quotes " and \; outside of both it
// quotes any character.
// Thread: any.
// Errors: a quote without its end; a backslash at the end; no word at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

Result<std::vector<std::string>> command_words(std::string_view command);

// The program of an <on-connect> or <on-disconnect>, and the arguments that take the place of the
// mount.  Where the whole text is a file it has none.  It asks the file system.
// Source: Icecast 2.4.4 (the whole text), Icecast-KH (words).
std::vector<std::string> hook_words(const std::string& command);

}  // namespace lb
