// A command of the configuration as words: split as a shell does, and nothing else of a shell: no
// variables, no patterns, no redirection, no second command.
//
// Blanks separate words.  '…' is taken as it is; in "…" a backslash stands before " and \; outside
// of both it stands before any character.
// Thread: pure function.
// Errors: a quote without its end; a backslash at the end; no word at all.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace lb {

Result<std::vector<std::string>> command_words(std::string_view command);

}  // namespace lb
