#include "config/schema/diagnostic.h"

#include "base/cat.h"
#include "base/encoding.h"

namespace lb {

std::string to_string(const Diagnostic& diagnostic, std::string_view file) {
  std::string out(file);
  if (diagnostic.line > 0) out += cat({':', diagnostic.line});
  switch (diagnostic.severity) {
    case Severity::kNote:
      out += ": note: ";
      break;
    case Severity::kWarning:
      out += ": warning: ";
      break;
    case Severity::kError:
      out += ": error: ";
      break;
    case Severity::kFatal:
      out += ": fatal: ";
      break;
  }
  return out + diagnostic.text;
}

std::string escaped(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kLongest = 60;
  const std::string_view shown = cut_utf8(text, kLongest);
  return '"' + escaped(shown) + (shown.size() < text.size() ? "…\"" : "\"");
}

}  // namespace lb
