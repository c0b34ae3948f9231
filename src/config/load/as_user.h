// AsUser: what the process may do to files is judged as another user, for as long as this lives.
//
// --check-config that root runs asks what the server's user may read; the server itself does not
// use this, it changes its user for good.
// Thread: a program with one thread; nothing else runs meanwhile.
// Errors: an unknown user or group; the message names it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace lb {

class AsUser {
 public:
  // Where the process is not root, or user or group is "", nothing changes.
  static Result<AsUser> become(const std::string& user, const std::string& group);
  AsUser(AsUser&& other) noexcept;
  AsUser& operator=(AsUser&&) = delete;
  ~AsUser();

 private:
  AsUser() = default;

  std::optional<std::vector<gid_t>> groups_;  // of root, to go back to
};

}  // namespace lb
