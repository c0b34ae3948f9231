// Checks of the files, directories and programs that a configuration names: each is tried as the
// server's user.
// Thread: a program with one thread (--check-config); it waits for disks.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/load/loader.h"
#include "config/schema/diagnostic.h"

namespace lb {

// AsUser: checks file access as another user while it exists.
//
// --check-config uses it when run by root; the server itself changes its user for good.
// Thread: a program with one thread; nothing else runs meanwhile.
// Errors: an unknown user or group; the message names it.
class AsUser {
 public:
  // Does nothing if the process is not root, or user or group is "".
  static Result<AsUser> become(const std::string& user, const std::string& group);
  AsUser(AsUser&& other) noexcept;
  AsUser& operator=(AsUser&&) = delete;
  ~AsUser();

 private:
  AsUser() = default;

  std::optional<std::vector<gid_t>> groups_;  // of root, to go back to
};

// Reports missing or unusable files.  Nothing is written, and only certificates and keys are read,
// as the user that starts the server; so a pipe cannot block it.  A configuration with <chroot> is
// not tried, because its names are inside it.
std::vector<Diagnostic> check_files(const LoadedConfig& loaded);

}  // namespace lb
