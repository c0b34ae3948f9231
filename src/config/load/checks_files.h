// Checks of the files, directories and programs that a configuration names: each is tried as the
// user that the server runs as.
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

// AsUser: what the process may do to files is judged as another user, for as long as this lives.
//
// --check-config that root runs asks what the server's user may read; the server itself does not
// use this, it changes its user for good.
// Thread: a program with one thread; nothing else runs meanwhile.
// Errors: an unknown user or group; the message names it.
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

// What is not there, or not to be used.  Nothing is written, and of certificates and keys alone
// what they hold is read, as the user that starts the server; so a pipe does not wait. A
// configuration with <chroot> is not tried: its names are meant inside it.
std::vector<Diagnostic> check_files(const LoadedConfig& loaded);

}  // namespace lb
