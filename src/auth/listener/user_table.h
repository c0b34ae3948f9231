// UserTable: the users of one password file, and the edits of its text.
// Source: Icecast 2.4.4: "user:hash" a line, the last ':' separates, '#' begins a comment.  Of
// equal names the first counts.
// Thread: immutable values, pure functions.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lb {

class UserTable {
 public:
  static UserTable parse(std::string_view text);

  // The hash; null: no such user.
  const std::string* find(const std::string& user) const;
  // A hash for passwords of unknown users, so that the answer takes as long as for a known one; ""
  // in a table without users.
  const std::string& decoy() const noexcept { return decoy_; }
  const std::vector<std::string>& names() const noexcept { return names_; }  // as in the file
  // Users that cannot log in, because their hash is of an unknown kind, or too costly.
  const std::vector<std::string>& locked_out() const noexcept { return locked_out_; }

 private:
  std::unordered_map<std::string, std::string> hashes_;
  std::vector<std::string> names_, locked_out_;
  std::string decoy_;
};

// Whether the file can have this name.
bool is_user_name(std::string_view name);
// Other lines, comments too, are unchanged.
std::string with_user(std::string_view text, std::string_view user, std::string_view hash);
std::string without_user(std::string_view text, std::string_view user);

}  // namespace lb
