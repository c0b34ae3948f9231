#include "auth/listener/user_table.h"

#include <algorithm>
#include <utility>

#include "auth/password/password_hash.h"
#include "base/strings.h"

namespace lb {
namespace {

// The user and the hash of a line; both empty for a comment or an invalid line.
std::pair<std::string_view, std::string_view> parts_of(std::string_view line) {
  line = trim(without_byte_order_mark(line));
  if (line.empty() || line.front() == '#') return {};
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return {};
  return {line.substr(0, colon), line.substr(colon + 1)};
}

}  // namespace

UserTable UserTable::parse(std::string_view text) {
  UserTable table;
  for (const std::string_view line : split(text, '\n')) {
    const auto [user, hash] = parts_of(line);
    if (user.empty()) continue;
    if (!table.hashes_.emplace(user, hash).second) continue;
    table.names_.emplace_back(user);
    if (!is_known_hash(std::string(hash))) table.locked_out_.emplace_back(user);
    if (is_costly_hash(hash)) continue;
    if (table.decoy_.empty() || (is_slow_hash(hash) && !is_slow_hash(table.decoy_)))
      table.decoy_ = hash;
  }
  return table;
}

const std::string* UserTable::find(const std::string& user) const {
  const auto at = hashes_.find(user);
  return at == hashes_.end() ? nullptr : &at->second;
}

bool is_user_name(std::string_view name) {
  if (name.empty() || name.size() > 255 || name.front() == '#') return false;
  if (trim(name).size() != name.size()) return false;
  return std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < ' ' || byte == 0x7f || c == ':';
  });
}

std::string with_user(std::string_view text, std::string_view user, std::string_view hash) {
  std::string next(text);
  if (!next.empty() && next.back() != '\n') next += '\n';
  next.append(user).append(":").append(hash).append("\n");
  return next;
}

std::string without_user(std::string_view text, std::string_view user) {
  std::string next;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    if (parts_of(line).first != user) next += line;
    text.remove_prefix(line.size());
  }
  return next;
}

}  // namespace lb
