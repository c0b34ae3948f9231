// Diagnostics of the loader about a configuration file, and its options.
// Thread: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lb {

enum class Severity : std::uint8_t {
  kNote,     // worth knowing
  kWarning,  // probably not what was meant; the file is valid
  kError,    // the default is used; --check-config fails, a start does not
  kFatal,    // a start is refused
};

// The category of a diagnostic in an import (commands/import.h).
enum class Concern : std::uint8_t {
  kGeneral,
  kUnsupported,  // another server's element, ignored here
  kUnknown,      // an element of no server
  kDanger,       // the server would be open to others
};

struct LoadOptions {
  bool allow_default_passwords = false;  // "hackme" becomes a warning
};

struct Diagnostic {
  int line = 0;  // 0: the file as a whole
  Severity severity = Severity::kWarning;
  std::string text;  // "<burst-size>: \"64x\" is not a number of bytes (0…16777216); …"
  Concern concern = Concern::kGeneral;
};

// A value taken from the file.
struct Reading {
  int line = 0;
  std::string written;                        // its path in the file: "paths/ban-file"
  std::string stored;                         // its path here: "paths/deny-ip"; "": no effect here
  std::string value;                          // for display: a password is hidden
  const struct SchemaElement* row = nullptr;  // null: several elements made `stored`
};

// "icecast.xml:42: error: <burst-size>: …"
std::string to_string(const Diagnostic& diagnostic, std::string_view file);

// Control characters as \xNN: safe for one line of a log or a terminal.
std::string escaped(std::string_view text);
// The same in quotation marks, cut after 60 bytes.
std::string quoted(std::string_view text);

}  // namespace lb
