#include "config/load/command_words.h"

#include <unistd.h>

#include <utility>

#include "base/cat.h"

namespace lb {
namespace {

bool is_blank(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

Result<std::vector<std::string>> command_words(std::string_view command) {
  std::vector<std::string> words;
  std::string word;
  bool inside = false;  // of a word, which may be empty: ''
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (c == '\0') return Error::invalid("a byte 0 in the command");
    if (quote == '\'') {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\\') {
      if (i + 1 == command.size()) return Error::invalid("a backslash at the end");
      const char next = command[i + 1];
      const bool escapes = quote == 0 || next == '"' || next == '\\';
      if (escapes) ++i;
      word += escapes ? next : c;
      inside = true;
    } else if (quote == '"') {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      inside = true;
    } else if (!is_blank(c)) {
      word += c;
      inside = true;
    } else if (inside) {
      words.push_back(std::exchange(word, {}));
      inside = false;
    }
  }
  if (quote != 0) return Error::invalid(cat({"a ", quote, " without its end"}));
  if (inside) words.push_back(std::move(word));
  if (words.empty() || words.front().empty()) return Error::invalid("no program");
  return words;
}

std::vector<std::string> hook_words(const std::string& command) {
  if (::access(command.c_str(), F_OK) == 0) return {command};
  auto words = command_words(command);
  return words ? std::move(*words) : std::vector<std::string>{command};
}

}  // namespace lb
